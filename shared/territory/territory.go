// Package territory knows the countries that rights are sold for, and finds out in which of them a viewer is.
package territory

import "strings"

// Unknown stands for a country that nothing told: it fails allow-lists and passes block-lists. ISO 3166-1 leaves ZZ to
// its users, for ever.
const Unknown = "ZZ"

// Count is the number of indexes: the 249 countries and Unknown.
const Count = 250

// assigned holds the officially assigned codes of ISO 3166-1 alpha-2, in order. Reserved codes that other tables take
// for countries (UK, EU, SU, AN, XK) are no territories: a rule that names one is a mistake.
const assigned = `
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ
BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR
CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU
ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ
LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR
TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`

var (
	codes   = append(strings.Fields(assigned), Unknown)
	indexes = buildIndexes()
)

// buildIndexes maps two letters, read as a number of base 26, to index + 1; 0 is no code.
func buildIndexes() [26 * 26]uint8 {
	var t [26 * 26]uint8
	for i, c := range codes {
		t[int(c[0]-'A')*26+int(c[1]-'A')] = uint8(i + 1)
	}
	return t
}

// Index numbers the codes densely from 0 to Count-1, in alphabetical order with Unknown last, for tables by country. It
// is false for anything else, small letters included.
func Index(code string) (int, bool) { return index(code) }

// Code is the inverse of Index; it panics outside 0 to Count-1.
func Code(index int) string { return codes[index] }

// Valid reports whether code is an officially assigned ISO 3166-1 alpha-2 code. Unknown is not.
func Valid(code string) bool {
	i, ok := index(code)
	return ok && i < Count-1
}

func index[S ~string | ~[]byte](code S) (int, bool) {
	if len(code) != 2 {
		return 0, false
	}
	a, b := code[0]-'A', code[1]-'A' // below 'A' wraps to far above 25
	if a > 25 || b > 25 {
		return 0, false
	}
	i := indexes[int(a)*26+int(b)]
	return int(i) - 1, i != 0
}
