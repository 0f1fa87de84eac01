// Package shift compares the values of a window with those of a baseline, and
// tells how surprising their difference is: numbers in, numbers out.
//
// Invariant: no answer depends on the unit of the values or on the order in
// which samples of one side are given, and a missing value (NaN) takes no part.
// It cannot fail: what cannot be compared has the zero Change, which is none.
package shift

import (
	"math"
	"slices"
)

// Change is how a window differs from its baseline.
type Change struct {
	// D is the greatest distance of the two distributions, 0 to 1
	// (Kolmogorov-Smirnov).
	D float64
	// Z is the greatest shift of the median, the 10th or 90th percentile, in
	// units of the baseline's spread. Signed: positive is up.
	Z float64
	// Before and After are the medians, or, where those moved less, the
	// percentiles that did.
	Before, After float64
	// N and M are the samples of the baseline and of the window.
	N, M int
}

// Size is the one number by which changes are compared: how far apart the
// distributions are, times the logarithm of how far they moved. The logarithm
// makes the tails of noise thin, so that they can be extrapolated.
func (c Change) Size() float64 { return c.D * math.Log1p(math.Abs(c.Z)) }

// The gates that a change must pass to be looked at further.
const (
	minDistance = 0.3
	// minKS is the least D·√(nm/(n+m)); about 1 in 10,000 for independent
	// samples, more often for those that resemble their neighbours.
	minKS = 2.0
	// allApart stands in for minKS where too few samples could reach it: then
	// the two sides must hardly overlap.
	allApart = 0.9
	// minShift is the least shift in units of spread.
	minShift = 1.0
	// leastTimes is how many times as many samples the baseline must have: what
	// only just began has no past to be compared with.
	leastTimes = 2
	// Where half of a window or more went this far, in units of spread, too few
	// samples are no objection: its own past will judge.
	farShift, halfApart = 6.0, 0.5
)

// Passes reports whether the change is large enough to be a finding at all.
func (c Change) Passes() bool {
	if c.D < minDistance || math.Abs(c.Z) < minShift || c.N < leastTimes*c.M {
		return false
	}
	n, m := float64(c.N), float64(c.M)
	root := math.Sqrt(n * m / (n + m))
	return c.D*root >= min(minKS, allApart*root) || c.D >= halfApart && math.Abs(c.Z) >= farShift
}

// minSamples is how many samples each side needs.
const (
	minBase   = 6
	minWindow = 1
)

// Compare compares the samples of a window with those of a baseline, each
// sorted ascending and without NaN.
func Compare(base, window []float64) Change {
	c := Change{N: len(base), M: len(window)}
	if c.N < minBase || c.M < minWindow {
		return c
	}
	c.D = distance(base, window)
	if c.D == 0 {
		return c
	}
	spread := Spread(base)
	if spread == 0 { // a constant zero: whatever follows is far away
		spread = 0.01 * max(math.Abs(window[0]), math.Abs(window[len(window)-1]))
	}
	for i, q := range [...]float64{0.5, 0.9, 0.1} {
		before, after := Quantile(base, q), Quantile(window, q)
		z := (after - before) / spread
		if i > 0 {
			z *= tailWeight // tails move more by chance than medians
		}
		if math.Abs(z) > math.Abs(c.Z) {
			c.Z, c.Before, c.After = z, before, after
		}
	}
	return c
}

// tailWeight is what a shift of a tail counts against one of the median.
const tailWeight = 0.6

// Spread is the typical deviation of sorted samples: the widest of three
// measures, so that it is never near zero for a series that is mostly quiet
// and moves at times, nor for one that is quantised. 0 for a constant zero.
func Spread(sorted []float64) float64 {
	iqr := Quantile(sorted, 0.75) - Quantile(sorted, 0.25)
	wide := Quantile(sorted, 0.99) - Quantile(sorted, 0.01)
	return max(iqr/1.349, wide/6, 0.01*math.Abs(Quantile(sorted, 0.5)))
}

// Quantile is the q-quantile of sorted samples, NaN of none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(i)
	return sorted[i]*(1-part) + sorted[i+1]*part
}

// distance is the greatest difference of the two empirical distributions.
func distance(a, b []float64) float64 {
	i, j, most := 0, 0, 0.0
	na, nb := float64(len(a)), float64(len(b))
	for i < len(a) && j < len(b) {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		most = max(most, math.Abs(float64(i)/na-float64(j)/nb))
	}
	return most
}

// Sorted is the samples that are there, ascending.
func Sorted(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}
