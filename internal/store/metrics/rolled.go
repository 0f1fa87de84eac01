package metrics

import (
	"math"

	"patou/internal/metric"
)

// cell is a rolled-up slot: what its finest samples come to. From sum, min, max
// and n most methods of carbon follow, so a change of method changes history
// too. n is the number of finest slots that held something; 0 is none. Of a
// distribution it has the sketch alone, and n is not a number of samples.
type cell struct {
	sum, min, max float64
	// last and small, the value nearest to zero, are NaN where no method asked
	// for them when the slot was rolled up.
	last, small float64
	n           uint32
	sketch      *metric.Sketch
}

// rolled are consecutive rolled-up slots, the first of which has number from.
type rolled struct {
	from  int64
	cells []cell
}

// add lets a finest slot's value have its effect. Values come in order of time.
func (c *cell) add(v float64) {
	if c.n == 0 {
		*c = cell{sum: v, min: v, max: v, last: v, small: v, n: 1}
		return
	}
	c.sum += v
	c.min, c.max = min(c.min, v), max(c.max, v)
	c.last = v
	if math.Abs(v) < math.Abs(c.small) {
		c.small = v
	}
	c.n++
}

// addSketch merges a finest slot's sketch, which is not kept.
func (c *cell) addSketch(sk *metric.Sketch) {
	if c.sketch == nil {
		c.sketch = sk.Clone()
	} else {
		c.sketch.Merge(sk)
	}
	c.n = 1
}

// patch lets late samples have their effect on a slot whose finest samples are
// gone. Sums and sketches grow. Of a gauge it cannot be told which of the late
// samples replace earlier ones: as many as there were, or more, take their
// place, so that a backfill sent twice changes nothing; fewer are added.
func (c *cell) patch(kind metric.Kind, late *cell) {
	switch {
	case late.n == 0:
	case c.n == 0 || kind == metric.Gauge && late.n >= c.n:
		*c = *late
	case kind == metric.Distribution:
		c.addSketch(late.sketch)
	default:
		c.sum, c.n = c.sum+late.sum, c.n+late.n
		c.min, c.max = min(c.min, late.min), max(c.max, late.max)
		if kind == metric.Gauge {
			c.last = late.last
		}
	}
}

// finish makes the cell what is stored: the noise of adding binary fractions is
// taken out of the sum, since the sum of decimals is the decimal that it is
// nearest to, within a few units in the last place, and packs as well as its
// addends; and what the method does not ask for is forgotten.
func (c *cell) finish(m Method) {
	if c.n < 2 || c.sketch != nil {
		return
	}
	c.sum = tidy(c.sum)
	if m != Last {
		c.last = math.NaN()
	}
	if m != AbsMin {
		c.small = math.NaN()
	}
}

func tidy(sum float64) float64 {
	if sum == math.Trunc(sum) {
		return sum
	}
	near := math.Abs(sum) * 0x1p-49
	for pow := 10.0; pow <= 1e9; pow *= 10 {
		if d := math.RoundToEven(sum*pow) / pow; math.Abs(d-sum) <= near {
			return d
		}
	}
	return sum
}

// value is what the cell comes to by a method, NaN when fewer than the share
// xff of the due samples are there.
func (c *cell) value(a Aggregation, due uint32) float64 {
	if c.n == 0 || float64(c.n) < a.XFilesFactor*float64(due) {
		return math.NaN()
	}
	switch a.Method {
	case Sum:
		return c.sum
	case Last:
		return c.or(c.last)
	case Max:
		return c.max
	case Min:
		return c.min
	case AvgZero:
		return c.sum / float64(max(due, c.n))
	case AbsMax:
		if math.Abs(c.min) > math.Abs(c.max) {
			return c.min
		}
		return c.max
	case AbsMin:
		return c.or(c.small)
	}
	return c.sum / float64(c.n)
}

// or is v, or the average where v was not asked for when the slot was made.
func (c *cell) or(v float64) float64 {
	if v == v {
		return v
	}
	return c.sum / float64(c.n)
}
