package cache

import (
	"container/list"
	"sync"
)

const (
	maxOffers = 8  // after so many an answer that ristretto never keeps is let go
	offerEach = 64 // reads of an answer that ristretto still doesn't return
)

// nursery holds answers from the moment they are filled until ristretto returns them, within a bound of its own.
// Without it, of 200,000 answers in a burst more than half would be fetched a second time.
type nursery struct {
	mu    sync.Mutex
	max   int64 // bytes
	bytes int64
	byKey map[uint64]*list.Element
	queue list.List // of *pending, the longest waiting first
}

type pending struct {
	hash   uint64
	answer *Answer
	cost   int64
	offers int
	reads  int
}

func newNursery(max int64) *nursery {
	return &nursery{max: max, byKey: make(map[uint64]*list.Element)}
}

// get returns the answer for a key, and whether it was read so often that ristretto should be offered it again.
func (n *nursery) get(k Key) (*Answer, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.byKey[k.hash]
	if !ok {
		return nil, false
	}
	p := e.Value.(*pending)
	if !p.answer.is(k) {
		return nil, false
	}
	p.reads++
	return p.answer, p.reads%offerEach == 0
}

// put takes an answer in, and lets the longest waiting go where the bound asks for it.
func (n *nursery) put(hash uint64, a *Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e, ok := n.byKey[hash]; ok {
		n.remove(e)
	}
	p := &pending{hash: hash, answer: a, cost: a.cost()}
	n.byKey[hash] = n.queue.PushBack(p)
	n.bytes += p.cost
	for n.bytes > n.max && n.queue.Len() > 1 {
		n.remove(n.queue.Front())
	}
}

// rotate returns the longest waiting answer and puts it last, or lets it go after its last offer.
func (n *nursery) rotate() (pending, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.queue.Front()
	if e == nil {
		return pending{}, false
	}
	p := e.Value.(*pending)
	if p.offers++; p.offers > maxOffers {
		n.remove(e)
	} else {
		n.queue.MoveToBack(e)
	}
	return *p, true
}

// drop lets an answer go, if it is the one that is held.
func (n *nursery) drop(hash uint64, a *Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e, ok := n.byKey[hash]; ok && e.Value.(*pending).answer == a {
		n.remove(e)
	}
}

func (n *nursery) remove(e *list.Element) {
	p := n.queue.Remove(e).(*pending)
	delete(n.byKey, p.hash)
	n.bytes -= p.cost
}

// len is how many answers wait.
func (n *nursery) len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.queue.Len()
}
