package graphite

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
)

// specialFunctions are those that make series of nothing stored, and those
// about how series are put together later.
func specialFunctions() []Function {
	const g, named = "Special", "name:string, step:integer=60"
	const sine, share = "name:string, amplitude:integer=1, step:integer=60", "seriesList:seriesList, xFilesFactor:float"
	return []Function{
		fn("consolidateBy", g, "seriesList:seriesList, consolidationFunc:string", "How several values become one when a graph has fewer pixels.", consolidateBy),
		fn("cumulative", g, "seriesList:seriesList", "Short for consolidateBy(…, 'sum').", cumulative),
		fn("constantLine", g, "value:float", "A line at a value.", constantLine),
		fn("fallbackSeries", g, "seriesList:seriesList, fallback:seriesList", "The second list when the first has no series.", fallbackSeries),
		fn("setXFilesFactor", g, share, "Sets the share of values that must be there when they are put together.", setXFilesFactor),
		fn("xFilesFactor", g, share, "Short for setXFilesFactor.", setXFilesFactor),
		fn("events", g, "tags:string*", "The number of events with these tags in each second; * means any.", events),
		fn("identity", "Calculate", "name:string", "The time as the value.", func(c *Call) ([]*Series, error) { return c.sampled(60, float64Of) }),
		fn("timeFunction", "Transform", named, "The time as the value.", func(c *Call) ([]*Series, error) { return c.sampled(int64(c.int(1)), float64Of) }),
		fn("time", "Transform", named, "Short for timeFunction.", func(c *Call) ([]*Series, error) { return c.sampled(int64(c.int(1)), float64Of) }),
		fn("sinFunction", "Transform", sine, "A sine of the time.", sinFunction),
		fn("sin", "Transform", sine, "Short for sinFunction.", sinFunction),
		fn("randomWalkFunction", g, named, "A walk at random, the same for the same name and range.", randomWalk),
		fn("randomWalk", g, named, "Short for randomWalkFunction.", randomWalk),
		fn("threshold", "Graph", "value:float, label:string?, color:string?", "A line at a value, with a name.", threshold),
		fn("aggregateLine", "Calculate", "seriesList:seriesList, func:aggFunc=average, keepStep:boolean=false", "A line at each series' value by a function.", aggregateLine),
	}
}

// consolidateBy overrides how a view of a distribution is merged, too.
func consolidateBy(c *Call) ([]*Series, error) {
	function := c.text(1)
	if !isConsolidation(function) {
		return nil, c.fail(c.argPos(1), "consolidationFunc must be one of "+strings.Join(consolidationNames(), ", ")+", not "+shorten(function))
	}
	return c.consolidated(function)
}

// cumulative is named as what it is short for.
func cumulative(c *Call) ([]*Series, error) { return c.consolidated("sum") }

// consolidated keeps the extremes of rolled-up slots, which a consolidation to
// max or min then shows.
func (c *Call) consolidated(function string) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		t := s.renamed("consolidateBy("+s.Name+`,"`+function+`")`).tagged("consolidateBy", function)
		t.Path, t.Consolidation, t.sketches = t.Name, function, nil
		return t
	})
}

// line is three points at a value, as Graphite draws it.
func (c *Call) line(v float64) *Series {
	w := c.window
	step := max((w.until-w.from)/2, 1)
	s := generated(pyFloat(v), w.from, w.until+1, step, []float64{v, v, v})
	s.flat = true
	return s
}

// constantLine is named by its value as a float: 5.0.
func constantLine(c *Call) ([]*Series, error) { return []*Series{c.line(c.num(0))}, nil }

// threshold takes a colour for other clients; it is not drawn with it here.
func threshold(c *Call) ([]*Series, error) {
	s := c.line(c.num(0))
	if c.given(1) {
		s = s.renamed(c.text(1))
	}
	return []*Series{s}, nil
}

// aggregateLine of a series without values is a line without values.
func aggregateLine(c *Call) ([]*Series, error) {
	f := aggregator(c.text(1))
	return c.each(func(s *Series) *Series {
		v := f(s.Values)
		text := "None"
		if !math.IsNaN(v) {
			text = pyG(v)
		}
		name := "aggregateLine(" + s.Name + ", " + text + ")"
		if c.bool(2) {
			return s.folded(name, func(int, float64) float64 { return v })
		}
		l := c.line(v)
		l.Name, l.Sources = name, s.Sources
		return l
	})
}

// fallbackSeries looks at whether there are series, not at whether they have
// values.
func fallbackSeries(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil || len(list) > 0 {
		return list, err
	}
	return c.series(1)
}

// setXFilesFactor counts from here on for these series and what is made of
// them.
func setXFilesFactor(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		t := s.tagged("xFilesFactor", pyNumber(c.num(1)))
		t.XFilesFactor = c.num(1)
		return t
	})
}

// events counts by second and adds up when a graph is narrower.
func events(c *Call) ([]*Series, error) {
	w := c.window
	name := `events("` + strings.Join(c.texts(0), `", "`) + `")`
	// A second each, but not more values than any page has pixels for.
	const most = 1 << 20
	step := (w.until-w.from)/most + 1
	n := int((w.until - w.from + step - 1) / step)
	if err := c.run.spend(n, name); err != nil {
		return nil, err
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = missing()
	}
	if source := c.run.engine.events; source != nil {
		tags := c.texts(0)
		if len(tags) == 1 && tags[0] == "*" {
			tags = nil
		}
		found, err := source.Events(c.run.ctx, w.timerange(), tags)
		if err != nil {
			return nil, c.refuse("reading events: %v", err)
		}
		for _, e := range found {
			if i := floorDiv(floorDiv(e.Time, 1e9)-w.from, step); i >= 0 && i < int64(n) {
				values[i] = 1 + sumOrZero(values[i])
			}
		}
	}
	s := generated(name, w.from, w.until, step, values)
	s.Consolidation = "sum"
	return []*Series{s}, nil
}

func sumOrZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func float64Of(t int64) float64 { return float64(t) }

// sampled makes a series of a function of the time.
func (c *Call) sampled(step int64, f func(t int64) float64) ([]*Series, error) {
	if step <= 0 {
		return nil, c.refuse("step must be at least 1 second")
	}
	w := c.window
	n := int((w.until - w.from + step - 1) / step)
	if err := c.run.spend(n, c.fn.Name); err != nil {
		return nil, err
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = f(w.from + int64(i)*step)
	}
	return []*Series{generated(c.text(0), w.from, w.until, step, values)}, nil
}

// sinFunction takes the time in seconds for radians.
func sinFunction(c *Call) ([]*Series, error) {
	return c.sampled(int64(c.int(2)), func(t int64) float64 { return math.Sin(float64(t)) * c.num(1) })
}

func randomWalk(c *Call) ([]*Series, error) {
	h := fnv.New64a()
	h.Write([]byte(c.text(0)))
	random, at := rand.New(rand.NewPCG(h.Sum64(), uint64(c.window.from))), 0.0
	return c.sampled(int64(c.int(1)), func(int64) float64 {
		at += random.Float64() - 0.5
		return at
	})
}
