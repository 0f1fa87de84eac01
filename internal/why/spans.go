package why

import "patou/internal/entry"

// spans are the equal stretches of time in which entries are counted: four for
// the window, and as many as the baseline has room for.
type spans struct {
	window, base int64 // where each begins, ns
	length       int64
	n            int // of the baseline; the window has windowSpans
	// out are those of the baseline that are left out.
	out []bool
}

const windowSpans = 4

func (q *question) newSpans() spans {
	s := spans{window: q.Window.From, length: max((q.Window.Until-q.Window.From)/windowSpans, 1)}
	s.n = int((q.Base.Until - q.Base.From) / s.length)
	s.base = q.Base.Until - int64(s.n)*s.length
	s.out = make([]bool, s.n)
	for i := range s.out {
		masked, all := 0, 0
		from := int((s.base + int64(i)*s.length - q.grid.start) / q.grid.step)
		for at := from; at <= from+int(s.length/q.grid.step) && at < len(q.out); at++ {
			all++
			if q.out[at] {
				masked++
			}
		}
		s.out[i] = masked > 0 && 4*masked >= all
	}
	return s
}

// of is the span of a time: the baseline's first, the window's behind them; -1
// for none.
func (s *spans) of(t int64) int {
	if t >= s.window {
		return s.n + min(int((t-s.window)/s.length), windowSpans-1)
	}
	i := (t - s.base) / s.length
	if t < s.base || i >= int64(s.n) || s.out[i] {
		return -1
	}
	return int(i)
}

// leastSlice is the least part of a span that is looked at.
const leastSlice = 0.001

// cut takes so much of each span that no more entries are read than are left to
// be: as much of the baseline's as of the window's.
func (r *reader) cut(runs []entry.Run) {
	rows := 0.0
	for i := range runs {
		first, last := float64(runs[i].First), float64(max(runs[i].Last, runs[i].First+1))
		within := min(last, float64(r.Window.Until)) - max(first, float64(r.Base.From))
		rows += float64(runs[i].Rows) * min(max(within/(last-first), 0), 1)
	}
	share := min(1, float64(*r.left)/max(rows, 1))
	r.slice = int64(float64(r.to.spans.length) * max(share, leastSlice))
	*r.left -= int(rows * share)
}

// needs reports whether a run may have an entry in what is looked at.
func (r *reader) needs(run *entry.Run) bool {
	s := r.to.spans
	for i := range s.n + windowSpans {
		from := s.base + int64(i)*s.length
		if i >= s.n {
			from = s.window + int64(i-s.n)*s.length
		} else if s.out[i] {
			continue
		}
		// The last span has what the division by spans leaves over.
		if run.First < from+r.slice+windowSpans && run.Last >= from {
			return true
		}
	}
	return false
}

// spanOf is the span of a time in what is looked at, -1 for none.
func (r *reader) spanOf(t int64) int {
	s := r.to.spans
	at := s.of(t)
	if at < 0 || r.slice >= s.length {
		return at
	}
	from := s.base + int64(at)*s.length
	if at >= s.n {
		from = s.window + int64(at-s.n)*s.length
	}
	if t-from >= r.slice {
		return -1
	}
	return at
}
