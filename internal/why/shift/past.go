package shift

import (
	"math"
	"slices"
)

// Past is one series in order of time, ready to have any stretch of it
// compared with the rest.
type Past struct {
	values []float64
	// order are the places of the values that are there, ascending by value.
	order []int32
	// quiet are the places that may be in a baseline.
	quiet []bool
	a, b  []float64 // reused
}

// NewPast prepares a series. Places where out is true are left out of each
// baseline; out may be nil.
func NewPast(values []float64, out []bool) *Past {
	p := &Past{values: values, quiet: make([]bool, len(values))}
	p.order = make([]int32, 0, len(values))
	for i, v := range values {
		p.quiet[i] = out == nil || !out[i]
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			p.order = append(p.order, int32(i))
		}
	}
	slices.SortFunc(p.order, func(i, j int32) int {
		switch a, b := values[i], values[j]; {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return int(i - j)
	})
	return p
}

// Sides holds the two sides of a comparison, to be used again for the next
// series. The zero value is ready.
type Sides struct{ base, window []float64 }

// Compare compares one stretch of a series with another, as Past does: for
// series of which nothing more is asked it is the faster way.
func (s *Sides) Compare(values []float64, out []bool, base, window Stretch, guard int) Change {
	s.base, s.window = s.base[:0], s.window[:0]
	for i := base.From; i < base.Until; i++ {
		if (i < window.From-guard || i >= window.Until+guard) && (out == nil || !out[i]) {
			s.base = append(s.base, values[i])
		}
	}
	s.base = there(s.base)
	s.window = there(append(s.window, values[window.From:window.Until]...))
	return Compare(s.base, s.window)
}

// there drops what is missing and sorts the rest, in place.
func there(values []float64) []float64 {
	values = slices.DeleteFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	slices.Sort(values)
	return values
}

// Stretch is a half-open range of places.
type Stretch struct{ From, Until int }

// Compare compares the values in window with the quiet ones in base, leaving
// guard places on each side of the window out of the baseline.
func (p *Past) Compare(base, window Stretch, guard int) Change {
	p.a, p.b = p.a[:0], p.b[:0]
	for _, i := range p.order {
		at := int(i)
		switch {
		case at >= window.From && at < window.Until:
			p.b = append(p.b, p.values[i])
		case at >= base.From && at < base.Until && p.quiet[i] && (at < window.From-guard || at >= window.Until+guard):
			p.a = append(p.a, p.values[i])
		}
	}
	return Compare(p.a, p.b)
}

// pseudo is the number of stretches of the baseline that are judged as if each
// were the window.
const pseudo = 20

// Null gives the sizes of the changes of stretches of the baseline, each as
// long as the window and compared with the rest of the baseline: how large
// changes of this series are when nothing is asked. Stretches that are not
// quiet take no part.
func (p *Past) Null(base Stretch, length, guard int) []float64 {
	room := base.Until - base.From - length
	if room < 1 || length < 1 {
		return nil
	}
	n := min(pseudo, room+1)
	out := make([]float64, 0, n)
	for k := range n {
		from := base.From
		if n > 1 {
			from += room * k / (n - 1)
		}
		w := Stretch{from, from + length}
		if p.noisy(w) {
			continue
		}
		if c := p.Compare(base, w, guard); c.M > 0 && c.N >= minBase {
			out = append(out, c.Size())
		}
	}
	return out
}

// noisy reports whether more than a quarter of a stretch is not quiet.
func (p *Past) noisy(w Stretch) bool {
	n := 0
	for i := w.From; i < w.Until; i++ {
		if !p.quiet[i] {
			n++
		}
	}
	return 4*n > w.Until-w.From
}
