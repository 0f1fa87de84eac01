package graphite

import (
	"maps"
	"math"
	"slices"
	"strings"

	"patou/internal/metric"
)

// MaxSources bounds the stored names that one drawn series remembers.
const MaxSources = 1000

// Series is one drawn series: values on a grid, and where they come from. What
// its slices and maps hold is never changed once the series is made, so that
// functions may share them.
type Series struct {
	// Name is what a legend shows; Path is the text that aggregates put into
	// their own names: the target's glob for stored series.
	Name, Path string
	// Start is the time of the first value, Stop the end of the range that the
	// values answer (exclusive), Step the distance of two values; in seconds.
	Start, Stop, Step int64
	// Values hold NaN where there is none.
	Values []float64
	// Tags are what /render shows beside the datapoints.
	Tags map[string]string
	// Consolidation is how values become one: average, sum, min, max, last,
	// first, avg_zero.
	Consolidation string
	// XFilesFactor is the share of values that must be there when values are
	// put together.
	XFilesFactor float64
	// Sources are the stored series behind it, sorted, at most MaxSources.
	Sources []string
	// min and max are the extremes under rolled-up values; sketches and view
	// say what a view of a distribution is computed from. They are nil once a
	// function has changed the values.
	min, max []float64
	sketches []*metric.Sketch
	view     metric.View
	// flat is a line at one value: it fits onto the grid of any other series.
	flat bool
}

// MaxName bounds a drawn series' name, which functions make longer and longer.
const MaxName = 8 << 10

// cutName shortens a name that is too long, and says so by its end.
func cutName(name string) string {
	if len(name) <= MaxName {
		return name
	}
	return strings.ToValidUTF8(name[:MaxName], "") + "…"
}

// missing is how a value that is not there is written.
func missing() float64 { return math.NaN() }

// stored makes a drawn series of what the source gave for a path.
func stored(m *metric.Series, path string, xff float64) *Series {
	s := &Series{
		Name: m.Name, Path: path, Start: m.Start, Stop: m.End(), Step: max(m.Step, 1), Values: m.Values,
		Tags: tagsOf(m.Name), Consolidation: m.Aggregation, XFilesFactor: xff, Sources: []string{m.Name},
	}
	if !isConsolidation(s.Consolidation) {
		s.Consolidation = "average"
	}
	if len(m.Min) == len(m.Values) && len(m.Max) == len(m.Values) {
		s.min, s.max = m.Min, m.Max
	}
	if len(m.Distribution) == len(m.Values) && m.View.String() != "" {
		s.sketches, s.view = m.Distribution, m.View
		s.Consolidation = viewConsolidation(m.View.String(), s.Consolidation)
	}
	return s
}

// viewConsolidation is how a view's values become one once a function has
// changed them, so that they cannot be computed anew any more: counts add up.
func viewConsolidation(view, otherwise string) string {
	switch view {
	case "count", "sum":
		return "sum"
	case "min", "max":
		return view
	}
	return otherwise
}

// tagsOf are the tags in a series' name, with the path under "name".
func tagsOf(name string) map[string]string {
	path, rest, tagged := strings.Cut(name, ";")
	if !tagged || strings.Contains(path, "(") {
		return map[string]string{"name": name}
	}
	tags := map[string]string{"name": path}
	for _, pair := range strings.Split(rest, ";") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			tags[k] = v
		}
	}
	return tags
}

// generated makes a series that no stored one is behind.
func generated(name string, start, stop, step int64, values []float64) *Series {
	return &Series{
		Name: name, Path: name, Start: start, Stop: stop, Step: step, Values: values,
		Tags: map[string]string{"name": name}, Consolidation: "average",
	}
}

// renamed is the same series under another name.
func (s *Series) renamed(name string) *Series {
	c := *s
	c.Name = cutName(name)
	return &c
}

// derived is a series of the same grid with other values; later aggregates
// show its new name.
func (s *Series) derived(name string, values []float64) *Series {
	return s.regridded(name, s.Start, s.Stop, s.Step, values)
}

// regridded is derived with another grid.
func (s *Series) regridded(name string, start, stop, step int64, values []float64) *Series {
	c := *s
	c.Name, c.Values = cutName(name), values
	c.Path = c.Name
	c.Start, c.Stop, c.Step = start, stop, step
	c.min, c.max, c.sketches, c.flat = nil, nil, nil, false
	return &c
}

// tagged adds tags, given as key, value, key, value …
func (s *Series) tagged(pairs ...string) *Series {
	c := *s
	c.Tags = maps.Clone(s.Tags)
	if c.Tags == nil {
		c.Tags = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Tags[pairs[i]] = pairs[i+1]
	}
	return &c
}

// mapped applies f to each value that is there.
func (s *Series) mapped(name string, f func(float64) float64) *Series {
	values := make([]float64, len(s.Values))
	for i, v := range s.Values {
		values[i] = v
		if !math.IsNaN(v) {
			values[i] = f(v)
		}
	}
	return s.derived(name, values)
}

// bucket is the one value that stands for those from i until j: the view of
// the merged sketches where there are some, else by the series' consolidation.
// total is the number of values a full bucket has, for the xFilesFactor.
func (s *Series) bucket(i, j, total int) float64 {
	if !enough(s.Values[i:j], total, s.XFilesFactor) {
		return missing()
	}
	if s.sketches != nil {
		return s.viewOf(i, j)
	}
	values := s.Values
	switch {
	case s.max != nil && s.Consolidation == "max":
		values = s.max
	case s.min != nil && s.Consolidation == "min":
		values = s.min
	}
	return consolidator(s.Consolidation)(values[i:j])
}

// viewOf computes a view over several slots as if they had been one.
func (s *Series) viewOf(i, j int) float64 {
	if j-i == 1 {
		return s.Values[i]
	}
	var merged metric.Sketch
	for _, sk := range s.sketches[i:j] {
		merged.Merge(sk)
	}
	return s.view.Of(&merged)
}

// extremes is the series as a function of extremes sees it: rolled-up maxima
// or minima in place of the values where they are known.
func (s *Series) extremes(aggregation string) []float64 {
	switch {
	case s.max != nil && aggregation == "max":
		return s.max
	case s.min != nil && aggregation == "min":
		return s.min
	}
	return s.Values
}

// enough reports whether the values that are there satisfy an xFilesFactor of
// total; none is never enough.
func enough(values []float64, total int, xff float64) bool {
	n := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return enoughOf(n, total, xff)
}

func enoughOf(n, total int, xff float64) bool {
	return n > 0 && float64(n) >= xff*float64(total)
}

// sourcesOf is the union of the series' sources.
func sourcesOf(list []*Series) []string {
	var all []string
	for _, s := range list {
		if len(all) > 16*MaxSources {
			break
		}
		all = append(all, s.Sources...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), MaxSources)]
}

// names lists the series' names, joined as Graphite joins them.
func names(list []*Series) string {
	var all joined
	for _, s := range list {
		all.add(s.Name)
	}
	return all.String()
}

// joined is a list with commas that stops growing when it is too long for a
// name.
type joined struct{ strings.Builder }

func (j *joined) add(s string) {
	if j.Len() > MaxName {
		return
	}
	if j.Len() > 0 {
		j.WriteByte(',')
	}
	j.WriteString(s)
}

// paths lists the distinct paths in order of their appearance.
func paths(list []*Series) string {
	var all joined
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s.Path] {
			seen[s.Path] = true
			all.add(s.Path)
		}
	}
	return all.String()
}
