package app

import (
	"math"
	"testing"

	"patou/internal/herd"
)

// spark is a value a minute, NaN for none.
func spark(values ...float64) []*float64 {
	out := make([]*float64, len(values))
	for i := range values {
		if !math.IsNaN(values[i]) {
			out[i] = &values[i]
		}
	}
	return out
}

func TestSlowIsWhatTakesManyTimesLongerThanUsual(t *testing.T) {
	f := func(what string, want herd.Health, busy float64, last ...float64) {
		t.Helper()
		times, requests := []float64{}, []float64{}
		for range 20 {
			times, requests = append(times, 0.2), append(requests, 5)
		}
		for _, v := range last {
			times, requests = append(times, v), append(requests, busy)
		}
		got, usual := slow(spark(times...), spark(requests...))
		if got != want || (usual != nil) != (want != herd.Fine) {
			t.Errorf("%s: %s, usual %v", what, got, usual)
		}
	}
	f("as ever", herd.Fine, 5, 0.2, 0.21)
	f("three times as long", herd.Warn, 5, 0.7, 0.8)
	f("for one minute alone", herd.Fine, 5, 0.2, 3)
	f("thirty times as long", herd.Crit, 5, 8, 7)
	f("by too few requests", herd.Fine, 0.1, 8, 9)
	if got, _ := slow(spark(0.1, 5, 5), spark(9, 9, 9)); got != herd.Fine {
		t.Errorf("without a past it is %s", got)
	}
}

func TestErrorsAreCountedOverMinutes(t *testing.T) {
	n := math.NaN()
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
