package graphite

import (
	"regexp"
	"slices"
	"strings"
)

// sortFunctions order series; equal ones keep their order.
func sortFunctions() []Function {
	const g, list = "Sorting", "seriesList:seriesList"
	return []Function{
		fn("sortBy", g, "seriesList:seriesList, func:aggFunc=average, reverse:boolean=false", "Orders the series by a function's value.", sortBy),
		fn("sortByMaxima", g, list, "Orders the series by their greatest value, greatest first.", sortedDown("max")),
		fn("sortByTotal", g, list, "Orders the series by their sum, greatest first.", sortedDown("sum")),
		fn("sortByMinima", g, list, "Orders the series by their least value, least first; those never above 0 are dropped.", sortByMinima),
		fn("sortByName", g, "seriesList:seriesList, natural:boolean=false, reverse:boolean=false", "Orders the series by name; naturally, numbers in names count as numbers.", sortByName),
	}
}

// sortBy puts series without values first, or last in reverse.
func sortBy(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	return sortedBy(list, aggregator(c.text(1)), c.bool(2)), err
}

// sortedDown is sortBy, greatest first, with a fixed function.
func sortedDown(function string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		list, err := c.series(0)
		return sortedBy(list, aggregator(function), true), err
	}
}

// sortByMinima leaves out what a graph of sizes would not show.
func sortByMinima(c *Call) ([]*Series, error) {
	list, err := c.keep(func(s *Series) bool { return maximum(s.Values) > 0 })
	return sortedBy(list, minimum, false), err
}

// sortByName compares bytes, with numbers filled up to ten digits if asked.
func sortByName(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	key := func(name string) string { return name }
	if c.bool(1) {
		digits := regexp.MustCompile(`\d+`)
		key = func(name string) string {
			return digits.ReplaceAllStringFunc(name, func(d string) string { return strings.Repeat("0", max(10-len(d), 0)) + d })
		}
	}
	keys := map[*Series]string{}
	for _, s := range list {
		keys[s] = key(s.Name)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *Series) int {
		if c.bool(2) {
			a, b = b, a
		}
		return strings.Compare(keys[a], keys[b])
	})
	return list, err
}
