package why

import (
	"math"
	"strings"
)

// isCounter reports whether a series only ever counts up, so that its rate is
// what changes: it never falls but to near zero, rises often, and is of whole
// numbers or named a total.
func isCounter(name string, values []float64) bool {
	rises, falls, n := 0, 0, 0
	previous := math.NaN()
	whole, low := true, math.Inf(1)
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		n++
		whole = whole && v == math.Trunc(v)
		low = min(low, v)
		switch {
		case v > previous:
			rises++
		case v < previous && v > previous/10: // no reset
			return false
		case v < previous:
			falls++
		}
		previous = v
	}
	if n < 12 || low < 0 || falls > n/10 {
		return false
	}
	named := strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count")
	return named && rises > 0 || whole && rises >= n/2 && falls <= n/40
}

// rates are the increases a second of a counter; what a reset hides is
// unknown.
func rates(values []float64, step int64) []float64 {
	out := make([]float64, len(values))
	last, at := math.NaN(), 0
	for i, v := range values {
		out[i] = math.NaN()
		if math.IsNaN(v) {
			continue
		}
		if v >= last {
			out[i] = (v - last) / (float64(int64(i-at)*step) / 1e9)
		}
		last, at = v, i
	}
	return out
}
