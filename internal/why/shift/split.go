package shift

import "math"

// Split finds the place at which a series changes level: the one that parts it
// best into a before and an after, by ranks, so that one outlier does not
// decide. It looks only at places in within, and gives false where there are
// too few values to tell.
func Split(values []float64, within Stretch) (at int, ok bool) {
	ranks, n := ranksOf(values)
	if n < 8 {
		return 0, false
	}
	mean := float64(n+1) / 2
	sum, seen, best := 0.0, 0, 0.0
	for i, r := range ranks {
		if i >= within.From && i < within.Until && seen > 0 && seen < n && !math.IsNaN(r) {
			// The sum of deviations so far, in units of what chance would
			// give it at this place.
			k := float64(seen)
			score := math.Abs(sum) / math.Sqrt(k*(float64(n)-k)/float64(n))
			if score > best*(1+1e-9) {
				best, at, ok = score, i, true
			}
		}
		if !math.IsNaN(r) {
			sum, seen = sum+r-mean, seen+1
		}
	}
	return at, ok
}

// ranksOf gives each value its rank, ties the mean of theirs, and counts the
// values that are there.
func ranksOf(values []float64) (ranks []float64, n int) {
	p := NewPast(values, nil)
	ranks = make([]float64, len(values))
	for i := range ranks {
		ranks[i] = math.NaN()
	}
	for i := 0; i < len(p.order); {
		j := i
		for j < len(p.order) && values[p.order[j]] == values[p.order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			ranks[p.order[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return ranks, len(p.order)
}

// Alike is how much two series of one grid move together: the correlation of
// the ranks of their values, -1 to 1; 0 where too few values are in both.
func Alike(a, b []float64) float64 {
	n := min(len(a), len(b))
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], y[i] = a[i], b[i]
		if math.IsNaN(x[i]) || math.IsNaN(y[i]) {
			x[i], y[i] = math.NaN(), math.NaN()
		}
	}
	rx, k := ranksOf(x)
	ry, _ := ranksOf(y)
	if k < 8 {
		return 0
	}
	mean := float64(k+1) / 2
	var xy, xx, yy float64
	for i := range rx {
		if math.IsNaN(rx[i]) {
			continue
		}
		dx, dy := rx[i]-mean, ry[i]-mean
		xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}
