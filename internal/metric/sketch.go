package metric

import "math"

// Sketch is a mergeable summary of observations from which percentiles of any
// union are computed: counts in buckets whose bounds grow by a fixed factor.
// The zero Sketch is empty and ready.
type Sketch struct {
	count    uint64
	sum      float64
	min, max float64
	zero     uint64
	first    int32 // index of counts[0]
	counts   []uint64
}

// scale is the number of buckets per power of two.
const scale = 64

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
	*s.bucket(int32(math.Ceil(math.Log2(v) * scale))) += 1
}

// Merge adds all observations of o.
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
	for i, n := range o.counts {
		if n > 0 {
			*s.bucket(o.first + int32(i)) += n
		}
	}
}

func (s *Sketch) bucket(i int32) *uint64 {
	if len(s.counts) == 0 {
		s.first, s.counts = i, make([]uint64, 1)
	}
	for ; i < s.first; s.first-- {
		s.counts = append([]uint64{0}, s.counts...)
	}
	for int(i-s.first) >= len(s.counts) {
		s.counts = append(s.counts, 0)
	}
	return &s.counts[i-s.first]
}

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
	for i, n := range s.counts {
		if seen += n; rank <= seen {
			v := math.Exp2((float64(s.first) + float64(i) - 0.5) / scale)
			return math.Min(math.Max(v, s.min), s.max)
		}
	}
	return s.max
}
