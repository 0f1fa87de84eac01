package metrics

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// plans holds each distinct plan once, so that a series needs only its number.
type plans struct {
	all atomic.Pointer[[]*plan] // grows under mu, read without it; [0] is unused

	mu sync.Mutex
	// byText finds a plan by what it says; guarded by mu.
	byText map[string]uint32
	// steps is how far back, in seconds, the archives of a step reach, by class;
	// guarded by mu.
	steps map[classStep]int64
}

func newPlans() *plans {
	p := &plans{byText: map[string]uint32{}, steps: map[classStep]int64{}}
	p.all.Store(&[]*plan{nil})
	return p
}

// number is the plan's number, given if it is new.
func (p *plans) number(want plan) uint32 {
	text := want.text()
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.byText[text]; ok {
		return n
	}
	all := append(slices.Clip(*p.all.Load()), &want)
	p.all.Store(&all)
	n := uint32(len(all) - 1)
	p.byText[text] = n
	p.note(want.schema)
	return n
}

func (p *plans) note(s Schema) {
	for i, a := range s {
		k := classStep{classRolled, a.Step}
		if i == 0 {
			k.class = classRaw
		}
		p.steps[k] = max(p.steps[k], a.Keep)
	}
}

// text tells plans apart.
func (p *plan) text() string {
	b := make([]byte, 0, 128)
	for _, a := range p.schema {
		b = strconv.AppendInt(append(b, ' '), a.Step, 10)
		b = strconv.AppendInt(append(b, ':'), a.Keep, 10)
	}
	b = strconv.AppendInt(append(b, ' '), int64(p.Method), 10)
	return string(strconv.AppendFloat(append(b, ' '), p.XFilesFactor, 'g', -1, 64))
}

// above lists, in order, the steps of any archive that are coarser than one.
func (p *plans) above(step int64) []int64 {
	var out []int64
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.steps {
		if k.step > step && !slices.Contains(out, k.step) {
			out = append(out, k.step)
		}
	}
	slices.Sort(out)
	return out
}

// has reports whether one of the plan's archives has the step.
func (p *plan) has(step int64) bool {
	return slices.ContainsFunc(p.schema, func(a Archive) bool { return a.Step == step })
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
