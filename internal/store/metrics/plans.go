package metrics

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// plans holds each distinct plan once, so that a series needs only its number.
type plans struct {
	all atomic.Pointer[[]*plan] // grows under mu, read without it; [0] is unused

	mu sync.Mutex
	// byText finds a plan by what it says; guarded by mu.
	byText map[string]uint32
	// reach is the longest reach of any plan in seconds, steps how far back the
	// finest archives of a step reach, by class; guarded by mu.
	reach int64
	steps map[classStep]int64
}

func newPlans() *plans {
	p := &plans{byText: map[string]uint32{}, steps: map[classStep]int64{}}
	p.all.Store(&[]*plan{nil})
	return p
}

// number is the plan's number, given if it is new.
func (p *plans) number(want plan) uint32 {
	text := fmt.Sprint(want)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.byText[text]; ok {
		return n
	}
	all := append((*p.all.Load())[:len(*p.all.Load()):len(*p.all.Load())], &want)
	p.all.Store(&all)
	n := uint32(len(all) - 1)
	p.byText[text] = n
	p.note(want.schema)
	return n
}

func (p *plans) note(s Schema) {
	p.reach = max(p.reach, s.reach())
	for i, a := range s {
		k := classStep{classRolled, a.Step}
		if i == 0 {
			k.class = classRaw
		}
		p.steps[k] = max(p.steps[k], a.Keep)
	}
}

func (p *plans) get(n uint32) *plan { return (*p.all.Load())[n] }

// keep is how far back, in seconds, slots of a class and step are wanted by any
// series seen so far; when none wants the step, as after a change of schemas,
// what raw slots of any step get.
func (p *plans) keep(k classStep) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if keep, ok := p.steps[k]; ok {
		return keep
	}
	longest := int64(0)
	for other, keep := range p.steps {
		if other.class == k.class {
			longest = max(longest, keep)
		}
	}
	return longest
}

// longest is how far back anything is wanted, in seconds.
func (p *plans) longest() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reach
}
