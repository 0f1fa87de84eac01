package graphite

import (
	"fmt"
	"math"
	"strings"
)

// windowFunctions look at the values before each one, those before the range
// included, for which the first argument is evaluated further back.
func windowFunctions() []Function {
	const g, window = "Calculate", "seriesList:seriesList, windowSize:intOrInterval, xFilesFactor:float?"
	table := []Function{
		fn("movingWindow", g, "seriesList:seriesList, windowSize:intOrInterval, func:aggFunc=average, xFilesFactor:float?", "A function of the values in a window that ends at each moment; values before the range are read for it.", movingWindow),
		fn("exponentialMovingAverage", g, "seriesList:seriesList, windowSize:intOrInterval", "An average in which older values weigh less and less.", exponentialMovingAverage),
		fn("stdev", g, "seriesList:seriesList, points:integer, windowTolerance:float=0.1", "The standard deviation of the last points values, where at least the given share of them is there.", stdev),
	}
	for _, one := range [...][2]string{{"Average", "average"}, {"Max", "greatest value"}, {"Median", "median"}, {"Min", "least value"}, {"Sum", "sum"}} {
		function := strings.ToLower(one[0])
		table = append(table, fn("moving"+one[0], g, window, "The "+one[1]+" of the values in a window that ends at each moment.",
			func(c *Call) ([]*Series, error) { return c.moving(function, 2) }))
	}
	return table
}

// movingWindow is named after its function: movingMax for max.
func movingWindow(c *Call) ([]*Series, error) { return c.moving(trimSeries(c.text(2)), 3) }

// lookback evaluates the first argument so that a window before the first
// value is there too.
type lookback struct {
	list []*Series
	// skip is how many values of each series lie before the range.
	skip []int
	// points is the length of the window for each series.
	points []int
}

// lookback reads windowSize further back. Further back the step may be larger;
// a window of points then needs another look.
func (c *Call) lookback() (lookback, error) {
	now, err := c.series(0)
	if err != nil || len(now) == 0 {
		return lookback{}, err
	}
	isPoints := c.args[1][0].Kind == Number || !isInterval(c.args[1][0])
	if isPoints && c.int(1) <= 0 {
		return lookback{}, c.fail(c.argPos(1), "windowSize must be at least 1 point")
	}
	seconds := int64(0)
	if !isPoints {
		if seconds, err = c.positive(1); err != nil {
			return lookback{}, err
		}
	}
	list, step := now, int64(0)
	for range 3 {
		if largest := maxStep(list); largest == step {
			break
		} else if step = largest; isPoints {
			seconds = step * int64(c.int(1))
		}
		if seconds > 1<<33 {
			return lookback{}, c.fail(c.argPos(1), "windowSize must be less than 250 years")
		}
		if list, err = c.seriesIn(0, window{c.window.from - seconds, c.window.until}); err != nil {
			return lookback{}, err
		}
		if !isPoints {
			break
		}
	}
	return c.measure(now, list, seconds, isPoints), nil
}

func maxStep(list []*Series) int64 {
	step := int64(1)
	for _, s := range list {
		step = max(step, s.Step)
	}
	return step
}

// measure says for each series where the range begins in it and how many
// values its window has.
func (c *Call) measure(now, list []*Series, seconds int64, isPoints bool) lookback {
	begin := map[string]*Series{}
	for _, s := range now {
		begin[s.Name] = s
	}
	l := lookback{list: list}
	for _, s := range list {
		points := c.int(1)
		if !isPoints {
			points = max(int(seconds/s.Step), 1)
		}
		skip := points
		if was := begin[s.Name]; was != nil && was.Step == s.Step && was.Start >= s.Start {
			skip = int((was.Start - s.Start) / s.Step)
		}
		l.points = append(l.points, points)
		l.skip = append(l.skip, min(skip, len(s.Values)))
	}
	return l
}

// windowText is the window as a name shows it.
func (c *Call) windowText() string {
	if c.args[1][0].Kind == Number {
		return pyInt(c.num(1))
	}
	return `"` + c.text(1) + `"`
}

// moving is missing where fewer values of the window are there than the
// xFilesFactor asks for: at least one.
func (c *Call) moving(function string, xffParam int) ([]*Series, error) {
	l, err := c.lookback()
	if err != nil {
		return nil, err
	}
	title := "moving" + strings.ToUpper(function[:1]) + function[1:]
	out := make([]*Series, len(l.list))
	for i, s := range l.list {
		values, err := c.slideBy(function, s, l.skip[i], l.points[i], c.share(xffParam, s))
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%s(%s,%s)", title, s.Name, c.windowText())
		out[i] = s.regridded(name, s.Start+int64(l.skip[i])*s.Step, s.Stop, s.Step, values).tagged(title, strings.Trim(c.windowText(), `"`))
	}
	return out, nil
}

// slideBy takes the quickest way for a function.
func (c *Call) slideBy(function string, s *Series, skip, points int, xff float64) ([]float64, error) {
	switch function {
	case "sum", "total":
		return c.slideSum(s, skip, points, xff, func(total float64, _ int) float64 { return total })
	case "average", "avg":
		return c.slideSum(s, skip, points, xff, func(total float64, n int) float64 { return total / float64(n) })
	}
	return c.slide(s, skip, points, aggregator(function), xff)
}

// checkEvery is how many values of a window pass between two looks at the
// context.
const checkEvery = 1 << 20

// slide applies f to the window that ends with each value from skip on.
func (c *Call) slide(s *Series, skip, points int, f aggregation, xff float64) ([]float64, error) {
	values := make([]float64, len(s.Values)-skip)
	for i, work := skip, 0; i < len(s.Values); i++ {
		if work += min(points, i+1); work > checkEvery {
			if work = 0; c.run.ctx.Err() != nil {
				return nil, c.run.ctx.Err()
			}
		}
		window := s.Values[max(i-points+1, 0) : i+1]
		values[i-skip] = missing()
		if enough(window, points, xff) {
			values[i-skip] = f(window)
		}
	}
	return values, nil
}

// slideSum is slide for sums and averages, which are carried from one window
// to the next. So that rounding does not add up, the sum is made anew now and
// then, when it is not finite, and when a value leaves that was far larger than
// what stays.
func (c *Call) slideSum(s *Series, skip, points int, xff float64, f func(total float64, n int) float64) ([]float64, error) {
	const anew, farLarger = 512, 1000
	values := make([]float64, len(s.Values)-skip)
	total, n, again := 0.0, 0, true
	for i := skip; i < len(s.Values); i++ {
		window := s.Values[max(i-points+1, 0) : i+1]
		gone := i - points
		if v := s.Values[i]; !math.IsNaN(v) {
			total, n = total+v, n+1
		}
		if gone >= 0 && !math.IsNaN(s.Values[gone]) {
			total, n = total-s.Values[gone], n-1
			again = math.Abs(s.Values[gone]) > farLarger*math.Abs(total)
		}
		if again || (i-skip)%anew == 0 || math.IsInf(total, 0) || math.IsNaN(total) {
			total, n, again = sumOrZero(sum(window)), count(window), false
		}
		values[i-skip] = missing()
		if enoughOf(n, points, xff) {
			values[i-skip] = f(total, n)
		}
	}
	return values, c.run.ctx.Err()
}

// exponentialMovingAverage begins with the plain average of the values before
// the range, which stands at the range's first moment: as in Graphite the
// curve is one step late, and one value longer.
func exponentialMovingAverage(c *Call) ([]*Series, error) {
	l, err := c.lookback()
	if err != nil {
		return nil, err
	}
	out := make([]*Series, len(l.list))
	for i, s := range l.list {
		n := float64(c.int(1))
		if c.args[1][0].Kind == String {
			n = math.Abs(float64(c.interval(1)))
		}
		weight, ema := 2/(n+1), average(s.Values[:l.skip[i]])
		if math.IsNaN(ema) {
			ema = 0
		}
		values := []float64{roundTo(ema, 6)}
		for _, v := range s.Values[l.skip[i]:] {
			if !math.IsNaN(v) {
				ema = weight*v + (1-weight)*ema
				v = roundTo(ema, 6)
			}
			values = append(values, v)
		}
		start := s.Start + int64(l.skip[i])*s.Step
		name := fmt.Sprintf("exponentialMovingAverage(%s,%s)", s.Name, c.windowText())
		out[i] = s.regridded(name, start, start+int64(len(values))*s.Step, s.Step, values).
			tagged("exponentialMovingAverage", strings.Trim(c.windowText(), `"`))
	}
	return out, nil
}

// stdev looks at what lies in the range only.
func stdev(c *Call) ([]*Series, error) {
	points, tolerance := c.int(1), c.num(2)
	if points <= 0 {
		return nil, c.fail(c.argPos(1), "points must be at least 1")
	}
	return c.eachOrFail(func(s *Series) (*Series, error) {
		values, err := c.slide(s, 0, points, deviation, tolerance)
		name := "stdev(" + s.Name + "," + pyInt(float64(points)) + ")"
		return s.derived(name, values).tagged("stdev", pyInt(float64(points))), err
	})
}
