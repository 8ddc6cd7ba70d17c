package suggest

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func fold(text string) string {
	var f folder
	return string(f.append(nil, text))
}

func TestFolding(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := fold(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	f("Amélie", "amelie")
	f("Ame\u0301lie", "amelie")
	f("ÅÄÖ Œuvre STRASSE Straße ẞ", "aao oeuvre strasse strasse ss")
	f("Łódź, Đorđe, Ærø, Þór, Iğdır, İstanbul", "lodz dorde aero thor igdir istanbul")
	f("Spider-Man: No Way Home", "spider-man no way home")
	f("  …Ocean’s — Eleven!! ", "ocean-s eleven")
	f("S.W.A.T.", "s-w-a-t")
	f("Wall·E / AC/DC", "wall-e ac-dc")
	f("Hawaiʻi", "hawai-i")
	f("3:10 to Yuma", "3-10 to yuma")
	f("8½", "8 1-2")
	f("½ Mensch x²", "1-2 mensch x2")
	f("Ночь ЁЛКА йод", "ночь елка иод")
	f("Οδυσσεύς ΟΔΥΣΣΕΥΣ", "οδυσσευσ οδυσσευσ")
	f("東京物語", "東京物語")
	f("ガンダム", norm.NFKD.String("ガンダム"))
	f("ｶﾞﾝﾀﾞﾑ ＡＢＣ", norm.NFKD.String("ガンダム")+" abc")
	f("ソードアート・オンライン", norm.NFKD.String("ソードアート-オンライン"))
	f("기생충", norm.NFKD.String("기생충"))
	f("हिन्दी कुल", "हिन्दी कुल")
	f("ที่รัก", "ที่รัก")
	f("שָׁלוֹם", "שלום")
	f("مُحَمَّد", "محمد")
	f("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth")
	f("ﬁlm №9 Kelvin", "film no9 kelvin")
	f("❤ ★ $ --", "")
	f("", "")
	f("bad \xff bytes", "bad bytes")
}

// What is found within a word begins where somebody may begin to type.
func TestWherePartsOfWordsBegin(t *testing.T) {
	f := func(word string, want ...string) {
		t.Helper()
		word = fold(word)
		for i := range want {
			want[i] = fold(want[i])
		}
		var got []string
		before := ' '
		for i, r := range word {
			if i > 0 && begins(before, r) {
				got = append(got, word[i:])
			}
			before = r
		}
		if !slices.Equal(got, want) {
			t.Errorf("within %q begin %q, want %q", word, got, want)
		}
	}
	f("plain")
	f("Ночь")
	f("東京物語", "京物語", "物語", "語")
	f("ソード", "ド")
	f("기생충", "생충", "충")
	f("AKB48の歌", "の歌", "歌")
	f("歌AKB", "AKB")
	f("ที่รัก", "รัก", "ก")
	f("हिन्दी")
}

// Folding is the same for all spellings of a text, and what is folded stays as it is.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"Spider-Man", "ÅÄÖ ŒŒ", "ガンダム 기생충", "½½", "İ\u0345ŉ", "a\u0301\u200d-\u2019 b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		once := fold(text)
		if again := fold(once); again != once {
			t.Errorf("%q becomes %q, and that %q", text, once, again)
		}
		if composed := fold(norm.NFC.String(text)); composed != once {
			t.Errorf("%q: %q, but composed %q", text, once, composed)
		}
		if strings.HasPrefix(once, " ") || strings.HasSuffix(once, " ") || strings.Contains(once, "  ") || strings.ContainsRune(once, 0) {
			t.Errorf("%q becomes %q", text, once)
		}
	})
}
