package listings

import (
	"strings"

	"golang.org/x/text/language"
)

// languageNames are languages as feeds write them out, in English or in themselves, folded.
var languageNames = map[string]string{
	"afrikaans": "af", "albanian": "sq", "shqip": "sq", "amharic": "am", "arabic": "ar", "العربية": "ar",
	"armenian": "hy", "azerbaijani": "az", "basque": "eu", "euskara": "eu", "belarusian": "be", "bengali": "bn",
	"bangla": "bn", "bosnian": "bs", "bulgarian": "bg", "български": "bg", "cantonese": "yue", "catalan": "ca",
	"català": "ca", "chinese": "zh", "中文": "zh", "croatian": "hr", "hrvatski": "hr", "czech": "cs", "čeština": "cs",
	"česky": "cs", "danish": "da", "dansk": "da", "dutch": "nl", "nederlands": "nl", "english": "en", "estonian": "et",
	"eesti": "et", "finnish": "fi", "suomi": "fi", "french": "fr", "français": "fr", "francais": "fr", "gaelic": "gd",
	"galician": "gl", "galego": "gl", "georgian": "ka", "german": "de", "deutsch": "de", "greek": "el", "ελληνικά": "el",
	"gujarati": "gu", "hebrew": "he", "עברית": "he", "hindi": "hi", "हिन्दी": "hi", "hungarian": "hu", "magyar": "hu",
	"icelandic": "is", "íslenska": "is", "indonesian": "id", "irish": "ga", "gaeilge": "ga", "italian": "it",
	"italiano": "it", "japanese": "ja", "日本語": "ja", "kannada": "kn", "kazakh": "kk", "korean": "ko", "한국어": "ko",
	"kurdish": "ku", "latvian": "lv", "latviešu": "lv", "lithuanian": "lt", "lietuvių": "lt", "luxembourgish": "lb",
	"lëtzebuergesch": "lb", "macedonian": "mk", "malay": "ms", "malayalam": "ml", "maltese": "mt", "mandarin": "zh",
	"maori": "mi", "te reo māori": "mi", "marathi": "mr", "norwegian": "no", "norsk": "no", "pashto": "ps",
	"persian": "fa", "farsi": "fa", "polish": "pl", "polski": "pl", "portuguese": "pt", "português": "pt",
	"portugues": "pt", "punjabi": "pa", "romanian": "ro", "română": "ro", "russian": "ru", "русский": "ru",
	"scottish gaelic": "gd", "serbian": "sr", "srpski": "sr", "српски": "sr", "slovak": "sk", "slovenčina": "sk",
	"slovenian": "sl", "slovene": "sl", "slovenščina": "sl", "somali": "so", "spanish": "es", "español": "es",
	"espanol": "es", "castellano": "es", "swahili": "sw", "swedish": "sv", "svenska": "sv", "tagalog": "tl",
	"tamil": "ta", "telugu": "te", "thai": "th", "turkish": "tr", "türkçe": "tr", "ukrainian": "uk", "українська": "uk",
	"urdu": "ur", "vietnamese": "vi", "welsh": "cy", "cymraeg": "cy", "yiddish": "yi", "zulu": "zu",
}

// maxMemo bounds what a reader remembers of what it has looked up.
const maxMemo = 1000

const maxTag = 35 // bytes of a language's tag, as the API has it

// languages remembers what tags mean.
type languages map[string]string

// of is the BCP-47 tag for a tag, an ISO 639-2 code or a name; "" for what means no one language, or nothing.
func (l languages) of(text []byte) string {
	if tag, known := l[string(text)]; known {
		return tag
	}
	tag := languageTag(string(text))
	if len(l) < maxMemo && len(text) <= 64 {
		l[string(text)] = tag
	}
	return tag
}

func languageTag(text string) string {
	text = strings.TrimSpace(text)
	if tag, known := languageNames[strings.ToLower(text)]; known {
		return tag
	}
	tag, err := language.Parse(strings.ReplaceAll(text, "_", "-"))
	if err != nil || len(tag.String()) > maxTag {
		return ""
	}
	switch base, _ := tag.Base(); base.String() {
	case "und", "mul", "zxx", "mis":
		return ""
	}
	return tag.String()
}
