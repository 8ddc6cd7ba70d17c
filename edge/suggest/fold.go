package suggest

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A folded text is words in lower case without accents, with one byte between two of them: a space, or a joint where
// nothing but punctuation stood. "Spider-Man: No Way Home" is "spider-man no way home".
const (
	space = ' '
	joint = '-'
)

// folder folds texts. It is used again and again, so that folding allocates nothing.
type folder struct {
	loose norm.Iter // over the text, decomposed
}

// append appends a text, folded.
func (f *folder) append(b []byte, text string) []byte {
	start, gap := len(b), byte(0)
	for f.loose.InitString(norm.NFKD, spread(text)); !f.loose.Done(); {
		for rest := f.loose.Next(); len(rest) > 0; {
			r, size := utf8.DecodeRune(rest)
			rest = rest[size:]
			switch {
			case silent(r):
			case lettered(r):
				if gap != 0 && len(b) > start {
					b = append(b, gap)
				}
				gap, b = 0, appendPlain(b, unicode.ToLower(r))
			case unicode.IsSpace(r):
				gap = space
			case gap == 0:
				gap = joint
			}
		}
	}
	return b
}

// spread puts a space before fractions, which decomposing would make part of the number that they follow: 8½ is 8 1⁄2.
func spread(text string) string {
	for i, r := range text {
		if r >= '¼' && (r <= '¾' || r >= '⅐' && r <= '⅟' || r == '↉') {
			_, size := utf8.DecodeRuneInString(text[i:])
			return text[:i] + " " + text[i:i+size] + spread(text[i+size:])
		}
	}
	return text
}

// silent reports whether a text without the character is the same to whoever searches: accents, points of vowels in Hebrew
// and Arabic, and what only controls the layout. The vowels of Indian scripts and the voicing of kana are no accents.
func silent(r rune) bool {
	const voiced, halfVoiced = '\u3099', '\u309A'
	switch {
	case r < 0xAD:
		return false
	case unicode.Is(unicode.Cf, r):
		return true
	}
	return unicode.Is(unicode.Mn, r) && unicode.In(r, unicode.Inherited, unicode.Hebrew, unicode.Arabic) && r != voiced && r != halfVoiced
}

// lettered reports whether a character is part of a word.
func lettered(r rune) bool {
	const okina, apostrophe = 'ʻ', 'ʼ' // letters to Unicode
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M) && r != okina && r != apostrophe
}

// appendPlain writes a lower-case letter as people type it who don't have it on their keyboard.
func appendPlain(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(b, byte(r))
	}
	if plain, ok := plainer[r]; ok {
		return append(b, plain...)
	}
	return utf8.AppendRune(b, r)
}

// plainer are letters that Unicode does not decompose, as Postgres' unaccent writes them, and the sigma of word ends.
var plainer = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t", 'ŋ': "n",
	'ĸ': "q", 'ƒ': "f", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ȷ': "j", 'ə': "e", 'ς': "σ",
}

// unspaced are the scripts in which words follow one another without spaces, and Hangul, which glues particles on.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// begins reports whether somebody who looks for a part of a word may begin with this character of it, given the one before.
func begins(before, r rune) bool {
	if before < 0x0E00 && r < 0x0E00 { // where the first of these scripts begins
		return false
	}
	if !unicode.In(r, unspaced...) {
		return unicode.In(before, unspaced...) && unicode.In(r, unicode.L, unicode.N) && r != 'ー'
	}
	inner := '\u1160' <= r && r <= '\u11FF' // vowels and ends of a Hangul syllable
	return !inner && unicode.Is(unicode.L, r)
}
