package graphite

import (
	"math"
)

// calculateFunctions forecast. The arithmetic is Graphite's, with its fixed
// weights, so that known graphs look the same.
func calculateFunctions() []Function {
	const g = "Calculate"
	const season = "bootstrapInterval:interval=7d, seasonality:interval=1d"
	const band = "seriesList:seriesList, delta:float=3, " + season
	return []Function{
		fn("linearRegression", g, "seriesList:seriesList, startSourceAt:date?, endSourceAt:date?", "The straight line that fits best, found in another range if one is given.", linearRegression),
		fn("holtWintersForecast", g, "seriesList:seriesList, "+season, "What the values before let expect, with a season.", func(c *Call) ([]*Series, error) { return c.forecasts(1, forecastOnly) }),
		fn("holtWintersConfidenceBands", g, band, "The range around the forecast in which values are usual.", func(c *Call) ([]*Series, error) { return c.forecasts(2, bands) }),
		fn("holtWintersConfidenceArea", g, band, "The same range, to be filled.", func(c *Call) ([]*Series, error) { return c.forecasts(2, area) }),
		fn("holtWintersAberration", g, band, "How far values are outside of the usual range.", func(c *Call) ([]*Series, error) { return c.forecasts(2, aberration) }),
	}
}

// forecast is what Holt-Winters makes of a series: the value expected at each
// moment, and the deviation that is usual there.
type forecast struct {
	actual, expected, deviation *Series
}

// The smoothing of level and season, and of trend, as Graphite fixes them.
const (
	smoothing = 0.1
	trending  = 0.0035
)

// holtWinters walks over the values once. Level, trend and season adapt to
// each value; a gap interrupts the forecast but not the season.
func holtWinters(values []float64, season int) (expected, deviation []float64) {
	n := len(values)
	expected, deviation = make([]float64, n), make([]float64, n)
	seasonal := make([]float64, n)
	past := func(list []float64, i int) float64 {
		if i -= season; i < 0 {
			return 0
		}
		return list[i]
	}
	level, trend, next := missing(), 0.0, missing()
	for i, v := range values {
		expected[i] = next
		if i == 0 {
			expected[i] = v
		}
		if math.IsNaN(v) {
			level, trend, next = missing(), 0, missing()
			continue
		}
		before := level
		if math.IsNaN(before) {
			before = v
		}
		level = smoothing*(v-past(seasonal, i)) + (1-smoothing)*(before+trend)
		trend = trending*(level-before) + (1-trending)*trend
		seasonal[i] = smoothing*(v-level) + (1-smoothing)*past(seasonal, i)
		// What is expected next takes the season of one step on.
		ahead := 0.0
		if i+1 >= season {
			ahead = seasonal[i+1-season]
		}
		next = level + trend + ahead
		deviation[i] = smoothing*math.Abs(v-sumOrZero(expected[i])) + (1-smoothing)*past(deviation, i)
	}
	return expected, deviation
}

// forecasts learns from bootstrapInterval before the range and cuts that off;
// param is the place of the intervals among the parameters.
func (c *Call) forecasts(param int, f func(*Call, forecast) ([]*Series, error)) ([]*Series, error) {
	bootstrap, err := c.positive(param)
	if err != nil {
		return nil, err
	}
	season, err := c.positive(param + 1)
	if err != nil {
		return nil, err
	}
	list, err := c.seriesIn(0, window{c.window.from - bootstrap, c.window.until})
	if err != nil {
		return nil, err
	}
	var out []*Series
	for _, s := range list {
		found, err := f(c, c.forecast(s, bootstrap, season))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, c.run.ctx.Err()
}

func (c *Call) forecast(s *Series, bootstrap, season int64) forecast {
	expected, deviation := holtWinters(s.Values, max(int(season/s.Step), 2))
	cut := min(int(bootstrap/s.Step), len(s.Values))
	start := s.Start + int64(cut)*s.Step
	part := func(name string, values []float64) *Series {
		return s.regridded(name, start, s.Stop, s.Step, values[cut:])
	}
	return forecast{
		actual:    part(s.Name, s.Values),
		expected:  part("holtWintersForecast("+s.Name+")", expected).tagged("holtWintersForecast", "1", "holtWintersDeviation", "1"),
		deviation: part("holtWintersDeviation("+s.Name+")", deviation),
	}
}

// forecastOnly shows what is expected.
func forecastOnly(_ *Call, f forecast) ([]*Series, error) { return []*Series{f.expected}, nil }

// band is the forecast moved by some deviations; missing where either is.
func (f forecast) band(name string, delta float64) *Series {
	return f.expected.folded(name+"("+f.actual.Name+")", func(i int, v float64) float64 { return v + delta*f.deviation.Values[i] })
}

// bands are the lower one first.
func bands(c *Call, f forecast) ([]*Series, error) {
	lower, upper := f.band("holtWintersConfidenceLower", -c.num(1)), f.band("holtWintersConfidenceUpper", c.num(1))
	tags := []string{"holtWintersConfidenceUpper", "1", "holtWintersConfidenceLower", "1"}
	return []*Series{lower.tagged(tags...), upper.tagged(tags...)}, nil
}

// area are both bands under the name of the upper one.
func area(c *Call, f forecast) ([]*Series, error) {
	list, err := bands(c, f)
	for i, s := range list {
		list[i] = s.renamed("areaBetween("+list[1].Path+")").tagged("areaBetween", "1")
	}
	return list, err
}

// aberration is 0 within the bands, and where a value or the forecast is
// missing.
func aberration(c *Call, f forecast) ([]*Series, error) {
	list, err := bands(c, f)
	lower, upper := list[0], list[1]
	s := f.actual.folded("holtWintersAberration("+f.actual.Name+")", func(i int, v float64) float64 {
		switch {
		case v > upper.Values[i]:
			return v - upper.Values[i]
		case v < lower.Values[i]:
			return v - lower.Values[i]
		}
		return 0
	})
	return []*Series{s.tagged("holtWintersAberration", "1")}, err
}
