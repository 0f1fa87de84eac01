package app

import (
	"math"
	"testing"

	"patou/internal/herd"
)

func TestErrorsAreCountedOverMinutes(t *testing.T) {
	n := math.NaN()
	spark := func(values ...float64) []*float64 {
		out := make([]*float64, len(values))
		for i := range values {
			if !math.IsNaN(values[i]) {
				out[i] = &values[i]
			}
		}
		return out
	}
	f := func(requests, shares []*float64, percent, count float64) {
		t.Helper()
		if p, c := errorShare(requests, shares); math.Abs(p-percent) > 0.01 || math.Abs(c-count) > 0.01 {
			t.Errorf("%g percent, %g errors; want %g, %g", p, c, percent, count)
		}
	}
	f(nil, nil, 0, 0)
	f(spark(1, 1), nil, 0, 0)
	f(spark(n, n), spark(n, n), 0, 0)
	f(spark(2, 2), spark(50, 0), 25, 60)
	f(spark(2, n, 2), spark(n, n, 10), 5, 12)
	f(spark(9, 1, 1, 1, 1, 1), spark(100, 10, 10, 10, 10, 10), 10, 30) // the first is too old
	for percent, want := range map[float64]herd.Health{0: herd.Fine, 1.99: herd.Fine, 2: herd.Warn, 9: herd.Warn, 10: herd.Crit} {
		if got := shareState(percent); got != want {
			t.Errorf("%g percent is %s, want %s", percent, got, want)
		}
	}
}
