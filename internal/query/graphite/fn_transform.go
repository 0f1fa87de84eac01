package graphite

import (
	"math"
	"strconv"
)

// transformFunctions compute each value from the one at its place, or from
// those before. A missing value stays missing but where a function is made to
// fill it.
func transformFunctions() []Function {
	const g, list, factor = "Transform", "seriesList:seriesList", "seriesList:seriesList, factor:float"
	const counter = "seriesList:seriesList, maxValue:float?, minValue:float?"
	return []Function{
		fn("absolute", g, list, "The values without their sign.", pointwise("absolute", "1", math.Abs)),
		fn("exp", g, list, "e to the power of the values.", pointwise("exp", "e", math.Exp)),
		fn("sigmoid", g, list, "1/(1+exp(-v)).", pointwise("sigmoid", "sigmoid", func(v float64) float64 { return 1 / (1 + math.Exp(-v)) })),
		fn("logit", g, list, "log(v/(1-v)); nothing outside of 0 to 1.", pointwise("logit", "logit", func(v float64) float64 { return math.Log(v / (1 - v)) })),
		fn("squareRoot", g, list, "The square root.", pointwise("squareRoot", "1", math.Sqrt)),
		fn("invert", g, list, "1/v; nothing for 0.", pointwise("invert", "1", func(v float64) float64 { return quotient(1, v) })),
		fn("add", g, "seriesList:seriesList, constant:float", "Adds a number.", withNumber("add", pyInt, pyNumber, func(v, n float64) float64 { return v + n })),
		fn("scale", g, factor, "Multiplies by a number.", withNumber("scale", pyG, pyNumber, func(v, n float64) float64 { return v * n })),
		fn("offset", g, factor, "Adds a number.", withNumber("offset", pyG, pyNumber, func(v, n float64) float64 { return v + n })),
		fn("pow", g, factor, "To the power of a number.", withNumber("pow", pyG, pyFloat, math.Pow)),
		fn("log", g, "seriesList:seriesList, base:float=10", "The logarithm; nothing for 0 and below.", logarithm),
		fn("round", g, "seriesList:seriesList, precision:integer?", "Rounds to decimals, or to tens and hundreds when precision is negative.", roundSeries),
		fn("scaleToSeconds", g, "seriesList:seriesList, seconds:float", "Values per step as values per so many seconds.", scaleToSeconds),
		fn("minMax", g, list, "Scales each series to 0 to 1.", minMax),
		fn("offsetToZero", g, list, "Moves each series so that its least value is 0.", offsetToZero),
		fn("derivative", g, list, "The change from one value to the next.", derivative),
		fn("nonNegativeDerivative", g, counter, "The growth of a counter; a value that falls was a restart, or a wrap at maxValue.", counterGrowth("nonNegativeDerivative", false)),
		fn("perSecond", g, counter, "The growth of a counter a second.", counterGrowth("perSecond", true)),
		fn("integral", g, list, "The sum of all values so far.", integral),
		fn("integralByInterval", g, "seriesList:seriesList, intervalUnit:interval", "The sum of the values so far in each interval from the range's begin.", integralByInterval),
		fn("interpolate", g, "seriesList:seriesList, limit:intOrInf=inf", "Fills gaps of at most limit values with a straight line.", interpolate),
		fn("keepLastValue", g, "seriesList:seriesList, limit:intOrInf=inf", "Fills gaps of at most limit values with the value before.", keepLastValue),
		fn("isNonNull", g, list, "1 where there is a value, else 0.", isNonNull),
		fn("transformNull", g, "seriesList:seriesList, default:float=0, referenceSeries:seriesList?", "Puts a number where there is no value, with a reference only where that has one.", transformNull),
		fn("changed", "Special", list, "1 where the value differs from the one before, else 0.", changed),
		fn("compressPeriodicGaps", g, list, "Takes out regular gaps of a series that is stored at a finer step than it is sent.", compressPeriodicGaps),
	}
}

// pyNumber writes a number as Python's str does of what a parameter was given
// as: an integer stays one.
func pyNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return pyInt(v)
	}
	return pyFloat(v)
}

// pointwise is a function of the value alone; what is no number, as the root of
// -1, is missing.
func pointwise(name, tag string, f func(float64) float64) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		return c.each(func(s *Series) *Series {
			return s.mapped(name+"("+s.Name+")", func(v float64) float64 { return finite(f(v)) }).tagged(name, tag)
		})
	}
}

// withNumber is a function of the value and a number. The name and the tag show
// the number in the ways Graphite does, which differ.
func withNumber(name string, inName, inTag func(float64) string, f func(v, n float64) float64) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		n := c.num(1)
		return c.each(func(s *Series) *Series {
			full := name + "(" + s.Name + "," + inName(n) + ")"
			return s.mapped(full, func(v float64) float64 { return finite(f(v, n)) }).tagged(name, inTag(n))
		})
	}
}

// logarithm of 0 and below is missing.
func logarithm(c *Call) ([]*Series, error) {
	base := c.num(1)
	if base <= 0 || base == 1 {
		return nil, c.fail(c.argPos(1), "base must be above 0 and not 1")
	}
	of := func(v float64) float64 { return math.Log(v) / math.Log(base) }
	switch base {
	case 10:
		of = math.Log10
	case 2:
		of = math.Log2
	}
	return c.each(func(s *Series) *Series {
		return s.mapped("log("+s.Name+", "+pyG(base)+")", func(v float64) float64 {
			if v <= 0 {
				return missing()
			}
			return of(v)
		}).tagged("log", pyG(base))
	})
}

// roundTo rounds half to even on the decimal form, as Python does.
func roundTo(v float64, precision int) float64 {
	switch {
	case precision > 15 || math.Abs(v) > 1e15:
		return v
	case precision >= 0:
		r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', precision, 64), 64)
		return r
	}
	unit := math.Pow(10, float64(-max(precision, -300)))
	return math.RoundToEven(v/unit) * unit
}

// roundSeries shows the precision only when it was given.
func roundSeries(c *Call) ([]*Series, error) {
	precision := c.int(1)
	return c.each(func(s *Series) *Series {
		name := "round(" + s.Name + ")"
		if c.given(1) {
			name = "round(" + s.Name + "," + pyG(float64(precision)) + ")"
		}
		return s.mapped(name, func(v float64) float64 { return roundTo(v, precision) }).tagged("round", pyInt(float64(precision)))
	})
}

// scaleToSeconds rounds to six decimals, as perSecond does.
func scaleToSeconds(c *Call) ([]*Series, error) {
	seconds := c.num(1)
	return c.each(func(s *Series) *Series {
		factor := seconds / float64(s.Step)
		name := "scaleToSeconds(" + s.Name + "," + pyInt(seconds) + ")"
		return s.mapped(name, func(v float64) float64 { return roundTo(v*factor, 6) }).tagged("scaleToSeconds", pyFloat(seconds))
	})
}

// minMax of a series that never changes is 0.
func minMax(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		least, most := minimum(s.Values), maximum(s.Values)
		return s.mapped("minMax("+s.Name+")", func(v float64) float64 {
			if most == least {
				return 0
			}
			return (v - least) / (most - least)
		})
	})
}

// offsetToZero shows in its tag what it took off.
func offsetToZero(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		least := minimum(s.Values)
		return s.mapped("offsetToZero("+s.Name+")", func(v float64) float64 { return v - least }).tagged("offsetToZero", pyNumber(least))
	})
}

// folded walks over the values in order, gaps included.
func (s *Series) folded(name string, f func(i int, v float64) float64) *Series {
	values := make([]float64, len(s.Values))
	for i, v := range s.Values {
		values[i] = f(i, v)
	}
	return s.derived(name, values)
}

// derivative is missing after a gap: two values in a row are needed.
func derivative(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		before := missing()
		return s.folded("derivative("+s.Name+")", func(_ int, v float64) float64 {
			d := v - before
			before = v
			return d
		}).tagged("derivative", "1")
	})
}

// counterGrowth needs two values in a row that are there and within bounds.
func counterGrowth(name string, second bool) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		most, least := missing(), missing()
		if c.given(1) {
			most = c.num(1)
		}
		if c.given(2) {
			least = c.num(2)
		}
		return c.each(func(s *Series) *Series {
			before := missing()
			return s.folded(name+"("+s.Name+")", func(_ int, v float64) float64 {
				d := growth(before, v, most, least)
				before = v
				if v > most || v < least {
					before = missing()
				}
				if second {
					d = roundTo(d/float64(s.Step), 6)
				}
				return d
			}).tagged(name, "1")
		})
	}
}

// growth of a counter from one value to the next, NaN where it is not known;
// most and least are NaN when there are none.
func growth(before, v, most, least float64) float64 {
	switch {
	case math.IsNaN(before) || math.IsNaN(v) || v > most || v < least:
		return missing()
	case v >= before:
		return v - before
	case !math.IsNaN(most):
		d := most + 1 + v - before
		if !math.IsNaN(least) {
			d -= least
		}
		return d
	case !math.IsNaN(least):
		return v - least
	}
	return missing()
}

// integral leaves gaps, over which the sum goes on.
func integral(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		total := 0.0
		return s.mapped("integral("+s.Name+")", func(v float64) float64 {
			total += v
			return total
		}).tagged("integral", "1")
	})
}

// integralByInterval begins anew whenever the time since the range's begin
// passes a multiple of the interval. Gaps show the sum so far.
func integralByInterval(c *Call) ([]*Series, error) {
	interval, err := c.positive(1)
	if err != nil {
		return nil, err
	}
	return c.each(func(s *Series) *Series {
		total, which := 0.0, int64(math.MinInt64)
		name := "integralByInterval(" + s.Name + ",'" + c.text(1) + "')"
		return s.folded(name, func(i int, v float64) float64 {
			if now := floorDiv(s.Start+int64(i)*s.Step-c.window.from, interval); now != which {
				total, which = 0, now
			}
			if !math.IsNaN(v) {
				total += v
			}
			return total
		}).tagged("integralByInterval", c.text(1))
	})
}

// gaps calls f for each run of missing values, from i until j, that is no
// longer than the limit as a whole.
func (s *Series) gaps(limit float64, f func(i, j int)) {
	for i := 0; i < len(s.Values); i++ {
		if !math.IsNaN(s.Values[i]) {
			continue
		}
		j := i
		for j < len(s.Values) && math.IsNaN(s.Values[j]) {
			j++
		}
		if float64(j-i) <= limit {
			f(i, j)
		}
		i = j
	}
}

// limit is parameter 1, which may be inf.
func (c *Call) limit() float64 {
	if !c.given(1) {
		return math.Inf(1)
	}
	return c.num(1)
}

// interpolate leaves gaps at the ends.
func interpolate(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		values := append([]float64(nil), s.Values...)
		s.gaps(c.limit(), func(i, j int) {
			if i == 0 || j == len(values) {
				return
			}
			slope := (values[j] - values[i-1]) / float64(j-i+1)
			for k := i; k < j; k++ {
				values[k] = values[i-1] + slope*float64(k-i+1)
			}
		})
		return s.derived("interpolate("+s.Name+")", values)
	})
}

// keepLastValue leaves a gap alone that is longer than the limit, and one at
// the begin; one at the end is filled.
func keepLastValue(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		values := append([]float64(nil), s.Values...)
		s.gaps(c.limit(), func(i, j int) {
			for k := i; k < j && i > 0; k++ {
				values[k] = values[i-1]
			}
		})
		return s.derived("keepLastValue("+s.Name+")", values)
	})
}

// isNonNull has a value everywhere.
func isNonNull(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		return s.folded("isNonNull("+s.Name+")", func(_ int, v float64) float64 { return truth(!math.IsNaN(v)) }).tagged("isNonNull", "1")
	})
}

// truth is a condition as a value.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// transformNull without any series is nothing, not a line at the default.
func transformNull(c *Call) ([]*Series, error) {
	reference, err := c.series(2)
	if err != nil {
		return nil, err
	}
	list, err := c.series(0)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	known, suffix := func(int64) bool { return true }, ")"
	if c.given(2) {
		known, suffix = anyValueAt(reference), ",referenceSeries)"
	}
	return c.each(func(s *Series) *Series {
		name := "transformNull(" + s.Name + "," + pyG(c.num(1)) + suffix
		t := s.folded(name, func(i int, v float64) float64 {
			if math.IsNaN(v) && known(s.Start+int64(i)*s.Step) {
				return c.num(1)
			}
			return v
		}).tagged("transformNull", pyNumber(c.num(1)))
		if c.given(2) {
			t = t.tagged("referenceSeries", "1")
		}
		return t
	})
}

// anyValueAt tells whether one of the series has a value at a time.
func anyValueAt(list []*Series) func(t int64) bool {
	return func(t int64) bool {
		for _, s := range list {
			i := floorDiv(t-s.Start, s.Step)
			if i >= 0 && i < int64(len(s.Values)) && !math.IsNaN(s.Values[i]) {
				return true
			}
		}
		return false
	}
}

// changed counts the first value as no change, and looks across gaps.
func changed(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		before := missing()
		return s.folded("changed("+s.Name+")", func(_ int, v float64) float64 {
			was := before
			if !math.IsNaN(v) {
				before = v
			}
			return truth(!math.IsNaN(v) && !math.IsNaN(was) && v != was)
		})
	})
}

// compressPeriodicGaps takes the distance of the first two values that are
// there for the step at which values are sent.
func compressPeriodicGaps(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		name := "compressPeriodicGaps(" + s.Name + ")"
		begin, every := -1, 0
		for i, v := range s.Values {
			switch {
			case math.IsNaN(v) || v == 0:
			case begin < 0:
				begin = i
			case every == 0:
				every = i - begin
			}
		}
		if every <= 1 {
			return s.derived(name, s.Values)
		}
		var values []float64
		for i := begin; i < len(s.Values); i += every {
			values = append(values, s.Values[i])
		}
		return s.regridded(name, s.Start+int64(begin)*s.Step, s.Stop, s.Step*int64(every), values)
	})
}
