package why

import (
	"math"
	"time"

	"patou/internal/timerange"
	"patou/internal/why/shift"
)

// grid is the places in time at which everything is compared: one step for all
// series of a question, so that they can be laid beside each other.
type grid struct {
	start, step  int64 // ns
	n            int
	base, window shift.Stretch
	// guard is how many places around a window take no part in what it is
	// compared with.
	guard int
}

// mostPlaces is about how many places a grid has: enough to see what lasts a
// tenth of the window, few enough to sort ten thousand series.
const mostPlaces = 400

func newGrid(base, window timerange.Range) grid {
	total := window.Until - base.From
	g := grid{step: int64(time.Second)}
	for _, s := range []int64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600} {
		g.step = s * int64(time.Second)
		if total/g.step <= mostPlaces {
			break
		}
	}
	g.start = timerange.Floor(base.From, g.step)
	g.n = int((timerange.Ceil(window.Until, g.step) - g.start) / g.step)
	at := func(t int64) int { return min(max(int((t-g.start)/g.step), 0), g.n) }
	g.base = shift.Stretch{From: 0, Until: at(base.Until)}
	g.window = shift.Stretch{From: at(window.From), Until: g.n}
	g.guard = max((g.window.Until-g.window.From)/10, 1)
	return g
}

// length is how many places the window has.
func (g *grid) length() int { return g.window.Until - g.window.From }

// time is when a place begins.
func (g *grid) time(at int) int64 { return g.start + int64(at)*g.step }

// spread puts values of another step on the grid: the mean of those that fall
// on a place, or their sum where sums is set. There a place without a value is
// 0 from the place on at which something could have been counted; from is
// beyond the grid where nothing is known of that.
func (g *grid) spread(start, step int64, values []float64, sums bool, from int) []float64 {
	out, count := make([]float64, g.n), make([]int32, g.n)
	first := from
	for i, v := range values {
		t := (start+int64(i)*step)*1e9 - g.start
		if math.IsNaN(v) || t < 0 || t/g.step >= int64(g.n) {
			continue
		}
		at := int(t / g.step)
		first = min(first, at)
		out[at] += v
		count[at]++
	}
	for i := range out {
		switch {
		case count[i] == 0:
			out[i] = math.NaN()
		case count[i] > 1 && !sums:
			out[i] /= float64(count[i])
		}
	}
	if sums && step > 0 {
		g.zero(out, start, step, first)
	}
	return out
}

// zero fills the places from first on at which a series of this step would have
// a value.
func (g *grid) zero(out []float64, start, step int64, first int) {
	every := max(step*1e9, g.step)
	// The first time at or behind first that is a whole number of steps from
	// the series' own start.
	t := start*1e9 + timerange.Ceil(g.time(first)-start*1e9, every)
	for ; t < g.time(g.n); t += every {
		if at := (t - g.start) / g.step; math.IsNaN(out[at]) {
			out[at] = 0
		}
	}
}
