package fleet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"encora/loadtest/device"
)

// The operations of browsing, by their ids in the contract.
const (
	listMovies   = "listMovies"
	getMovie     = "getMovie"
	listRelated  = "listRelatedMovies"
	listGenres   = "listGenres"
	getAppConfig = "getAppConfig"
	listChannels = "listChannels"
	getChannel   = "getChannel"
	getNow       = "getEpgNow"
	getSchedule  = "getEpgSchedule"
	getProgram   = "getProgram"
)

// What devices do.
const (
	// FilmMix is a device that opens the app, scrolls and looks at titles.
	FilmMix = "listMovies=25,getMovie=50,listRelatedMovies=15,listGenres=5,getAppConfig=5"
	// DefaultMix is one that looks at what is on, too.
	DefaultMix = "listMovies=20,getMovie=38,listRelatedMovies=11,listGenres=4,getAppConfig=4," +
		"listChannels=3,getChannel=2,getEpgNow=10,getEpgSchedule=5,getProgram=3"
)

// Mix gives each operation its share of the requests.
type Mix struct {
	ops   []string
	until []float64 // cumulated weights
}

// ParseMix reads "listMovies=25,getMovie=75"; weights are relative.
func ParseMix(s string) (Mix, error) {
	var m Mix
	total := 0.0
	for part := range strings.SplitSeq(s, ",") {
		op, weight, _ := strings.Cut(strings.TrimSpace(part), "=")
		w, err := strconv.ParseFloat(weight, 64)
		if err != nil || !(w > 0) || !slices.Contains(browsing, op) {
			return Mix{}, fmt.Errorf("mix %q: want op=weight with a weight above 0 and an op of %s", part, strings.Join(browsing, ", "))
		}
		total += w
		m.ops, m.until = append(m.ops, op), append(m.until, total)
	}
	return m, nil
}

var (
	browsing = []string{listMovies, getMovie, listRelated, listGenres, getAppConfig, listChannels, getChannel, getNow, getSchedule, getProgram}
	watching = []string{getChannel, getNow, getSchedule, getProgram} // needs channels with programmes
)

// watches tells whether the mix needs a guide.
func (m Mix) watches() bool {
	return slices.ContainsFunc(m.ops, func(op string) bool { return slices.Contains(watching, op) })
}

func (m Mix) pick(rng *rand.Rand) string {
	at := rng.Float64() * m.until[len(m.until)-1]
	i, exact := slices.BinarySearch(m.until, at)
	if exact {
		i++ // a share ends before its bound
	}
	return m.ops[i]
}

// viewer draws the requests of one worker.
type viewer struct {
	rng    *rand.Rand
	zipf   *rand.Zipf
	mix    Mix
	cat    Catalogue
	tokens []string
	mine   string // ids of the viewer's channels, in an order of its own
}

// guideChannels is how many channels a device shows at once.
const guideChannels = 20

// newViewer makes film popularity fall off as rank^-skew, skew above 1: a few titles take most requests.
func newViewer(seed, worker uint64, skew float64, mix Mix, cat Catalogue, tokens []string) *viewer {
	rng := rand.New(rand.NewPCG(seed, worker))
	zipf := rand.NewZipf(rng, skew, 1, uint64(len(cat.Films)-1))
	mine := slices.Clone(cat.Channels)
	rng.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
	return &viewer{rng: rng, zipf: zipf, mix: mix, cat: cat, tokens: tokens, mine: strings.Join(mine[:min(guideChannels, len(mine))], ",")}
}

func (v *viewer) next() device.Request {
	op := v.mix.pick(v.rng)
	req := device.Request{Op: op, Path: v.path(op), Encoding: pickEncoding(v.rng)}
	if op != getAppConfig { // the only public operation of the mix
		req.Token = v.tokens[v.rng.IntN(len(v.tokens))]
	}
	return req
}

func (v *viewer) path(op string) string {
	film := v.cat.Films[v.zipf.Uint64()]
	switch op {
	case getMovie:
		return "/v2/movies/" + film
	case listRelated:
		return "/v2/movies/" + film + "/related"
	case listGenres:
		return "/v2/genres"
	case getAppConfig:
		return "/v2/config?platform=" + platforms[v.rng.IntN(len(platforms))]
	case listChannels:
		return "/v2/channels?limit=50"
	case getChannel:
		return "/v2/channels/" + v.cat.Channels[v.rng.IntN(len(v.cat.Channels))]
	case getNow:
		return "/v2/epg/now?channel_ids=" + v.mine
	case getSchedule:
		return "/v2/epg?limit=50&channel_ids=" + v.mine + v.cat.window()
	case getProgram:
		return "/v2/epg/programs/" + v.cat.Programs[v.rng.IntN(len(v.cat.Programs))]
	}
	return v.list()
}

var (
	platforms = []string{"ios", "android", "tvos", "web", "roku", "firetv"}
	sorts     = []string{"", "&sort=-release_year", "&sort=title", "&sort=-average_rating"}
)

// list is the first page in one of a few orders for most requests, a genre's page or a deeper page for the others.
func (v *viewer) list() string {
	switch at := v.rng.IntN(10); {
	case at < 2 && len(v.cat.Genres) > 0:
		return "/v2/movies?limit=20&genre=" + v.cat.Genres[v.rng.IntN(len(v.cat.Genres))]
	case at < 5:
		return v.cat.Pages[v.rng.IntN(len(v.cat.Pages))]
	}
	return "/v2/movies?limit=20" + sorts[v.rng.IntN(len(sorts))]
}

// pickEncoding follows what players send: browsers and current SDKs offer br, older ones gzip, a few nothing.
func pickEncoding(rng *rand.Rand) string {
	switch at := rng.IntN(100); {
	case at < 45:
		return "gzip, deflate, br"
	case at < 60:
		return "gzip, deflate, br, zstd"
	case at < 90:
		return "gzip"
	}
	return ""
}
