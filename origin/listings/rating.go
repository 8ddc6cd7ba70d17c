package listings

import (
	"strconv"
	"strings"
)

// ratingSystem gives the contract's ratings for those of one body. Values are folded: letters and digits in capitals.
type ratingSystem struct {
	names  []string // folded
	values map[string]string
	ages   bool // other values are ages
}

// ratingSystems are in order of precedence, should a programme be rated by several: those of the contract first.
var ratingSystems = []ratingSystem{
	{names: []string{"MPAA", "MPA"}, values: map[string]string{
		"G": "G", "PG": "PG", "PG13": "PG-13", "R": "R", "NC17": "NC-17", "X": "NC-17", "NR": "UNRATED",
		"UNRATED": "UNRATED", "NOTRATED": "UNRATED",
	}},
	{names: []string{"VCHIP", "USAPARENTALRATING", "TVPG", "TVPARENTALGUIDELINES", "USTV"}, values: map[string]string{
		"TVY": "TV-Y", "TVY7": "TV-PG", "TVY7FV": "TV-PG", "TVG": "TV-G", "TVPG": "TV-PG", "TV14": "TV-14",
		"TVMA": "TV-MA", "NR": "UNRATED",
	}},
	{names: []string{"BBFC"}, values: map[string]string{
		"U": "G", "UC": "G", "PG": "PG", "12": "PG-13", "12A": "PG-13", "15": "R", "18": "NC-17", "R18": "NC-17"}},
	{names: []string{"FSK"}, values: map[string]string{
		"0": "G", "OA": "G", "6": "PG", "12": "PG-13", "16": "R", "18": "NC-17",
		"FSK0": "G", "FSK6": "PG", "FSK12": "PG-13", "FSK16": "R", "FSK18": "NC-17"}},
	{names: []string{"CSA", "ARCOM"}, values: map[string]string{
		"TOUTPUBLIC": "TV-G", "TOUSPUBLICS": "TV-G", "TP": "TV-G",
	}, ages: true},
	{names: []string{"CANADIANPARENTALRATING", "CANADIAN", "CHVRS", "AGVOT"}, values: map[string]string{
		"C": "TV-Y", "C8": "TV-PG", "G": "TV-G", "PG": "TV-PG", "14": "TV-14", "14A": "TV-14", "18": "TV-MA", "18A": "TV-MA"}},
	{names: []string{"ACB", "OFLC", "AUSTRALIA", "AUSTRALIAN"}, values: map[string]string{
		"P": "TV-Y", "C": "TV-G", "G": "TV-G", "PG": "TV-PG", "M": "TV-14", "MA": "TV-MA", "MA15": "TV-MA",
		"AV15": "TV-MA", "AV": "TV-MA",
		"R18": "TV-MA", "R": "TV-MA", "X18": "TV-MA"}},
	{names: []string{"KIJKWIJZER", "NICAM"}, values: map[string]string{"AL": "TV-G"}, ages: true},
	{names: []string{"IT", "ITALY"}, values: map[string]string{
		"LIBERODADIVIETI": "TV-G", "GREEN": "TV-G", "T": "TV-G", "YELLOW": "TV-PG", "BA": "TV-PG", "RED": "TV-MA",
		"VM14": "TV-14", "VM18": "TV-MA",
	}, ages: true},
	{names: []string{""}, values: map[string]string{ // no system: the contract's own, as they are spelled
		"G": "G", "PG": "PG", "PG13": "PG-13", "R": "R", "NC17": "NC-17", "UNRATED": "UNRATED", "TVY": "TV-Y", "TVG": "TV-G",
		"TVPG": "TV-PG", "TV14": "TV-14", "TVMA": "TV-MA",
	}, ages: true},
}

var ratingRanks = func() map[string]int {
	ranks := map[string]int{}
	for i, system := range ratingSystems {
		for _, name := range system.names {
			ranks[name] = i
		}
	}
	return ranks
}()

// rating is the contract's for that of a system, "" if there is none, and the rank of the system: the lower is believed.
func rating(system, value string) (string, int) {
	rank, known := ratingRanks[foldRating(system)]
	folded := foldRating(value)
	if !known {
		return ageRating(folded), len(ratingSystems)
	}
	s := ratingSystems[rank]
	if r := s.values[folded]; r != "" || !s.ages {
		return r, rank
	}
	return ageRating(folded), rank
}

// ageRating is the television rating for an age from which a programme is suitable.
func ageRating(text string) string {
	age, err := strconv.Atoi(text)
	switch {
	case err != nil || age < 0 || age > 21 || age == 1 || age == 2: // small numbers are not ages
		return ""
	case age == 0:
		return "TV-G"
	case age < 12:
		return "TV-PG"
	case age < 15:
		return "TV-14"
	}
	return "TV-MA"
}

func foldRating(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, text)
}
