package graphite

import (
	"math"
	"strings"
)

// graphFunctions are about drawing. Their names and tags are Graphite's, for
// other clients; Patou's own page draws in its own way.
func graphFunctions() []Function {
	const g, list = "Graph", "seriesList:seriesList"
	return []Function{
		fn("alpha", g, "seriesList:seriesList, alpha:float", "Draws the series translucent.", group0),
		fn("color", g, "seriesList:seriesList, theColor:string", "Draws the series in a colour.", group0),
		fn("lineWidth", g, "seriesList:seriesList, width:float", "Draws the series with a line of this width.", group0),
		fn("dashed", g, "seriesList:seriesList, dashLength:float=5", "Draws the series with a dashed line.", dashed),
		fn("drawAsInfinite", g, list, "Draws a line over the full height wherever the value is not 0.", drawAs("drawAsInfinite")),
		fn("secondYAxis", g, list, "Draws the series against an axis of its own.", drawAs("secondYAxis")),
		fn("areaBetween", g, list, "Fills the area between two series.", areaBetween),
		fn("stacked", g, "seriesList:seriesList, stack:string=__DEFAULT__", "Draws the series on top of each other.", stacked),
		fn("verticalLine", g, "ts:date, label:string?, color:string?", "A line over the full height at a time.", verticalLine),
	}
}

// group0 leaves the series as they are: how they are drawn is the page's
// business.
func group0(c *Call) ([]*Series, error) { return c.series(0) }

// dashed shows the length in the name, as Graphite does.
func dashed(c *Call) ([]*Series, error) {
	n := pyG(c.num(1))
	return c.each(func(s *Series) *Series { return s.renamed("dashed("+s.Name+", "+n+")").tagged("dashed", n) })
}

// drawAs marks series by a name and a tag.
func drawAs(name string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		return c.each(func(s *Series) *Series { return s.renamed(name+"("+s.Name+")").tagged(name, "1") })
	}
}

// areaBetween names both series by the path of the upper one, whose tags the
// lower one gets too.
func areaBetween(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	if len(list) != 2 {
		return nil, c.refuse("needs two series, but there are %d", len(list))
	}
	upper := list[1].renamed("areaBetween("+list[1].Path+")").tagged("areaBetween", "1")
	lower := list[0].renamed(upper.Name)
	lower.Tags = upper.Tags
	return []*Series{lower, upper}, nil
}

// stacked adds to each series those before it, also of earlier calls of the
// request under the same name.
func stacked(c *Call) ([]*Series, error) {
	stack, named := c.text(1), c.given(1)
	return c.each(func(s *Series) *Series {
		total := c.run.stacks[stack]
		values := make([]float64, len(s.Values))
		for i, v := range s.Values {
			values[i] = v
			if !math.IsNaN(v) && i < len(total) {
				values[i] += total[i]
			}
		}
		c.run.stacks[stack] = carried(values, total)
		name := s.Name
		if !named {
			name = "stacked(" + s.Name + ")"
		}
		t := s.derived(name, values)
		t.Path = s.Path
		if !named {
			t = t.tagged("stacked", stack)
		}
		return t
	})
}

// carried is the total after a series; where it has no value the one before
// stays.
func carried(values, before []float64) []float64 {
	out := make([]float64, max(len(values), len(before)))
	copy(out, before)
	for i, v := range values {
		if !math.IsNaN(v) {
			out[i] = v
		}
	}
	return out
}

// verticalLine outside of the range is an error, as in Graphite.
func verticalLine(c *Call) ([]*Series, error) {
	t, err := c.date(0, 0)
	if err != nil {
		return nil, err
	}
	if t < c.window.from || t > c.window.until {
		return nil, c.refuse("the time %s is not within the range that is drawn", strings.TrimSpace(c.text(0)))
	}
	name := c.text(1)
	if name == "" {
		name = c.text(0)
	}
	return []*Series{generated(name, t, t+2, 1, []float64{1, 1})}, nil
}
