package shift

import "math"

// Split finds the place at which a series goes from about before to about after:
// the one that parts it best into two levels. Values beyond the two count as
// them, so that one outlier does not decide. It looks only at places in within,
// and gives false where there are too few values to tell.
func Split(values []float64, before, after float64, within Stretch) (at int, ok bool) {
	if before == after || math.IsNaN(before) || math.IsNaN(after) {
		return 0, false
	}
	total, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			total, n = total+between(v, before, after), n+1
		}
	}
	if n < 4 {
		return 0, false
	}
	mean := total / float64(n)
	sum, seen, best := 0.0, 0, 0.0
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if i >= within.From && i < within.Until && seen > 0 {
			// The deviation so far, in units of what chance gives here. It is
			// negative where what came before lies nearer to before.
			k := float64(seen)
			score := -sum / math.Sqrt(k*(float64(n)-k)/float64(n))
			if score > best*(1+1e-9) {
				best, at, ok = score, i, true
			}
		}
		sum, seen = sum+between(v, before, after)-mean, seen+1
	}
	return at, ok
}

// between is where a value lies from before, 0, to after, 1.
func between(v, before, after float64) float64 {
	return min(max((v-before)/(after-before), 0), 1)
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
