package proxy

import (
	"sync"

	"encora/shared/ids"
)

// maxPlans is how many plans have numbers: far more than there are on offer anywhere.
const maxPlans = 4096

// plans gives numbers to the plans that tokens name, so that the lane keeps one in two bytes. A number is its plan's for as
// long as the process lives. Number 0 is of no plan, and of what can't be a plan's id.
type plans struct {
	mu      sync.RWMutex
	numbers map[string]uint16
	count   uint16           // 0 is taken
	ids     [maxPlans]string // written once each, before the number is told to anybody
}

// number is a plan's, a new one if it has none yet; false when there are no more.
func (p *plans) number(id string) (uint16, bool) {
	if !ids.Valid(id) {
		return 0, true
	}
	p.mu.RLock()
	n, ok := p.numbers[id]
	p.mu.RUnlock()
	if ok {
		return n, true
	}
	return p.add(id)
}

func (p *plans) add(id string) (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.numbers[id]; ok {
		return n, true
	}
	if p.count+1 == maxPlans {
		return 0, false
	}
	if p.numbers == nil {
		p.numbers = make(map[string]uint16)
	}
	p.count++
	p.ids[p.count], p.numbers[id] = id, p.count
	return p.count, true
}

// id is the plan of a number that was told.
func (p *plans) id(number uint16) string { return p.ids[number] }
