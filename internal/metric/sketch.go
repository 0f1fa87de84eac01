package metric

import (
	"math"
	"slices"
)

// Sketch is a mergeable summary of observations from which percentiles of any
// union are computed: counts in buckets whose bounds grow by a fixed factor.
// Count, Sum, Min and Max are exact. Quantile is within RelativeError of an
// observation of that rank, for values between 2^-64 and 2^64. The zero Sketch
// is empty and ready. It may be read by several goroutines, not written.
type Sketch struct {
	count    uint64
	sum      float64
	min, max float64
	zero     uint64
	bins     []bin // rising index, no zero counts
}

type bin struct {
	n     uint64
	index int32
}

const (
	// scale is the number of buckets per power of two.
	scale = 64
	// maxIndex bounds the buckets, and so the memory of a sketch whatever a
	// sender observes: 2^-64 to 2^64, outside of which the end buckets count.
	maxIndex = 64 * scale
)

// RelativeError is how far Quantile may be from the true value, as a share of
// it: half a bucket, 2^(1/128)-1.
const RelativeError = 0.00543

// Observe adds one value; negative values and NaN count as zero.
func (s *Sketch) Observe(v float64) {
	if !(v > 0) {
		v = 0
	}
	if s.count == 0 || v < s.min {
		s.min = v
	}
	if s.count == 0 || v > s.max {
		s.max = v
	}
	s.count++
	s.sum += v
	if v == 0 {
		s.zero++
		return
	}
	s.add(bucketOf(v), 1)
}

func bucketOf(v float64) int32 {
	i := math.Ceil(math.Log2(v) * scale)
	return int32(min(max(i, -maxIndex), maxIndex))
}

func (s *Sketch) add(index int32, n uint64) {
	at, found := slices.BinarySearchFunc(s.bins, index, func(b bin, i int32) int { return int(b.index - i) })
	if found {
		s.bins[at].n += n
		return
	}
	s.bins = slices.Insert(s.bins, at, bin{n, index})
}

// Merge adds all observations of o, which may be nil.
func (s *Sketch) Merge(o *Sketch) {
	if o == nil || o.count == 0 {
		return
	}
	if s.count == 0 || o.min < s.min {
		s.min = o.min
	}
	if s.count == 0 || o.max > s.max {
		s.max = o.max
	}
	s.count, s.sum, s.zero = s.count+o.count, s.sum+o.sum, s.zero+o.zero
	s.bins = mergeBins(s.bins, o.bins)
}

// mergeBins adds b to a, in place when a has all of b's buckets.
func mergeBins(a, b []bin) []bin {
	missing := 0
	for i, j := 0, 0; j < len(b); {
		switch {
		case i == len(a) || a[i].index > b[j].index:
			missing, j = missing+1, j+1
		case a[i].index == b[j].index:
			i, j = i+1, j+1
		default:
			i++
		}
	}
	old := len(a)
	a = slices.Grow(a, missing)[:old+missing]
	// From the end, so that nothing is overwritten before it has moved.
	i, j := old-1, len(b)-1
	for k := len(a) - 1; j >= 0; k-- {
		switch {
		case i < 0 || a[i].index < b[j].index:
			a[k], j = b[j], j-1
		case a[i].index == b[j].index:
			a[k] = bin{a[i].n + b[j].n, a[i].index}
			i, j = i-1, j-1
		default:
			a[k], i = a[i], i-1
		}
	}
	return a
}

// Clone is a copy that shares nothing.
func (s *Sketch) Clone() *Sketch {
	c := *s
	c.bins = slices.Clone(s.bins)
	return &c
}

// Bytes is about the memory that the sketch holds.
func (s *Sketch) Bytes() int { return 80 + 16*cap(s.bins) }

// Count is the number of observations.
func (s *Sketch) Count() uint64 { return s.count }

// Sum is the sum of all observations, exact but for rounding.
func (s *Sketch) Sum() float64 { return s.sum }

// Min is the least observation, exact.
func (s *Sketch) Min() float64 { return s.min }

// Max is the greatest observation, exact.
func (s *Sketch) Max() float64 { return s.max }

// Quantile is the value below which the share q, 0 to 1, of the observations
// lies; NaN when there are none.
func (s *Sketch) Quantile(q float64) float64 {
	if s.count == 0 {
		return math.NaN()
	}
	rank := uint64(math.Ceil(q * float64(s.count)))
	seen := s.zero
	if rank <= seen {
		return s.min
	}
	for _, b := range s.bins {
		if seen += b.n; rank <= seen {
			v := math.Exp2((float64(b.index) - 0.5) / scale)
			return math.Min(math.Max(v, s.min), s.max)
		}
	}
	return s.max
}
