package graphite

import (
	"math"
	"slices"

	"patou/internal/timerange"
)

// grid is the common times of several series.
type grid struct{ start, stop, step int64 }

// len is the number of slots, the last one possibly cut.
func (g grid) len() int { return int((g.stop - g.start + g.step - 1) / g.step) }

// maxCommonStep keeps the common step of series with odd steps from exceeding
// any range that is looked at.
const maxCommonStep = 1 << 32

// commonGrid is the grid that several series are brought to: the least common
// multiple of their steps. When the steps differ its slots begin at multiples
// of the common one, so that the same moment of two series falls into the same
// slot; Graphite counts from each series' own first value. Flat lines have no
// say unless there is nothing else.
func commonGrid(list []*Series) grid {
	if rest := slices.DeleteFunc(slices.Clone(list), func(s *Series) bool { return s.flat }); len(rest) > 0 {
		list = rest
	}
	g := grid{list[0].Start, list[0].Stop, list[0].Step}
	mixed := false
	for _, s := range list[1:] {
		g.start, g.stop = min(g.start, s.Start), max(g.stop, s.Stop)
		if s.Step != g.step {
			mixed = true
			g.step = commonStep(g.step, s.Step)
		}
	}
	if mixed {
		g.start = timerange.Floor(g.start, g.step)
		g.stop = timerange.Ceil(g.stop, g.step)
	}
	return g
}

// commonStep gives up on a common multiple that is longer than any range.
func commonStep(a, b int64) int64 {
	if m := a / gcd(a, b) * b; m <= maxCommonStep {
		return m
	}
	return max(a, b)
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// on brings a series to a grid. Values that share a slot are consolidated.
func (s *Series) on(g grid) []float64 {
	if s.Step == g.step && s.Start == g.start && len(s.Values) == g.len() {
		return s.Values
	}
	out := make([]float64, g.len())
	for i := range out {
		out[i] = missing()
	}
	if s.flat {
		return slices.Repeat(s.Values[:1], g.len())
	}
	if s.Step == g.step {
		shift := int((s.Start - g.start) / g.step)
		if shift < len(out) {
			copy(out[shift:], s.Values)
		}
		return out
	}
	s.consolidateOnto(out, g)
	return out
}

// consolidateOnto puts the values of each slot into one, by the series' own
// consolidation and xFilesFactor.
func (s *Series) consolidateOnto(out []float64, g grid) {
	full := max(int(g.step/s.Step), 1)
	for i := 0; i < len(s.Values); {
		slot := (s.Start + int64(i)*s.Step - g.start) / g.step
		// The first value at or after the next slot's begin ends this one.
		end := int((g.start + (slot+1)*g.step - s.Start + s.Step - 1) / s.Step)
		end = min(max(end, i+1), len(s.Values))
		if int(slot) < len(out) {
			out[slot] = s.bucket(i, end, full)
		}
		i = end
	}
}

// rows calls f for each slot of a grid with the series' values there. The
// slice is used again for the next one.
func rows(list []*Series, g grid, f func(slot int, values []float64)) {
	columns := make([][]float64, len(list))
	for i, s := range list {
		columns[i] = s.on(g)
	}
	row := make([]float64, len(list))
	for slot := range g.len() {
		for i, c := range columns {
			row[i] = c[slot]
		}
		f(slot, row)
	}
}

// common makes the head of a series out of several: the tags all of them have
// alike, and their sources.
func common(list []*Series, name string, g grid, values []float64) *Series {
	name = cutName(name)
	s := &Series{
		Name: name, Path: name, Start: g.start, Stop: g.stop, Step: g.step, Values: values,
		Tags: commonTags(list, name), Consolidation: list[0].Consolidation, XFilesFactor: list[0].XFilesFactor, Sources: sourcesOf(list),
	}
	return s
}

// commonTags are those equal in all; a name that differs becomes the given.
func commonTags(list []*Series, name string) map[string]string {
	tags := map[string]string{"name": name}
	for k, v := range list[0].Tags {
		same := true
		for _, s := range list[1:] {
			if other, ok := s.Tags[k]; !ok || other != v {
				same = false
				break
			}
		}
		if same {
			tags[k] = v
		}
	}
	return tags
}

// aggregate puts series into one, slot by slot. The name is what Graphite
// forms of the function and the paths.
func (r *run) aggregate(list []*Series, function string, xff float64) (*Series, error) {
	f := aggregator(function)
	function = trimSeries(function)
	g := commonGrid(list)
	name := function + "Series(" + paths(list) + ")"
	if err := r.spend(g.len(), name); err != nil {
		return nil, err
	}
	values := make([]float64, g.len())
	rows(list, g, func(slot int, row []float64) {
		values[slot] = missing()
		if enough(row, len(row), xff) {
			values[slot] = f(row)
		}
	})
	return common(list, name, g, values).tagged("aggregatedBy", function), r.ctx.Err()
}

// trimSeries takes sumSeries for sum.
func trimSeries(function string) string {
	if n := len(function) - len("Series"); n > 0 && function[n:] == "Series" {
		return function[:n]
	}
	return function
}

// combineTwo makes a series of two, slot by slot, NaN where either is missing.
func (r *run) combineTwo(a, b *Series, name string, f func(a, b float64) float64) (*Series, error) {
	list := []*Series{a, b}
	g := commonGrid(list)
	if err := r.spend(g.len(), name); err != nil {
		return nil, err
	}
	values := make([]float64, g.len())
	rows(list, g, func(slot int, row []float64) {
		values[slot] = missing()
		if !math.IsNaN(row[0]) && !math.IsNaN(row[1]) {
			values[slot] = finite(f(row[0], row[1]))
		}
	})
	return common(list, name, g, values), nil
}

// finite is v, or missing when it is no finite number.
func finite(v float64) float64 {
	if math.IsInf(v, 0) {
		return missing()
	}
	return v
}
