package graphite

import (
	"slices"
	"strings"

	"patou/internal/metric"
)

// groupFunctions part series by nodes or tags. Groups come in the order in
// which their first series does.
func groupFunctions() []Function {
	const g = "Combine"
	const lists, nodes = "seriesLists:seriesLists, reduceFunction:string, reduceNode:node, reduceMatchers:string*", "seriesList:seriesList, mapNodes:nodeOrTag*"
	return []Function{
		fn("groupByNode", g, "seriesList:seriesList, nodeNum:nodeOrTag, callback:aggOrSeriesFunc=average", "Puts the series that have the same node into one.", groupByNode),
		fn("groupByNodes", g, "seriesList:seriesList, callback:aggOrSeriesFunc, nodes:nodeOrTag*?", "Puts the series that have the same nodes into one.", groupByNodes),
		fn("groupByTags", g, "seriesList:seriesList, callback:aggOrSeriesFunc, tags:tag*", "Puts the series that have the same values of these tags into one.", groupByTags),
		fn("applyByNode", g, "seriesList:seriesList, nodeNum:node, templateFunction:string, newName:string?", "Evaluates a target for each beginning of the names up to a node; % stands for it.", applyByNode),
		fn("mapSeries", g, nodes, "Parts the series into a list for each value of the nodes, for reduceSeries.", mapSeries),
		fn("map", g, nodes, "Short for mapSeries.", mapSeries),
		fn("reduceSeries", g, lists, "Applies a function to the series of each list that have the matchers at a node, in the matchers' order.", reduceSeries),
		fn("reduce", g, lists, "Short for reduceSeries.", reduceSeries),
		fn("seriesByTag", "Special", "tagExpressions:string*", "The series whose tags satisfy all expressions: tag=value, tag!=value, tag=~regexp, tag!=~regexp.", seriesByTag),
	}
}

// callback is the aggregation at parameter i.
func (c *Call) callback(i int) (string, error) {
	name := c.text(i)
	if !isAggregation(name) {
		return "", c.fail(c.argPos(i), "callback must be one of "+strings.Join(aggregationNames(), ", ")+", not "+shorten(name))
	}
	return name, nil
}

// groupByNode names each group by its node.
func groupByNode(c *Call) ([]*Series, error) { return c.grouped(2, c.nodes(1)) }

// groupByNodes without nodes makes one group, whose name is empty.
func groupByNodes(c *Call) ([]*Series, error) { return c.grouped(1, c.nodes(2)) }

// grouped puts each group of series with the same nodes into one.
func (c *Call) grouped(callback int, nodes []node) ([]*Series, error) {
	function, err := c.callback(callback)
	if err != nil {
		return nil, err
	}
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	return c.aggregateGroups(groupBy(list, func(s *Series) string { return nodeKey(s, nodes) }), function)
}

// groupByTags names its groups as tagged series.
func groupByTags(c *Call) ([]*Series, error) {
	function, err := c.callback(1)
	if err != nil {
		return nil, err
	}
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	tags := slices.DeleteFunc(c.texts(2), func(t string) bool { return t == "name" })
	byName := len(tags) < len(c.args[2])
	slices.Sort(tags)
	shared := commonTags(list, "")["name"]
	if shared == "" {
		shared = function
	}
	out, err := c.aggregateGroups(groupBy(list, func(s *Series) string {
		key := shared
		if byName {
			key = s.Tags["name"]
		}
		for _, t := range tags {
			key += ";" + t + "=" + s.Tags[t]
		}
		return key
	}), function)
	for i, s := range out {
		out[i] = s.renamed(s.Name)
		out[i].Path, out[i].Tags = s.Name, tagsOf(s.Name)
	}
	return out, err
}

// applyByNode evaluates its target once for each distinct prefix, in order of
// the prefixes.
func applyByNode(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	var prefixes []string
	for _, s := range list {
		parts := strings.Split(s.Name, ".")
		prefixes = append(prefixes, strings.Join(parts[:clampIndex(c.int(1)+1, len(parts))], "."))
	}
	slices.Sort(prefixes)
	var out []*Series
	for _, prefix := range slices.Compact(prefixes) {
		found, err := c.evalText(strings.ReplaceAll(c.text(2), "%", prefix), c.window)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if c.given(3) {
				s = s.renamed(strings.ReplaceAll(c.text(3), "%", prefix))
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// mapped are the groups that mapSeries makes.
func (c *Call) mapped() (groups, error) {
	list, err := c.series(0)
	nodes := c.nodes(1)
	return groupBy(list, func(s *Series) string { return nodeKey(s, nodes) }), err
}

// mapSeries by itself gives its lists one after the other.
func mapSeries(c *Call) ([]*Series, error) {
	g, err := c.mapped()
	var all []*Series
	for _, key := range g.keys {
		all = append(all, g.list[key]...)
	}
	return all, err
}

// lists are the lists of series that an argument gives: those of mapSeries, or
// the one of any other expression.
func (c *Call) lists(i int) ([][]*Series, error) {
	x := c.args[i][0]
	if x.Kind != CallExpr || x.Text != "mapSeries" && x.Text != "map" {
		list, err := c.series(i)
		return [][]*Series{list}, err
	}
	inner, err := c.run.bind(x, c.window)
	if err != nil {
		return nil, err
	}
	g, err := inner.mapped()
	var all [][]*Series
	for _, key := range g.keys {
		all = append(all, g.list[key])
	}
	return all, err
}

// reduceSeries needs a series for each matcher wherever there is one for any:
// a function of two series makes no sense of one.
func reduceSeries(c *Call) ([]*Series, error) {
	lists, err := c.lists(0)
	if err != nil {
		return nil, err
	}
	function, at, matchers := c.text(1), c.int(2), c.texts(3)
	found := groups{list: map[string][]*Series{}}
	for _, list := range lists {
		for _, s := range list {
			found.place(s, at, function, matchers)
		}
	}
	var out []*Series
	for _, key := range found.keys {
		for i, s := range found.list[key] {
			if s == nil {
				return nil, c.refuse("%s has no series with %q at node %d", key, matchers[i], at)
			}
		}
		list, err := c.applyTo(function, found.list[key])
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out = append(out, s.renamed(key))
		}
	}
	return out, nil
}

// place files a series under its nodes before the matched one, at the place of
// the matcher it satisfies.
func (g *groups) place(s *Series, node int, function string, matchers []string) {
	parts := strings.Split(s.Name, ".")
	if node < 0 {
		node += len(parts)
	}
	part, ok := at(parts, node)
	which := slices.Index(matchers, part)
	if !ok || which < 0 {
		return
	}
	key := strings.Join(parts[:node], ".") + ".reduce." + function
	if g.list[key] == nil {
		g.keys = append(g.keys, key)
		g.list[key] = make([]*Series, len(matchers))
	}
	g.list[key][which] = s
}

// applyTo calls a function of the table with one series an argument.
func (c *Call) applyTo(function string, list []*Series) ([]*Series, error) {
	// The series are handed over as reads of their own names.
	x := &Expr{Kind: CallExpr, Text: function, Pos: c.expr.Pos}
	sub := *c.run
	sub.reads = map[readKey][]*Series{}
	for i, s := range list {
		path := "$" + pyInt(float64(i))
		sub.reads[readKey{path, c.window}] = []*Series{s}
		x.Args = append(x.Args, &Expr{Kind: Path, Text: path, Pos: c.expr.Pos})
	}
	out, err := sub.eval(x, c.window)
	c.run.points, c.run.calls, c.run.work = sub.points, sub.calls, sub.work
	return out, err
}

// seriesByTag shows its own text as the path in names of aggregates.
func seriesByTag(c *Call) ([]*Series, error) {
	source, ok := c.run.engine.source.(TagSource)
	if !ok {
		return nil, c.refuse("series are not found by their tags here yet: ask for name;tag=value as it is stored")
	}
	return c.run.tagged(source, c.texts(0), c.expr.String(), c.window)
}

// mergeDistributions answers the view of all observations together. The series
// must be the same view on the same grid after bringing them together.
func mergeDistributions(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for _, s := range list {
		if s.sketches == nil || s.view != list[0].view {
			return nil, c.refuse("%s is not the same view of a distribution as the others, or not as it is stored", shorten(s.Name))
		}
	}
	g := commonGrid(list)
	name := "mergeDistributions(" + paths(list) + ")"
	if err := c.run.spend(g.len(), name); err != nil {
		return nil, err
	}
	merged := make([]*metric.Sketch, g.len())
	for _, s := range list {
		s.mergeOnto(merged, g)
	}
	values := make([]float64, g.len())
	for i, sk := range merged {
		values[i] = list[0].view.Of(sk)
	}
	s := common(list, name, g, values)
	s.sketches, s.view = merged, list[0].view
	return []*Series{s}, nil
}

// mergeOnto adds a series' observations to the slots of a grid.
func (s *Series) mergeOnto(merged []*metric.Sketch, g grid) {
	for i, sk := range s.sketches {
		slot := int((s.Start + int64(i)*s.Step - g.start) / g.step)
		if sk == nil || slot >= len(merged) {
			continue
		}
		if merged[slot] == nil {
			merged[slot] = &metric.Sketch{}
		}
		merged[slot].Merge(sk)
	}
}
