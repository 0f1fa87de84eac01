package graphite

import (
	"fmt"
	"strings"
	"time"
)

// shiftFunctions show values at another time than theirs.
func shiftFunctions() []Function {
	const g = "Transform"
	return []Function{
		fn("timeShift", g, "seriesList:seriesList, timeShift:interval, resetEnd:boolean=true, alignDst:boolean=false", "The series of another time, drawn over this one; '1d' is a day ago.", timeShift),
		fn("timeStack", g, "seriesList:seriesList, timeShiftUnit:interval=1d, timeShiftStart:integer=0, timeShiftEnd:integer=7", "The series of several times drawn over each other.", timeStack),
		fn("timeSlice", g, "seriesList:seriesList, startSliceAt:date, endSliceAt:date=now", "Only the values between two times.", timeSlice),
		fn("delay", g, "seriesList:seriesList, steps:integer", "Moves the values by so many steps within the range.", delay),
	}
}

// moved brings a series that was read in another window to this one. Times
// keep their distance; where the other time is kept at a coarser step, so does
// the moved series.
func (s *Series) moved(name string, by int64) *Series {
	c := *s
	c.Name, c.Path = name, name
	c.Start, c.Stop = s.Start-by, s.Stop-by
	return &c
}

// maxShift keeps times within what a time can be.
const maxShift = int64(200 * 365 * 24 * time.Hour / time.Second)

// shift reads an interval whose sign may be left out: it is the past then. The
// text is what names show.
func (c *Call) shift(i int) (int64, string, error) {
	text := c.text(i)
	by := c.interval(i)
	if !strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "+") {
		by, text = -by, "-"+text
	}
	if by > maxShift || by < -maxShift {
		return 0, "", c.fail(c.argPos(i), "must be less than 200 years")
	}
	return by, text, nil
}

// timeShift gives what was there at the other time; what is not there now but
// was then is shown too.
func timeShift(c *Call) ([]*Series, error) {
	by, text, err := c.shift(1)
	if err != nil {
		return nil, err
	}
	if c.bool(3) {
		by += c.dstBetween(by)
	}
	list, err := c.seriesIn(0, c.window.shifted(by))
	if err != nil {
		return nil, err
	}
	return c.eachOf(list, func(s *Series) (*Series, error) {
		return s.moved("timeShift("+s.Name+`, "`+text+`")`, by).tagged("timeShift", text), nil
	})
}

// dstBetween is what to add so that the same hours of the day are compared
// when one of the two ranges lies in daylight saving time and the other not.
func (c *Call) dstBetween(by int64) int64 {
	offset := func(t int64) int64 {
		_, seconds := time.Unix(t, 0).In(c.run.loc).Zone()
		return int64(seconds)
	}
	w, other := c.window, c.window.shifted(by)
	if offset(w.from) != offset(w.until) || offset(other.from) != offset(other.until) {
		return 0
	}
	return offset(w.from) - offset(other.from)
}

// timeStack leaves the last number out: 0 to 7 are seven series.
func timeStack(c *Call) ([]*Series, error) {
	unit, text, err := c.shift(1)
	if err != nil {
		return nil, err
	}
	var out []*Series
	for n := c.int(2); n < c.int(3); n++ {
		if far := int64(max(n, -n)); far > 0 && max(unit, -unit) > maxShift/far {
			return nil, c.refuse("shifts must be less than 200 years")
		}
		by := unit * int64(n)
		if c.run.calls--; c.run.calls < 0 {
			return nil, &LimitError{What: "function calls", Limit: c.run.engine.limits.Calls, Where: c.fn.Name}
		}
		list, err := c.seriesIn(0, c.window.shifted(by))
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			t := s.moved(fmt.Sprintf("timeShift(%s, %s, %d)", s.Name, text, n), by)
			out = append(out, t.tagged("timeShiftUnit", text, "timeShift", pyInt(float64(n))))
		}
	}
	return out, nil
}

// timeSlice takes its times relative to the request's now.
func timeSlice(c *Call) ([]*Series, error) {
	from, err := c.date(1, 0)
	if err != nil {
		return nil, err
	}
	until, err := c.date(2, c.run.req.Now.Unix())
	if err != nil {
		return nil, err
	}
	return c.each(func(s *Series) *Series {
		return s.folded(fmt.Sprintf("timeSlice(%s, %d, %d)", s.Name, from, until), func(i int, v float64) float64 {
			if t := s.Start + int64(i)*s.Step; t < from || t > until {
				return missing()
			}
			return v
		}).tagged("timeSliceStart", pyInt(float64(from)), "timeSliceEnd", pyInt(float64(until)))
	})
}

// delay keeps the series' length; what is moved out of it is lost.
func delay(c *Call) ([]*Series, error) {
	steps := c.int(1)
	return c.each(func(s *Series) *Series {
		name := "delay(" + s.Name + "," + pyInt(float64(steps)) + ")"
		return s.folded(name, func(i int, _ float64) float64 {
			if from := i - steps; from >= 0 && from < len(s.Values) {
				return s.Values[from]
			}
			return missing()
		}).tagged("delay", pyInt(float64(steps)))
	})
}

// linearFit is the line through values by least squares; ok is false with
// fewer than two values.
func linearFit(s *Series) (slope, intercept float64, ok bool) {
	n, sumX, sumY, sumXX, sumXY := 0.0, 0.0, 0.0, 0.0, 0.0
	for i, v := range s.Values {
		if v == v {
			x := float64(i)
			n, sumX, sumY, sumXX, sumXY = n+1, sumX+x, sumY+v, sumXX+x*x, sumXY+x*v
		}
	}
	d := n*sumXX - sumX*sumX
	if d == 0 {
		return 0, 0, false
	}
	slope = (n*sumXY - sumX*sumY) / d
	return slope, (sumY - slope*sumX) / n, true
}

// linearRegression leaves out series that have fewer than two values to find a
// line by.
func linearRegression(c *Call) ([]*Series, error) {
	w := c.window
	var err error
	if w.from, err = c.date(1, w.from); err == nil {
		w.until, err = c.date(2, w.until)
	}
	if err != nil {
		return nil, err
	}
	if w.from >= w.until {
		return nil, c.refuse("endSourceAt must be after startSourceAt")
	}
	source, err := c.seriesIn(0, w)
	if err != nil {
		return nil, err
	}
	fits := map[string]*Series{}
	for _, s := range source {
		fits[s.Name] = s
	}
	var out []*Series
	list, err := c.series(0)
	for _, s := range list {
		from := fits[s.Name]
		if from == nil {
			continue
		}
		slope, intercept, ok := linearFit(from)
		if !ok {
			continue
		}
		times := fmt.Sprintf("%d, %d", w.from, w.until)
		t := s.folded("linearRegression("+s.Name+", "+times+")", func(i int, _ float64) float64 {
			return intercept + slope*float64(s.Start+int64(i)*s.Step-from.Start)/float64(from.Step)
		})
		out = append(out, t.tagged("linearRegressions", times))
	}
	return out, err
}
