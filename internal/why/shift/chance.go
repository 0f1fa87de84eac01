package shift

import (
	"math"
	"slices"
)

// MaxSurprise caps what one piece of evidence can say: beyond one in a million
// no past is long enough.
const MaxSurprise = 6

// Surprise is -log10 of a chance, between 0 and MaxSurprise.
func Surprise(p float64) float64 {
	if !(p > 0) {
		return MaxSurprise
	}
	return min(max(-math.Log10(p), 0), MaxSurprise)
}

// leastScale keeps a series that hardly ever moved from making its smallest
// blip a wonder: changes are measured in units of at least this size.
const leastScale = 0.35

// Scale is the size of a change that is usual for a series, by its null.
func Scale(null []float64) float64 {
	sorted := Sorted(null)
	if len(sorted) == 0 {
		return 2 * leastScale
	}
	return max(Quantile(sorted, 0.9), leastScale)
}

// Tail is the distribution of changes that mean nothing, gathered over many
// series, each in units of its own scale.
type Tail struct {
	sorted []float64
	// beyond from, the tail goes on exponentially with this mean.
	from, mean float64
}

// NewTail learns a tail from the nulls of many series.
func NewTail(nulls [][]float64) *Tail {
	t := &Tail{}
	for _, null := range nulls {
		scale := Scale(null)
		for _, size := range null {
			t.sorted = append(t.sorted, size/scale)
		}
	}
	slices.Sort(t.sorted)
	t.fit()
	return t
}

const (
	tailShare = 0.05
	// Few pasts tell little of a tail: it is taken as at least this wide,
	// relative to where it begins.
	leastFrom, leastMean = 1.0, 0.25
)

// fit puts an exponential on the upper twentieth.
func (t *Tail) fit() {
	t.from, t.mean = leastFrom, leastMean
	if len(t.sorted) == 0 {
		return
	}
	t.from = max(Quantile(t.sorted, 1-tailShare), leastFrom)
	n, sum := 0, 0.0
	for _, v := range t.sorted {
		if v > t.from {
			n, sum = n+1, sum+v-t.from
		}
	}
	if n > 0 {
		t.mean = max(sum/float64(n), leastMean*t.from)
	} else {
		t.mean = leastMean * t.from
	}
}

// Chance is how often a window of a series with this null shows a change of at
// least this size though nothing happened.
func (t *Tail) Chance(size float64, null []float64) float64 {
	scaled := size / Scale(null)
	p := t.pooled(scaled)
	exceeded := 0
	for _, v := range null {
		if v >= size {
			exceeded++
		}
	}
	if exceeded > 0 { // its own past has seen as much
		return max(p, float64(1+exceeded)/float64(1+len(null)))
	}
	return p
}

func (t *Tail) pooled(scaled float64) float64 {
	if scaled > t.from {
		return tailShare * math.Exp(-(scaled-t.from)/t.mean)
	}
	i, _ := slices.BinarySearch(t.sorted, scaled)
	return max(tailShare, float64(1+len(t.sorted)-i)/float64(1+len(t.sorted)))
}

// Adjust makes chances of one of many into chances that any of so many would
// look like this (Benjamini-Hochberg); of may exceed len(p) where the others
// were seen to be nothing.
func Adjust(p []float64, of int) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return a - b
	})
	out, least := make([]float64, len(p)), 1.0
	for k := len(order) - 1; k >= 0; k-- {
		i := order[k]
		least = min(least, p[i]*float64(max(of, len(p)))/float64(k+1))
		out[i] = least
	}
	return out
}
