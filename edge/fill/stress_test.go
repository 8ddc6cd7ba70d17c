package fill_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"encora/edge/cache"
	"encora/edge/fill/filltest"
	"encora/shared/wire"
)

const (
	stressFor   = 6 * time.Second // at least, and as long as the reads need
	stressMost  = 40 * time.Second
	stressDocs  = 400
	stressReads = 30_000
)

// model is the origin's database and what every document must be at least, by feed position.
type model struct {
	origin *filltest.Origin
	mu     sync.Mutex
	epoch  int
	seq    int // numbers writes over all epochs
	docs   [stressDocs]int
	past   [stressDocs][]mark
}

// mark says that from a position of an epoch on a document is at seq at least.
type mark struct {
	epoch int
	pos   uint64
	seq   int
}

func epochName(n int) string { return "stress-" + strconv.Itoa(n) }

// write changes a document, hard now and then.
func (m *model) write(doc int, hard bool) {
	tag := "doc:" + strconv.Itoa(doc)
	if hard {
		tag = string(wire.Hard) + tag
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq++
	seq := m.seq
	pos := m.origin.Write(func() { m.docs[doc] = seq }, tag, "docs")
	m.past[doc] = append(m.past[doc], mark{m.epoch, pos, seq})
}

// restore puts another database in the place of this one.
func (m *model) restore(head uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	m.origin.Set(func() {
		for d := range m.docs {
			m.seq++
			m.docs[d] = m.seq
			m.past[d] = append(m.past[d], mark{m.epoch, 0, m.seq})
		}
	})
	m.origin.Restore(epochName(m.epoch), head)
}

// least is what a reader must see at least who asks when the edge has applied pos of an epoch.
func (m *model) least(doc int, epoch string, pos uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, _ := strconv.Atoi(strings.TrimPrefix(epoch, "stress-"))
	past := m.past[doc]
	for i := len(past) - 1; i >= 0; i-- {
		if past[i].epoch < n || past[i].epoch == n && past[i].pos <= pos {
			return past[i].seq
		}
	}
	return 0
}

// render is a document, or a page of all of them.
func (m *model) render(a filltest.Ask) filltest.Answer {
	if a.Path == "/docs" {
		return filltest.Answer{Body: strings.Trim(fmt.Sprint(m.docs), "[]"), Tags: []string{"docs"}}
	}
	d, _ := strconv.Atoi(strings.TrimPrefix(a.Path, "/doc/"))
	return filltest.Answer{Body: strconv.Itoa(m.docs[d]), Tags: []string{"doc:" + strconv.Itoa(d)}}
}

// mangler spoils the feed: it is late, loses its connection, says a page again, and leaves out or swaps changes.
func mangler(seed uint64) func(*wire.FeedPage) bool {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 7))
	var before wire.FeedPage
	return func(p *wire.FeedPage) bool {
		mu.Lock()
		dice, pause := r.IntN(100), time.Duration(r.IntN(5))*time.Millisecond
		last := before
		before = *p
		mu.Unlock()
		time.Sleep(pause)
		n := len(p.Changes)
		switch {
		case dice < 5:
			return false
		case dice < 15 && last.Epoch == p.Epoch:
			*p = last
		case dice < 17 && n > 2:
			p.Changes = p.Changes[1:]
		case dice < 19 && n > 1:
			p.Changes[0], p.Changes[n-1] = p.Changes[n-1], p.Changes[0]
		}
		return true
	}
}

// TestNoStaleReads races writers, fills, a spoilt feed and a store that is too small, and holds every read against the
// model: once the edge has applied a position, nothing older than the last change up to it may be read.
func TestNoStaleReads(t *testing.T) {
	o := filltest.New(t)
	m := &model{origin: o, past: [stressDocs][]mark{}}
	m.restore(100)
	o.Render = m.render
	o.Mangle = mangler(1)
	jitter := func(filltest.Ask) {
		pause := time.Duration(rand.IntN(2_000)) * time.Microsecond
		if rand.IntN(20) == 0 {
			pause *= 10 // so that answers come from before a change of worlds
		}
		time.Sleep(pause)
	}
	o.BeforeFill, o.AfterSnapshot = jitter, jitter
	b := setup(t, o, 100*time.Millisecond)
	small, err := cache.NewStore(256 << 10) // ristretto rejects and evicts all the time
	if err != nil {
		t.Fatal(err)
	}
	b.filler.Store = small
	var wg sync.WaitGroup
	var reads, stale, failed atomic.Int64
	began := time.Now()
	going := func() bool {
		past := time.Since(began)
		return past < stressFor || past < stressMost && reads.Load()-failed.Load() < stressReads
	}
	wg.Go(func() { m.disturb(going) })
	for w := range 3 {
		wg.Go(func() { m.edit(going, uint64(w)) })
	}
	for w := range 32 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for going() {
				switch m.check(b, r) {
				case failedRead:
					failed.Add(1)
				case staleRead:
					stale.Add(1)
				}
				reads.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("%d reads, %d stale, %d failed, %d fills, %d worlds", reads.Load(), stale.Load(), failed.Load(), b.filler.Fills(), b.filler.Versions.State().ID)
	if stale.Load() > 0 {
		t.Errorf("%d of %d reads were stale", stale.Load(), reads.Load())
	}
	if reads.Load()-failed.Load() < stressReads {
		t.Errorf("only %d reads of %d needed were answered", reads.Load()-failed.Load(), stressReads)
	}
	m.converge(b)
	b.filler.Drain()
	small.Close()
}

// edit writes documents, the low ones most.
func (m *model) edit(going func() bool, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 11))
	for going() {
		m.write(min(r.IntN(stressDocs), r.IntN(stressDocs)), r.IntN(20) == 0)
		time.Sleep(time.Duration(r.IntN(6_000)) * time.Microsecond)
	}
}

// disturb trims the feed and restores the database now and then.
func (m *model) disturb(going func() bool) {
	r := rand.New(rand.NewPCG(5, 13))
	for going() {
		time.Sleep(150 * time.Millisecond)
		if r.IntN(2) == 0 {
			m.origin.Trim()
		} else {
			m.restore(uint64(r.IntN(300)))
		}
	}
}

type outcome int

const (
	goodRead outcome = iota
	staleRead
	failedRead
)

// check reads one document and judges it.
func (m *model) check(b *bundle, r *rand.Rand) outcome {
	doc := min(r.IntN(stressDocs), r.IntN(stressDocs), r.IntN(stressDocs))
	path := "/doc/" + strconv.Itoa(doc)
	list := r.IntN(40) == 0
	if list {
		path = "/docs"
	}
	st := b.filler.Versions.State()
	least := m.least(doc, st.Epoch, st.Applied())
	res := b.read(path)
	if res.Err != nil {
		return failedRead
	}
	body := string(res.Answer.IdentityBody())
	if list {
		body = strings.Fields(body)[doc]
	}
	if got, err := strconv.Atoi(body); err != nil || got < least {
		b.t.Logf("%s: %q after %d was applied (epoch %s, position %d)", path, body, least, st.Epoch, st.Applied())
		return staleRead
	}
	return goodRead
}

// converge checks that, with the disturbance over, the edge comes to say what the database says.
func (m *model) converge(b *bundle) {
	b.origin.Set(func() { b.origin.Mangle = nil })
	b.until("the head", func() bool {
		st := b.filler.Versions.State()
		return st.Epoch == epochName(m.epoch) && st.Applied() == b.origin.Head()
	})
	for d := range m.docs {
		b.want("/doc/"+strconv.Itoa(d), strconv.Itoa(m.docs[d]))
	}
}
