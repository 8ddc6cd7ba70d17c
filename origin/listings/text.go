package listings

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The contract's limits, in characters.
const (
	maxTitle       = 255
	maxDescription = 2000
	maxCategory    = 100
	maxCategories  = 20
	maxChannel     = 255
)

// clean is a text with its blanks collapsed, and without what the API takes from nobody: control characters and U+FFFD.
func clean(text []byte) string {
	if text = bytes.TrimSpace(text); isClean(text) {
		return string(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	gap := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case unicode.IsSpace(r):
			gap = true
		case unicode.IsControl(r) || r == utf8.RuneError:
		default:
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isClean knows the usual case of a text without blanks around it. It may say no of one that is clean.
func isClean(text []byte) bool {
	gap := false
	for i, c := range text {
		if c == ' ' && gap || c < ' ' || c >= 0x7f && suspicious(c, text[i:]) {
			return false
		}
		gap = c == ' '
	}
	return true
}

// suspicious reports whether a character beyond ASCII may be a blank, a control character or U+FFFD.
func suspicious(c byte, text []byte) bool {
	switch c {
	case 0x7f, 0xef:
		return true
	case 0xc2: // U+0080 to U+00A0
		return text[1] <= 0xa0
	case 0xe1: // U+1680
		return text[1] == 0x9a
	case 0xe2: // U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F
		return text[1] == 0x80 && (text[2] <= 0x8a || text[2] >= 0xa8 && text[2] <= 0xaf) || text[1] == 0x81
	case 0xe3: // U+3000
		return text[1] == 0x80 && text[2] == 0x80
	}
	return false
}

// shorten cuts a text that has more characters than that, at a word if there is one near, and says so by an ellipsis.
func shorten(text string, limit int) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	end := 0
	for range limit - 1 {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	if blank(text[end]) {
		return strings.TrimRight(text[:end], " \n") + "…"
	}
	if i := strings.LastIndexAny(text[:end], " \n"); i > end/2 {
		end = i
	}
	return strings.TrimRight(text[:end], " \n,;:–-") + "…"
}

// quote shows what a feed says in a message.
func quote(text string) string { return strconv.QuoteToGraphic(shorten(text, 40)) }

// inLanguage are those of the texts that suit a language best: in exactly this one; in the same without regard to region;
// in none that is named; in the language of the first.
func inLanguage(texts []Text, language string) []Text {
	if len(texts) < 2 {
		return texts
	}
	primary := primaryOf(language)
	for _, suits := range []func(lang string) bool{
		func(lang string) bool { return lang != "" && strings.EqualFold(lang, language) },
		func(lang string) bool { return lang != "" && strings.EqualFold(primaryOf(lang), primary) },
		func(lang string) bool { return lang == "" },
		func(lang string) bool { return lang == texts[0].Lang },
	} {
		var found []Text
		for _, t := range texts {
			if suits(t.Lang) {
				found = append(found, t)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

func primaryOf(tag string) string {
	primary, _, _ := strings.Cut(tag, "-")
	return primary
}

// firstText is the first of the texts that suit, longestText the one with most characters.
func firstText(texts []Text, language string) Text {
	if found := inLanguage(texts, language); len(found) > 0 {
		return found[0]
	}
	return Text{}
}

func longestText(texts []Text, language string) Text {
	var longest Text
	for _, t := range inLanguage(texts, language) {
		if utf8.RuneCountInString(t.Value) > utf8.RuneCountInString(longest.Value) {
			longest = t
		}
	}
	return longest
}
