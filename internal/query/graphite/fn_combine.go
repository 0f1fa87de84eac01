package graphite

import (
	"math"
	"slices"
	"strings"
)

// combineFunctions make one series of several. Values that are missing are left
// out of a slot, not taken for 0; a slot is missing when all are, or when fewer
// are there than the xFilesFactor asks for.
func combineFunctions() []Function {
	const g, all = "Combine", "seriesLists:seriesList*"
	const two, positions = "seriesListFirstPos:seriesList, seriesListSecondPos:seriesList", "seriesList:seriesList, position:node*?"
	return []Function{
		fn("sumSeries", g, all, "Adds the series up.", aggregateAll("sum")),
		fn("sum", g, all, "Short for sumSeries.", aggregateAll("sum")),
		fn("averageSeries", g, all, "The average of the series.", aggregateAll("average")),
		fn("avg", g, all, "Short for averageSeries.", aggregateAll("average")),
		fn("minSeries", g, all, "The least value at each moment.", aggregateAll("min")),
		fn("maxSeries", g, all, "The greatest value at each moment.", aggregateAll("max")),
		fn("medianSeries", g, all, "The median at each moment.", aggregateAll("median")),
		fn("diffSeries", g, all, "The first series minus all others.", aggregateAll("diff")),
		fn("multiplySeries", g, all, "The product of the series.", multiplySeries),
		fn("stddevSeries", g, all, "The standard deviation at each moment.", aggregateAll("stddev")),
		fn("rangeOfSeries", g, all, "The distance of the greatest and the least value.", aggregateAll("rangeOf")),
		fn("countSeries", g, "seriesLists:seriesList*?", "The number of series that have a value at each moment.", countSeries),
		fn("powSeries", g, "seriesList:seriesList*", "The first series to the power of the second, and so on.", powSeries),
		fn("aggregate", g, "seriesList:seriesList, func:aggFunc, xFilesFactor:float?", "Puts the series into one by a function.", aggregate),
		fn("aggregateWithWildcards", g, "seriesList:seriesList, func:aggFunc, position:node*?", "Puts series into one whose names differ only at these nodes.", aggregateWithWildcards),
		fn("sumSeriesWithWildcards", g, positions, "Adds series up whose names differ only at these nodes.", wildcards("sum")),
		fn("averageSeriesWithWildcards", g, positions, "Averages series whose names differ only at these nodes.", wildcards("average")),
		fn("multiplySeriesWithWildcards", g, positions, "Multiplies series whose names differ only at these nodes.", wildcards("multiply")),
		fn("divideSeries", g, "dividendSeriesList:seriesList, divisorSeries:seriesList", "Divides each series by one.", divideSeries),
		fn("divideSeriesLists", g, "dividendSeriesList:seriesList, divisorSeriesList:seriesList", "Divides each series by the one at the same place of the second list.", pairwise("divide")),
		fn("sumSeriesLists", g, two, "Adds to each series the one at the same place of the second list.", pairwise("sum")),
		fn("diffSeriesLists", g, two, "Takes from each series the one at the same place of the second list.", pairwise("diff")),
		fn("multiplySeriesLists", g, two, "Multiplies each series with the one at the same place of the second list.", pairwise("multiply")),
		fn("aggregateSeriesLists", g, two+", func:aggFunc, xFilesFactor:float?", "Puts each series and the one at the same place of the second list into one.", aggregateSeriesLists),
		fn("weightedAverage", g, "seriesListAvg:seriesList, seriesListWeight:seriesList, nodes:nodeOrTag*?", "The average of series weighted by others with the same nodes.", weightedAverage),
		fn("group", g, "seriesLists:seriesList*?", "Several lists as one.", group),
		fn("unique", "Filter Series", all, "Drops series whose name was there before.", unique),
		fn("mergeDistributions", g, all, "Views of distributions, such as p99, over all of the series together: merges what they are computed from. Only in Patou.", mergeDistributions),
	}
}

// aggregateAll is a function with a fixed aggregation. The first series'
// xFilesFactor counts for all.
func aggregateAll(function string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		list, err := c.series(0)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return one(c.run.aggregate(list, function, list[0].XFilesFactor))
	}
}

// one makes a list of what gives a single series.
func one(s *Series, err error) ([]*Series, error) {
	if err != nil {
		return nil, err
	}
	return []*Series{s}, nil
}

// multiplySeries leaves a single series as it is.
func multiplySeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) <= 1 {
		return list, err
	}
	return one(c.run.aggregate(list, "multiply", list[0].XFilesFactor))
}

// countSeries of nothing is 0, not nothing.
func countSeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		s := c.line(0)
		s.Name, s.Path = "0", "0"
		return []*Series{s}, nil
	}
	return one(c.run.aggregate(list, "count", list[0].XFilesFactor))
}

// powSeries is missing where any value is, or where the power is no number.
func powSeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	g := commonGrid(list)
	name := "powSeries(" + names(list) + ")"
	if err := c.run.spend(g.len(), name); err != nil {
		return nil, err
	}
	values := make([]float64, g.len())
	rows(list, g, func(slot int, row []float64) {
		v := row[0]
		for _, exponent := range row[1:] {
			if math.IsNaN(v) || math.IsNaN(exponent) {
				v = missing()
				break
			}
			v = math.Pow(v, exponent)
		}
		values[slot] = finite(v)
	})
	return []*Series{common(list, name, g, values)}, nil
}

// share is an optional xFilesFactor at parameter i, else the series' own.
func (c *Call) share(i int, s *Series) float64 {
	if c.given(i) {
		return c.num(i)
	}
	return s.XFilesFactor
}

// aggregate is missing in slots with a smaller share of values than asked for.
func aggregate(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(c.run.aggregate(list, c.text(1), c.share(2, list[0])))
}

// aggregateGroups puts each group into one series that is named by the key.
func (c *Call) aggregateGroups(g groups, function string) ([]*Series, error) {
	out := make([]*Series, 0, len(g.keys))
	for _, key := range g.keys {
		list := g.list[key]
		s, err := c.run.aggregate(list, function, list[0].XFilesFactor)
		if err != nil {
			return nil, err
		}
		out = append(out, s.renamed(key))
	}
	return out, nil
}

func aggregateWithWildcards(c *Call) ([]*Series, error) { return c.byWildcards(c.text(1), 2) }

func wildcards(function string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) { return c.byWildcards(function, 1) }
}

// byWildcards splits the names as they are shown, function calls included, as
// Graphite does.
func (c *Call) byWildcards(function string, param int) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	var places []int
	for _, n := range c.nodes(param) {
		places = append(places, n.index)
	}
	return c.aggregateGroups(groupBy(list, func(s *Series) string { return without(s.Name, places) }), function)
}

// quotient by 0 is missing, not infinite.
func quotient(a, b float64) float64 {
	if b == 0 {
		return missing()
	}
	return a / b
}

// divideSeries without a divisor gives series without values, so that a graph
// still shows what is missing.
func divideSeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	by, err := c.series(1)
	if err != nil {
		return nil, err
	}
	if len(by) > 1 {
		return nil, c.refuse("the divisor must be one series, but there are %d: use divideSeriesLists, or sumSeries on it", len(by))
	}
	out := make([]*Series, len(list))
	for i, s := range list {
		if len(by) == 0 {
			out[i] = s.nothing("divideSeries(" + s.Name + ",MISSING)")
			continue
		}
		if out[i], err = c.run.combineTwo(s, by[0], "divideSeries("+s.Name+","+by[0].Name+")", quotient); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nothing is a series on the same grid without values.
func (s *Series) nothing(name string) *Series {
	values := make([]float64, len(s.Values))
	for i := range values {
		values[i] = missing()
	}
	return s.derived(name, values)
}

// pairs evaluates two lists, which must be of the same length.
func (c *Call) pairs() (a, b []*Series, err error) {
	if a, err = c.series(0); err == nil {
		b, err = c.series(1)
	}
	if err == nil && len(a) != len(b) {
		err = c.refuse("both lists must have the same number of series, but they have %d and %d", len(a), len(b))
	}
	return a, b, err
}

// pairwise combines the lists in the order they have; an alias changes nothing
// about which series meet.
func pairwise(function string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		a, b, err := c.pairs()
		if err != nil {
			return nil, err
		}
		out := make([]*Series, len(a))
		for i := range a {
			name := function + "Series(" + a[i].Name + "," + b[i].Name + ")"
			if function == "divide" {
				out[i], err = c.run.combineTwo(a[i], b[i], name, quotient)
			} else if out[i], err = c.run.aggregate([]*Series{a[i], b[i]}, function, a[i].XFilesFactor); err == nil {
				out[i] = out[i].renamed(name)
			}
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

func aggregateSeriesLists(c *Call) ([]*Series, error) {
	a, b, err := c.pairs()
	if err != nil {
		return nil, err
	}
	out := make([]*Series, len(a))
	for i := range a {
		s, err := c.run.aggregate([]*Series{a[i], b[i]}, c.text(2), c.share(3, a[i]))
		if err != nil {
			return nil, err
		}
		out[i] = s.renamed(trimSeries(c.text(2)) + "Series(" + a[i].Name + "," + b[i].Name + ")")
	}
	return out, nil
}

// weightedAverage takes the sum of value times weight by the sum of all
// weights. A series without a weight of the same nodes is left out.
func weightedAverage(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	weights, err := c.series(1)
	if err != nil {
		return nil, err
	}
	nodes := c.nodes(2)
	byKey := groupBy(weights, func(s *Series) string { return nodeKey(s, nodes) })
	var products []*Series
	for _, s := range list {
		w := byKey.list[nodeKey(s, nodes)]
		if len(w) == 0 {
			continue
		}
		p, err := c.run.combineTwo(s, w[len(w)-1], "product("+s.Name+")", func(a, b float64) float64 { return a * b })
		if err != nil {
			return nil, err
		}
		products = append(products, p)
	}
	if len(products) == 0 {
		return nil, nil
	}
	return c.weighted(list, weights, products, nodes)
}

// weighted divides the products by the weights; slots without a weight are
// missing.
func (c *Call) weighted(list, weights, products []*Series, nodes []node) ([]*Series, error) {
	total, err := c.run.aggregate(products, "sum", 0)
	if err != nil {
		return nil, err
	}
	weight, err := c.run.aggregate(weights, "sum", 0)
	if err != nil {
		return nil, err
	}
	args := []string{sortedPaths(list), sortedPaths(weights)}
	for _, n := range nodes {
		args = append(args, n.String())
	}
	name := "weightedAverage(" + strings.Join(args, ", ") + ")"
	s, err := c.run.combineTwo(total, weight, name, quotient)
	if err == nil {
		s.Tags = map[string]string{"name": name}
	}
	return one(s, err)
}

// sortedPaths lists the distinct paths as weightedAverage shows them.
func sortedPaths(list []*Series) string {
	var all []string
	for _, s := range list {
		all = append(all, s.Path)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

func group(c *Call) ([]*Series, error) { return c.series(0) }

// unique keeps the first series of each name.
func unique(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(s *Series) bool {
		was := seen[s.Name]
		seen[s.Name] = true
		return was
	}), err
}
