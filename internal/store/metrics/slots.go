package metrics

import (
	"math"

	"patou/internal/metric"
)

// windowSlots is the number of slots of a window. It is a property of each
// segment file; this is what new ones get. See docs/adr/0002.
const windowSlots = 720

// slots are values of one series in consecutive slots, the first of which has
// number from (its time in seconds over the step). One of values, where NaN is
// none, and sketches, where nil is none, is set.
type slots struct {
	from     int64
	values   []float64
	sketches []*metric.Sketch
}

func makeSlots(kind metric.Kind, from int64, n int) slots {
	s := slots{from: from}
	if kind == metric.Distribution {
		s.sketches = make([]*metric.Sketch, n)
		return s
	}
	s.values = make([]float64, n)
	for i := range s.values {
		s.values[i] = math.NaN()
	}
	return s
}

func (s *slots) len() int { return len(s.values) + len(s.sketches) }

// has reports whether the ith slot holds something.
func (s *slots) has(i int) bool {
	if s.sketches != nil {
		return s.sketches[i] != nil
	}
	return s.values[i] == s.values[i]
}

func (s *slots) clear() {
	clear(s.sketches)
	for i := range s.values {
		s.values[i] = math.NaN()
	}
}

// put lets a value that came later have its effect on the ith slot.
func (s *slots) put(kind metric.Kind, i int, v float64) {
	if kind == metric.Sum && s.values[i] == s.values[i] {
		v += s.values[i]
	}
	s.values[i] = v
}

// putSketch merges a sketch, which is not kept, into the ith slot.
func (s *slots) putSketch(i int, sk *metric.Sketch) {
	if s.sketches[i] == nil {
		sk = sk.Clone()
	}
	s.giveSketch(i, sk)
}

// giveSketch merges a sketch that the caller has no more use for.
func (s *slots) giveSketch(i int, sk *metric.Sketch) {
	if s.sketches[i] == nil {
		s.sketches[i] = sk
		return
	}
	s.sketches[i].Merge(sk)
}
