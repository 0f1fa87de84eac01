package logs

import (
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"patou/internal/metric"
	"patou/internal/query/logs/lang"
)

// tally is one number of a group as it is computed. The zero tally is ready.
type tally struct {
	n        uint64 // numbers seen
	sum      float64
	min, max float64
	// values are what a percentile is taken of, while they are few; then the
	// sketches hold them, those below zero mirrored.
	values     []float64
	plus, less *metric.Sketch
	distinct   map[uint64]struct{}
}

// exactValues is the number of values up to which percentiles are exact.
const exactValues = 1024

// Estimates of what a tally holds, for the budget.
const (
	distinctBytes = 24
	sketchBytes   = 16 << 10
)

// addNumber takes in a number for sum, avg, min, max or a percentile.
func (t *tally) addNumber(v float64, percentile bool, b *budget) error {
	if t.n == 0 {
		t.min, t.max = v, v
	}
	t.n++
	t.sum += v
	t.min, t.max = min(t.min, v), max(t.max, v)
	if !percentile {
		return nil
	}
	if t.plus != nil {
		t.observe(v)
		return nil
	}
	if t.values = append(t.values, v); len(t.values) < exactValues {
		return b.take(8)
	}
	b.give(8 * (len(t.values) - 1))
	t.plus, t.less = &metric.Sketch{}, &metric.Sketch{}
	for _, v := range t.values {
		t.observe(v)
	}
	t.values = nil
	return b.take(sketchBytes)
}

// observe puts a value into the sketch of its sign: sketches hold no numbers
// below zero.
func (t *tally) observe(v float64) {
	if v < 0 {
		t.less.Observe(-v)
	} else {
		t.plus.Observe(v)
	}
}

// addText takes in a text for distinct. Texts are told apart by 64 bits of
// their hash.
func (t *tally) addText(s string, b *budget) error {
	h := xxhash.Sum64String(s)
	if _, ok := t.distinct[h]; ok {
		return nil
	}
	if t.distinct == nil {
		t.distinct = map[uint64]struct{}{}
	}
	t.distinct[h] = struct{}{}
	return b.take(distinctBytes)
}

// value is the aggregate's number; none where no number was seen.
func (t *tally) value(a *lang.Aggregate) Value {
	switch {
	case a.Func == "distinct":
		return numberValue(float64(len(t.distinct)))
	case t.n == 0:
		return Value{}
	}
	switch a.Func {
	case "sum":
		return numberValue(t.sum)
	case "avg":
		return numberValue(t.sum / float64(t.n))
	case "min":
		return numberValue(t.min)
	case "max":
		return numberValue(t.max)
	}
	return numberValue(t.percentile(a.Share))
}

// percentile is the nearest rank: the least value that at least this share of
// the values does not exceed. From a sketch it is right to about one percent.
func (t *tally) percentile(share float64) float64 {
	if t.plus == nil {
		slices.Sort(t.values)
		return t.values[max(0, int(math.Ceil(share*float64(len(t.values))))-1)]
	}
	rank, less := math.Ceil(share*float64(t.n)), float64(t.less.Count())
	if rank <= less {
		return -t.less.Quantile((less - rank + 1) / less)
	}
	return t.plus.Quantile((rank - less) / float64(t.plus.Count()))
}
