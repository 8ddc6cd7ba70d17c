package fakeorigin

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"
)

// The lengths of the benched bodies in bytes.
const (
	Small = 1536
	Large = 25600
	Home  = 40960
)

// HomePath is answered with a body of Home bytes.
const HomePath = "/v2/home"

// FilmID is the id of the n-th film whose body is size bytes long (at most 64 KiB in steps of 16 B): a UUIDv7
// (RFC 9562, 5.7) that says both, so that this origin needs no table.
func FilmID(size, n int) string {
	var id uuid.UUID
	copy(id[:], []byte{0x01, 0x98})
	binary.BigEndian.PutUint16(id[6:], 0x7000|uint16(size/16))
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(n))
	return id.String()
}

// bodySize reads the size from an id that FilmID made.
func bodySize(id string) (int, bool) {
	u, err := uuid.Parse(id)
	if err != nil || u[0] != 0x01 || u[1] != 0x98 {
		return 0, false
	}
	size := 16 * int(binary.BigEndian.Uint16(u[6:])&0x0fff)
	return size, size >= Small
}

// Body is the JSON of a film in the contract's shape, exactly size bytes long, and the same each time. Its text is drawn
// from a small vocabulary, so that it compresses about as prose does.
func Body(id string) ([]byte, error) {
	size, ok := bodySize(id)
	if !ok {
		return nil, fmt.Errorf("%q is no film of the fake origin", id)
	}
	u := uuid.MustParse(id)
	rng := rand.New(rand.NewPCG(binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])))
	head := fmt.Sprintf(`{"id":%q,"title":%q,"slug":"film-%s","release_year":%d,"runtime_minutes":%d,"content_rating":"PG-13",`+
		`"genres":["drama","thriller"],"country_of_origin":["FR","BE"],"audio_languages":["fr","en"],"subtitle_languages":["en","nl"],`+
		`"images":{"poster_url":"https://img.example.com/%[3]s/poster.jpg","backdrop_url":"https://img.example.com/%[3]s/backdrop.jpg"},`+
		`"average_rating":3.8,"rating_count":%d,"status":"published","drm_required":true,"cast":[`,
		id, Words(rng, 24), id[19:], 1950+rng.IntN(75), 70+rng.IntN(90), rng.IntN(50_000))
	tail := `],"synopsis":"`
	end := `","created_at":"2024-03-01T10:00:00Z","updated_at":"2024-03-02T10:00:00Z"}`
	cast := cast(rng, (size-len(head)-len(tail)-len(end))*3/4)
	synopsis := Words(rng, size-len(head)-len(cast)-len(tail)-len(end))
	return []byte(head + cast + tail + synopsis + end), nil
}

func cast(rng *rand.Rand, limit int) string {
	var b strings.Builder
	for i := 0; ; i++ {
		member := fmt.Sprintf(`{"name":%q,"role":"actor","character_name":%q,"image_url":"https://img.example.com/people/%08x.jpg","sort_order":%d}`,
			Words(rng, 14), Words(rng, 12), rng.Uint32(), i)
		if b.Len()+len(member)+1 > limit {
			return b.String()
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(member)
	}
}

var vocabulary = strings.Fields(`a an and are as at before between brother but by city daughter day death detective dream
	every family far father finds first for friend from girl has her him his home hope house in is journey killer last
	learns letter life light lost love man memory money mother mountain must near never new night of old on one only
	past police return river road school sea second secret sister small snow son stranger summer teacher that the their
	them they thief this to town train truth two uncle under village war was when where who wife will winter with woman
	world year years young`)

func Words(rng *rand.Rand, length int) string {
	var b strings.Builder
	for b.Len() < length {
		b.WriteString(vocabulary[rng.IntN(len(vocabulary))])
		b.WriteByte(' ')
	}
	return b.String()[:length]
}
