package graphite

import (
	"math"
	"strings"
	"time"

	"patou/internal/timerange"
)

// resampleFunctions put the values of each interval into one. Of rolled-up
// slots max and min are those of the samples, not of the averages.
func resampleFunctions() []Function {
	const g = "Transform"
	return []Function{
		fn("summarize", g, "seriesList:seriesList, intervalString:interval, func:aggFunc=sum, alignToFrom:boolean=false", "One value for each interval, such as the sum of each hour.", summarize),
		fn("smartSummarize", g, "seriesList:seriesList, intervalString:interval, func:aggFunc=sum, alignTo:string?", "One value for each interval counted from the range's begin, which alignTo moves to a whole hour, day, week ….", smartSummarize),
		fn("hitcount", g, "seriesList:seriesList, intervalString:interval, alignToInterval:boolean=false", "Rates a second as hits for each interval.", hitcount),
	}
}

// bucketed makes one value for each interval from start until stop.
func (c *Call) bucketed(s *Series, name, function string, start, stop, interval int64) (*Series, error) {
	n := int((stop - start + interval - 1) / interval)
	if err := c.run.spend(max(n, 0), name); err != nil {
		return nil, err
	}
	values := make([]float64, max(n, 0))
	for k := range values {
		i, j := s.within(start+int64(k)*interval, interval)
		values[k] = s.summary(i, j, int(interval/s.Step), function)
	}
	return s.regridded(name, start, start+int64(n)*interval, interval, values), nil
}

// within are the indexes of the values from t on for an interval; when the
// interval is shorter than the step, the value that covers it.
func (s *Series) within(t, interval int64) (i, j int) {
	n := int64(len(s.Values))
	a, b := -floorDiv(s.Start-t, s.Step), -floorDiv(s.Start-t-interval, s.Step)
	if a == b {
		a = floorDiv(t-s.Start, s.Step)
		b = a + 1
	}
	return int(min(max(a, 0), n)), int(min(max(b, 0), n))
}

// summary is what a function makes of some values. The same view of the merged
// distributions is better than any function of views, so that is taken when
// the function asks for the average, or for the view by name.
func (s *Series) summary(i, j, full int, function string) float64 {
	if i >= j || !enough(s.Values[i:j], full, s.XFilesFactor) {
		return missing()
	}
	function = trimSeries(function)
	if s.sketches != nil && (function == "average" || function == "avg" || function == s.view.String()) {
		return s.viewOf(i, j)
	}
	return aggregator(function)(s.extremes(function)[i:j])
}

// summarize takes intervals that begin at multiples of their length since 1970,
// so that hours are hours; the last one may reach past the range. With
// alignToFrom they begin with the series.
func summarize(c *Call) ([]*Series, error) {
	interval, err := c.positive(1)
	if err != nil {
		return nil, err
	}
	function, fromStart := c.text(2), c.bool(3)
	return c.eachOrFail(func(s *Series) (*Series, error) {
		name := "summarize(" + s.Name + `, "` + c.text(1) + `", "` + function + `"`
		start, stop := s.Start, s.Stop
		if fromStart {
			name += ", true"
		} else {
			start, stop = timerange.Floor(start, interval), timerange.Floor(stop, interval)+interval
		}
		t, err := c.bucketed(s, name+")", function, start, stop, interval)
		if err != nil {
			return nil, err
		}
		return t.tagged("summarize", c.text(1), "summarizeFunction", function), nil
	})
}

// eachOrFail is each for what may fail.
func (c *Call) eachOrFail(f func(*Series) (*Series, error)) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	return c.eachOf(list, f)
}

func (c *Call) eachOf(list []*Series, f func(*Series) (*Series, error)) ([]*Series, error) {
	out := make([]*Series, len(list))
	for i, s := range list {
		var err error
		if err = c.run.ctx.Err(); err == nil {
			out[i], err = f(s)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// smartSummarize reads from where alignTo moves the begin to, so that the first
// interval is whole.
func smartSummarize(c *Call) ([]*Series, error) {
	interval, err := c.positive(1)
	if err != nil {
		return nil, err
	}
	w := c.window
	// Graphite once took a boolean here, which it now passes over.
	if c.given(3) && c.args[3][0].Kind == String {
		if w.from, err = c.alignTo(c.text(3)); err != nil {
			return nil, err
		}
	}
	list, err := c.seriesIn(0, w)
	if err != nil {
		return nil, err
	}
	return c.eachOf(list, func(s *Series) (*Series, error) {
		name := "smartSummarize(" + s.Name + `, "` + c.text(1) + `", "` + c.text(2) + `")`
		t, err := c.bucketed(s, name, c.text(2), s.Start, s.Stop, interval)
		if err != nil {
			return nil, err
		}
		return t.tagged("smartSummarize", c.text(1), "smartSummarizeFunction", c.text(2)), nil
	})
}

// alignTo moves the window's begin back to a whole unit in the request's zone;
// weeks3 are weeks that begin on Wednesday.
func (c *Call) alignTo(unit string) (int64, error) {
	t := time.Unix(c.window.from, 0).In(c.run.loc)
	year, month, day := t.Date()
	at := func(month time.Month, day, hour, minute int) (int64, error) {
		return time.Date(year, month, day, hour, minute, 0, 0, c.run.loc).Unix(), nil
	}
	switch {
	case strings.HasPrefix(unit, "s"):
		return c.window.from, nil
	case strings.HasPrefix(unit, "min"):
		return at(month, day, t.Hour(), t.Minute())
	case strings.HasPrefix(unit, "h"):
		return at(month, day, t.Hour(), 0)
	case strings.HasPrefix(unit, "d"):
		return at(month, day, 0, 0)
	case strings.HasPrefix(unit, "w"):
		first := 1 // Monday
		if last := unit[len(unit)-1]; '1' <= last && last <= '7' {
			first = int(last - '0')
		}
		return at(month, day-(int(t.Weekday())-first+7)%7, 0, 0)
	case strings.HasPrefix(unit, "mon"):
		return at(month, 1, 0, 0)
	case strings.HasPrefix(unit, "y"):
		return at(time.January, 1, 0, 0)
	}
	return 0, c.fail(c.argPos(3), "alignTo must be seconds, minutes, hours, days, weeks, weeks1 to weeks7, months or years")
}

// hitcount takes values for rates a second. A value that overlaps two intervals
// counts to both, by time.
func hitcount(c *Call) ([]*Series, error) {
	interval, err := c.positive(1)
	if err != nil {
		return nil, err
	}
	w := c.window
	aligned := c.bool(2)
	if aligned {
		w.from = c.floorTo(interval)
	}
	list, err := c.seriesIn(0, w)
	if err != nil {
		return nil, err
	}
	return c.eachOf(list, func(s *Series) (*Series, error) { return c.hits(s, interval, aligned) })
}

// floorTo moves the window's begin back to a whole day, hour or minute, the
// greatest that is not longer than the interval.
func (c *Call) floorTo(interval int64) int64 {
	unit := "seconds"
	switch {
	case interval >= 86400:
		unit = "days"
	case interval >= 3600:
		unit = "hours"
	case interval >= 60:
		unit = "minutes"
	}
	from, _ := c.alignTo(unit)
	return from
}

// hits spreads each value over the intervals that its step overlaps. The
// intervals end with the series unless they are aligned.
func (c *Call) hits(s *Series, interval int64, aligned bool) (*Series, error) {
	n := (s.Stop - s.Start + interval - 1) / interval
	start, name := s.Stop-n*interval, "hitcount("+s.Name+`, "`+c.text(1)+`"`
	if aligned {
		start, name = s.Start, name+", true"
	}
	if err := c.run.spend(int(n), name); err != nil {
		return nil, err
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = missing()
	}
	for i, v := range s.Values {
		if math.IsNaN(v) {
			continue
		}
		t := s.Start + int64(i)*s.Step - start
		for end := t + s.Step; t < end; {
			bucket := floorDiv(t, interval)
			until := min(end, (bucket+1)*interval)
			if bucket >= 0 && bucket < n {
				values[bucket] = sumOrZero(values[bucket]) + v*float64(until-t)
			}
			t = until
		}
	}
	return s.regridded(name+")", start, start+n*interval, interval, values).tagged("hitcount", c.text(1)), nil
}
