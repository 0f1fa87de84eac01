package graphite

import (
	"math"
)

// drawn is a series as a page gets it: the times of its points are first,
// first+step, …
type drawn struct {
	*Series
	first, step int64
	values      []float64
}

// draw prepares series for output with at most maxPoints values each, 0 for
// all.
func draw(list []*Series, maxPoints int) []drawn {
	out := make([]drawn, len(list))
	start, stop := extent(list)
	for i, s := range list {
		points := float64(stop-start) / float64(s.Step)
		switch {
		case maxPoints == 1 && len(s.Values) > 0:
			out[i] = drawn{s, s.Start, max(s.Stop-s.Start, 1), []float64{s.bucket(0, len(s.Values), len(s.Values))}}
		case maxPoints > 0 && points > float64(maxPoints):
			out[i] = s.consolidated(int(math.Ceil(points / float64(maxPoints))))
		default:
			out[i] = drawn{s, s.Start, s.Step, s.extremes(s.Consolidation)}
		}
		out[i].cut()
	}
	return out
}

// extent is the range that all series cover together.
func extent(list []*Series) (start, stop int64) {
	for i, s := range list {
		if i == 0 || s.Start < start {
			start = s.Start
		}
		stop = max(stop, s.Stop)
	}
	return start, stop
}

// cut drops values at and after the end of the range that was asked for.
func (d *drawn) cut() {
	n := floorDiv(d.Stop-d.first, d.step) + 1
	d.values = d.values[:min(max(n, 0), int64(len(d.values)))]
}

// consolidated puts each n values into one. Buckets begin at multiples of
// their length, so that they hold the same values when the page asks again a
// little later; what lies before the first whole bucket is left out. As
// Graphite does it, the bucket before a time's first value counts to it.
func (s *Series) consolidated(n int) drawn {
	length := int64(n) * s.Step
	nudge := length + mod(s.Start, s.Step) - mod(s.Start, length)
	lose := min(max(int(nudge/s.Step)-1, 0), len(s.Values))
	d := drawn{Series: s, first: s.Start + nudge, step: length}
	for i := lose; i < len(s.Values); i += n {
		d.values = append(d.values, s.bucket(i, min(i+n, len(s.Values)), n))
	}
	return d
}

func mod(a, b int64) int64 { return a - floorDiv(a, b)*b }
