package graphite

import (
	"math"
	"slices"
	"strings"
)

// filterFunctions choose among series without changing them, in the order in
// which they came unless the choice makes one, or choose among values.
func filterFunctions() []Function {
	const g, value, best = "Filter Series", "seriesList:seriesList, n:float", "seriesList:seriesList, n:integer=1"
	const data, listed = "Filter Data", "seriesList:seriesList, n:integer=1, func:aggFunc=average"
	return []Function{
		fn("filterSeries", g, "seriesList:seriesList, func:aggFunc, operator:string, threshold:float", "The series whose value by a function compares so with a number.", filterSeries),
		fn("averageAbove", g, value, "The series whose average is at least n.", keepBy("average", ">=")),
		fn("averageBelow", g, value, "The series whose average is at most n.", keepBy("average", "<=")),
		fn("currentAbove", g, value, "The series whose last value is at least n.", keepBy("last", ">=")),
		fn("currentBelow", g, value, "The series whose last value is at most n.", keepBy("last", "<=")),
		fn("maximumAbove", g, value, "The series whose greatest value is above n.", keepBy("max", ">")),
		fn("maximumBelow", g, value, "The series whose greatest value is at most n.", keepBy("max", "<=")),
		fn("minimumAbove", g, value, "The series whose least value is above n.", keepBy("min", ">")),
		fn("minimumBelow", g, value, "The series whose least value is at most n.", keepBy("min", "<=")),
		fn("highest", g, listed, "The n series with the greatest value by a function.", ranked("", true)),
		fn("lowest", g, listed, "The n series with the least value by a function.", ranked("", false)),
		fn("highestAverage", g, best, "The n series with the greatest average.", ranked("average", true)),
		fn("highestCurrent", g, best, "The n series with the greatest last value.", ranked("last", true)),
		fn("highestMax", g, best, "The n series with the greatest maximum.", ranked("max", true)),
		fn("lowestAverage", g, best, "The n series with the least average.", ranked("average", false)),
		fn("lowestCurrent", g, best, "The n series with the least last value.", ranked("last", false)),
		fn("mostDeviant", g, best, "The n series with the greatest standard deviation.", ranked("stddev", true)),
		fn("limit", g, "seriesList:seriesList, n:integer", "The first n series.", limitSeries),
		fn("grep", g, "seriesList:seriesList, pattern:string", "The series whose name a regular expression matches.", matching(true)),
		fn("exclude", g, "seriesList:seriesList, pattern:string", "The series whose name a regular expression does not match.", matching(false)),
		fn("removeEmptySeries", g, "seriesList:seriesList, xFilesFactor:float=0", "Drops series without values, or with too small a share of them.", removeEmptySeries),
		fn("averageOutsidePercentile", g, value, "The series whose average is outside of the middle n percent of all averages.", averageOutsidePercentile),
		fn("removeBetweenPercentile", g, value, "The series that leave the middle n percent of all at some moment.", removeBetweenPercentile),
		fn("useSeriesAbove", g, "seriesList:seriesList, value:float, search:string, replace:string", "For each series whose greatest value is above a number, the one whose name has search replaced.", useSeriesAbove),
		fn("removeAboveValue", data, value, "Drops values above n.", removeValue("removeAboveValue", func(v, n float64) bool { return v > n })),
		fn("removeBelowValue", data, value, "Drops values below n.", removeValue("removeBelowValue", func(v, n float64) bool { return v < n })),
	}
}

// compares evaluates a comparison; NaN is only unequal to, or below, anything,
// as a missing value is in Graphite.
func compares(v float64, operator string, n float64) (result, known bool) {
	if math.IsNaN(v) {
		v = math.Inf(-1)
	}
	switch operator {
	case "=":
		return v == n, true
	case "!=":
		return v != n, true
	case ">":
		return v > n, true
	case ">=":
		return v >= n, true
	case "<":
		return v < n, true
	case "<=":
		return v <= n, true
	}
	return false, false
}

// keep filters the first argument.
func (c *Call) keep(f func(*Series) bool) ([]*Series, error) {
	list, err := c.series(0)
	var out []*Series
	for _, s := range list {
		if f(s) {
			out = append(out, s)
		}
	}
	return out, err
}

// filterSeries takes a series without values for one below everything, so that
// != and < keep it.
func filterSeries(c *Call) ([]*Series, error) {
	if _, known := compares(0, c.text(2), 0); !known {
		return nil, c.fail(c.argPos(2), "operator must be one of =, !=, >, >=, < and <=")
	}
	f := aggregator(c.text(1))
	return c.keep(func(s *Series) bool { ok, _ := compares(f(s.Values), c.text(2), c.num(3)); return ok })
}

// keepBy is filterSeries with all but the number fixed.
func keepBy(function, operator string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		f := aggregator(function)
		return c.keep(func(s *Series) bool { ok, _ := compares(f(s.Values), operator, c.num(1)); return ok })
	}
}

// ranked takes the first n of the series in order of a function's value; the
// function is an argument when it is not fixed.
func ranked(function string, highest bool) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		by := function
		if by == "" {
			by = c.text(2)
		}
		list, err := c.series(0)
		list = sortedBy(list, aggregator(by), highest)
		return list[:clampIndex(c.int(1), len(list))], err
	}
}

// limitSeries leaves out the last ones when the number is negative.
func limitSeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	return list[:clampIndex(c.int(1), len(list))], err
}

// matching looks for the expression anywhere in the name that is shown.
func matching(wanted bool) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		re, err := c.regexp(1)
		if err != nil {
			return nil, err
		}
		return c.keep(func(s *Series) bool { return re.MatchString(s.Name) == wanted })
	}
}

// removeEmptySeries drops a series without any value whatever the share.
func removeEmptySeries(c *Call) ([]*Series, error) {
	return c.keep(func(s *Series) bool { return enough(s.Values, len(s.Values), c.num(1)) })
}

// middle folds a percentile below 50 to the one above that leaves as much out.
func middle(n float64) float64 { return max(n, 100-n) }

// averageOutsidePercentile keeps a series without an average.
func averageOutsidePercentile(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	averages := make([]float64, len(list))
	for i, s := range list {
		averages[i] = average(s.Values)
	}
	n := middle(c.num(1))
	low, high := percentile(averages, 100-n, false), percentile(averages, n, false)
	var out []*Series
	for i, s := range list {
		if !(low < averages[i] && averages[i] < high) {
			out = append(out, s)
		}
	}
	return out, err
}

// removeBetweenPercentile compares each moment's values with each other; one
// moment outside is enough to keep a series.
func removeBetweenPercentile(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	n, outside := middle(c.num(1)), make([]bool, len(list))
	rows(list, commonGrid(list), func(_ int, row []float64) {
		low, high := percentile(row, 100-n, false), percentile(row, n, false)
		for i, v := range row {
			outside[i] = outside[i] || !math.IsNaN(v) && !(low < v && v < high)
		}
	})
	var out []*Series
	for i, s := range list {
		if outside[i] {
			out = append(out, s)
		}
	}
	return out, nil
}

// useSeriesAbove gives the series it names, not those it looked at.
func useSeriesAbove(c *Call) ([]*Series, error) {
	re, err := c.regexp(2)
	if err != nil {
		return nil, err
	}
	above, err := c.keep(func(s *Series) bool { return maximum(s.Values) > c.num(1) })
	if err != nil || len(above) == 0 {
		return nil, err
	}
	var targets []string
	for _, s := range above {
		target, err := c.substitute(re, s.Name, replacement(c.text(3)))
		if err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	return c.evalText("group("+strings.Join(targets, ",")+")", c.window)
}

// removeValue keeps values that are equal to n.
func removeValue(name string, drop func(v, n float64) bool) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		n := c.num(1)
		return c.each(func(s *Series) *Series {
			return s.mapped(name+"("+s.Name+", "+pyG(n)+")", dropping(func(v float64) bool { return drop(v, n) }))
		})
	}
}

// sortedBy orders series by a function's value; without a value comes lowest.
// Series that are equal keep their order either way.
func sortedBy(list []*Series, f aggregation, descending bool) []*Series {
	values := make(map[*Series]float64, len(list))
	for _, s := range list {
		values[s] = f(s.Values)
		if math.IsNaN(values[s]) {
			values[s] = math.Inf(-1)
		}
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *Series) int {
		if descending {
			a, b = b, a
		}
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	return list
}
