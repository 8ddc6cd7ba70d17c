package fakeorigin

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// Titles is how many titles are suggested.
const Titles = 50_000

// titleID is the id of the n-th title, which is in part n % wire.SuggestParts.
func titleID(n int) string {
	id := uuid.UUID{0x01, 0x9b, 6: 0x70}
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(n))
	return id.String()
}

var (
	syllables = strings.Fields(`a al an ar ba be bel ber bo bra ca ce chi co cor da de di do el en er es fa fi fo ga ge go gra ha he hi ho in ir is
		ja jo ka ke ki ko la le li lo lu ma me mi mo mor na ne ni no o or pa pe pi po qua ra re ri ro ru sa se sha si so sta sto ta te ti to tra
		u ul va ve vi vo wa we wi xa ya yo za ze zi zo`)
	kinds = [...]string{wire.ContentMovie, wire.ContentMovie, wire.ContentShow, wire.ContentEpisode, wire.ContentEpisode, wire.ContentChannel}
)

// titleWords are how many words titles have beside those of the vocabulary: some are in many titles, most in few.
const titleWords = 20_000

// TitleName is the n-th title, of one to five words.
func TitleName(n int) string {
	rng := rand.New(rand.NewPCG(5, uint64(n)))
	words := make([]string, 1+rng.IntN(5))
	for i := range words {
		if words[i] = vocabulary[rng.IntN(len(vocabulary))]; rng.IntN(10) < 7 {
			u := rng.Float64()
			words[i] = titleWord(int(titleWords * u * u * u))
		}
		words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
	}
	return strings.Join(words, " ")
}

func titleWord(k int) string {
	rng := rand.New(rand.NewPCG(6, uint64(k)))
	word := ""
	for range 1 + rng.IntN(4) {
		word += syllables[rng.IntN(len(syllables))]
	}
	return word
}

// SuggestionsOf are the titles of a part, the same each time. A few are for some countries only, or for some time.
func SuggestionsOf(part int) wire.Suggestions {
	var s wire.Suggestions
	for n := part; n < Titles; n += wire.SuggestParts {
		rng := rand.New(rand.NewPCG(7, uint64(n)))
		title := wire.Suggestion{ID: titleID(n), Type: kinds[rng.IntN(len(kinds))], Title: TitleName(n), Also: []string{}, Not: []string{},
			Weight: int64(1_000_000 / (1 + rng.IntN(Titles)))}
		if rng.IntN(4) == 0 {
			title.Also = append(title.Also, TitleName(Titles+n))
		}
		if rng.IntN(10) == 0 {
			title.Not = append(title.Not, fmt.Sprintf("0190a6e0-0000-7000-8000-%012d", rng.IntN(20)))
		}
		if rng.IntN(10) == 0 {
			title.Until = 4102444800000 // 2100
		}
		s.Titles = append(s.Titles, title)
	}
	return s
}

func (o *Origin) suggestions(w http.ResponseWriter, r *http.Request) {
	o.fills.Add(1)
	part, err := strconv.Atoi(r.PathValue("part"))
	if err != nil || part < 0 || part >= wire.SuggestParts {
		http.NotFound(w, r)
		return
	}
	o.stamp(w, o.position(), wire.TagSuggest(part)+","+wire.TagFilters)
	json.NewEncoder(w).Encode(SuggestionsOf(part))
}
