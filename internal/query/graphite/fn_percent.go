package graphite

import (
	"math"
	"slices"
	"strings"
)

// percentFunctions are those about shares and percentiles.
func percentFunctions() []Function {
	const signature = "seriesList:seriesList, total:any?, nodes:nodeOrTag*?"
	return []Function{
		fn("asPercent", "Combine", signature, "Each series in percent of a total: of a number, of a series, of the sum of all, or of the sum of those with the same nodes.", asPercent),
		fn("pct", "Combine", signature, "Short for asPercent.", asPercent),
		fn("percentileOfSeries", "Combine", "seriesList:seriesList, n:float, interpolate:boolean=false", "The n-th percentile of the series' values at each moment.", percentileOfSeries),
		fn("nPercentile", "Calculate", "seriesList:seriesList, n:float", "A line at the n-th percentile of each series.", nPercentile),
		fn("removeAbovePercentile", "Filter Data", "seriesList:seriesList, n:float", "Drops values above the n-th percentile of their series.", removePercentile("removeAbovePercentile", func(v, p float64) bool { return v > p })),
		fn("removeBelowPercentile", "Filter Data", "seriesList:seriesList, n:float", "Drops values below the n-th percentile of their series.", removePercentile("removeBelowPercentile", func(v, p float64) bool { return v < p })),
	}
}

// percentOf is the share of b in percent.
func percentOf(a, b float64) float64 {
	if b == 0 {
		return missing()
	}
	return a / b * 100
}

// asPercent knows its total in five ways, told apart by what was given: a
// number, nothing, one series, as many as there are, or either by nodes.
func asPercent(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	totals, number, err := c.totals()
	switch {
	case err != nil:
		return nil, err
	case c.given(2) && number != nil:
		return nil, c.refuse("a number as total cannot be parted by nodes")
	case c.given(2):
		return c.percentByNodes(list, totals)
	case number != nil:
		return c.percentOfNumber(list, number)
	case !c.given(1):
		if totals, err = one(c.run.aggregate(list, "sum", 0)); err != nil {
			return nil, err
		}
	case len(totals) == 0:
		return c.percentOfNothing(list), nil
	}
	return c.percentOfSeries(list, totals)
}

// totals is the second argument, which is a number or series.
func (c *Call) totals() ([]*Series, *Expr, error) {
	if !c.given(1) {
		return nil, nil, nil
	}
	if _, ok := numberOf(c.args[1][0]); ok {
		return nil, c.args[1][0], nil
	}
	list, err := c.series(1)
	return list, nil, err
}

// percentOfNumber shows the number as it was written.
func (c *Call) percentOfNumber(list []*Series, number *Expr) ([]*Series, error) {
	total, _ := numberOf(number)
	out := make([]*Series, len(list))
	for i, s := range list {
		name := percentName(s.Name, number.Text)
		out[i] = s.mapped(name, func(v float64) float64 { return percentOf(v, total) })
		out[i].Tags = map[string]string{"name": name}
	}
	return out, nil
}

func percentName(series, total string) string { return "asPercent(" + series + "," + total + ")" }

// percentOfNothing keeps the series in sight when the total does not exist,
// as divideSeries does.
func (c *Call) percentOfNothing(list []*Series) []*Series {
	out := make([]*Series, len(list))
	for i, s := range list {
		out[i] = s.nothing(percentName(s.Name, "MISSING"))
	}
	return out
}

// percentOfSeries takes one total for all, or as many as there are series; the
// pairs are made in the order of the names then.
func (c *Call) percentOfSeries(list, totals []*Series) ([]*Series, error) {
	if len(totals) != 1 {
		if len(totals) != len(list) {
			return nil, c.refuse("the total must be one series or as many as there are series, %d, but there are %d", len(list), len(totals))
		}
		list, totals = byName(list), byName(totals)
	}
	out := make([]*Series, len(list))
	for i, s := range list {
		total := totals[min(i, len(totals)-1)]
		var err error
		if out[i], err = c.percentOfOne(s, total); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// percentOfOne is missing where either value is, and where the total is 0.
func (c *Call) percentOfOne(s, total *Series) (*Series, error) {
	name := percentName(s.Name, total.Name)
	p, err := c.run.combineTwo(s, total, name, percentOf)
	if err == nil {
		p.Tags = map[string]string{"name": name}
	}
	return p, err
}

// byName is a copy of a list, sorted.
func byName(list []*Series) []*Series {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *Series) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// percentByNodes parts series and totals by nodes; what has no counterpart is
// shown without values.
func (c *Call) percentByNodes(list, totals []*Series) ([]*Series, error) {
	nodes := c.nodes(2)
	key := func(s *Series) string { return nodeKey(s, nodes) }
	parts, whole := groupBy(list, key), groupBy(list, key)
	if c.given(1) {
		whole = groupBy(totals, key)
	}
	sums := map[string]*Series{}
	for _, k := range whole.keys {
		s, err := c.sumOf(whole.list[k])
		if err != nil {
			return nil, err
		}
		sums[k] = s
	}
	keys := slices.Concat(parts.keys, whole.keys)
	slices.Sort(keys)
	var out []*Series
	for _, k := range slices.Compact(keys) {
		if len(parts.list[k]) == 0 {
			out = append(out, sums[k].nothing(percentName("MISSING", sums[k].Name)))
			continue
		}
		for _, s := range parts.list[k] {
			p := s.nothing(percentName(s.Name, "MISSING"))
			if total := sums[k]; total != nil {
				var err error
				if p, err = c.percentOfOne(s, total); err != nil {
					return nil, err
				}
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// sumOf leaves a single series as it is, with its name.
func (c *Call) sumOf(list []*Series) (*Series, error) {
	if len(list) == 1 {
		return list[0], nil
	}
	return c.run.aggregate(list, "sum", 0)
}

// percentileOfSeries shows only the first series' path, as Graphite does.
func percentileOfSeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if c.num(1) <= 0 {
		return nil, c.fail(c.argPos(1), "n must be above 0")
	}
	g := commonGrid(list)
	name := "percentileOfSeries(" + list[0].Path + "," + pyG(c.num(1)) + ")"
	if err := c.run.spend(g.len(), name); err != nil {
		return nil, err
	}
	values := make([]float64, g.len())
	rows(list, g, func(slot int, row []float64) { values[slot] = percentile(row, c.num(1), c.bool(2)) })
	s := common(list, name, g, values)
	s.Tags = map[string]string{"name": name}
	return []*Series{s}, nil
}

// nPercentile leaves series without values out.
func nPercentile(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	var out []*Series
	for _, s := range list {
		p := percentile(s.Values, c.num(1), false)
		if math.IsNaN(p) {
			continue
		}
		name := "nPercentile(" + s.Name + ", " + pyG(c.num(1)) + ")"
		values := make([]float64, len(s.Values))
		for i := range values {
			values[i] = p
		}
		out = append(out, s.derived(name, values).tagged("nPercentile", pyG(c.num(1))))
	}
	return out, err
}

// removePercentile keeps values that are equal to the percentile.
func removePercentile(name string, drop func(v, p float64) bool) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		return c.each(func(s *Series) *Series {
			p := percentile(s.Values, c.num(1), false)
			return s.mapped(name+"("+s.Name+", "+pyG(c.num(1))+")", dropping(func(v float64) bool { return drop(v, p) }))
		})
	}
}

// dropping is a mapping that makes values missing.
func dropping(drop func(float64) bool) func(float64) float64 {
	return func(v float64) float64 {
		if drop(v) {
			return missing()
		}
		return v
	}
}
