package shift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAdjustedChancesAreOrderedAndNeverSmaller(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(1e-9, 1), 1, 50).Draw(t, "chances")
		of := rapid.IntRange(0, 1000).Draw(t, "of")
		q := Adjust(p, of)
		for i := range p {
			if q[i] < p[i]-1e-15 || q[i] > 1 && len(p) >= of {
				t.Fatalf("%g of %d became %g", p[i], len(p), q[i])
			}
			for j := range p {
				if p[i] < p[j] && q[i] > q[j] {
					t.Fatalf("order: %g, %g became %g, %g", p[i], p[j], q[i], q[j])
				}
			}
		}
	})
}

func TestAdjustOfKnownChances(t *testing.T) {
	got := Adjust([]float64{0.04, 0.01, 0.03}, 4)
	for i, want := range []float64{0.16 / 3, 0.04, 0.16 / 3} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("chance %d: got %g, want %g", i, got[i], want)
		}
	}
}

func TestALargerChangeIsNeverLikelier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Float64Range(0, 3), 20, 20)
		nulls := rapid.SliceOfN(sizes, 1, 20).Draw(t, "pasts")
		tail := NewTail(nulls)
		a, b := rapid.Float64Range(0, 10).Draw(t, "a"), rapid.Float64Range(0, 10).Draw(t, "b")
		if p, q := tail.Chance(min(a, b), nulls[0]), tail.Chance(max(a, b), nulls[0]); p < q || !(q > 0) || p > 1 {
			t.Fatalf("sizes %g and %g have the chances %g and %g", min(a, b), max(a, b), p, q)
		}
	})
}

func TestWhatItsOwnPastHasSeenIsNoWonder(t *testing.T) {
	null := slices.Repeat([]float64{0.1}, 20)
	null[4] = 2
	if p := NewTail([][]float64{null}).Chance(1.9, null); p < 2.0/21 {
		t.Errorf("chance %g, though 1 of 20 was as large", p)
	}
}

func TestSurpriseIsBounded(t *testing.T) {
	for p, want := range map[float64]float64{0: 6, 1e-9: 6, 0.01: 2, 1: 0, 3: 0} {
		if got := Surprise(p); math.Abs(got-want) > 1e-9 {
			t.Errorf("Surprise(%g) = %g, want %g", p, got, want)
		}
	}
}

func TestSplitFindsTheStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 50 {
		at := 20 + rng.IntN(60)
		values := make([]float64, 100)
		for i := range values {
			if values[i] = 10 + rng.NormFloat64(); i >= at {
				values[i] += 20
			}
			if rng.IntN(10) == 0 && i != at {
				values[i] = math.NaN()
			}
		}
		values[5] = 1000 // one outlier does not decide
		if got, ok := Split(values, 10, 30, Stretch{0, 100}); !ok || got != at {
			t.Fatalf("a step at %d was found at %d, %t", at, got, ok)
		}
	}
	if _, ok := Split(make([]float64, 100), 0, 0, Stretch{0, 100}); ok {
		t.Error("a step was found where there is none")
	}
}

func TestAlikeIsOneForTheSameShape(t *testing.T) {
	a, b, c := make([]float64, 50), make([]float64, 50), make([]float64, 50)
	for i := range a {
		a[i] = math.Sin(float64(i))
		b[i] = math.Exp(3 * a[i]) // any rising function of it
		c[i] = -a[i]
	}
	if got := Alike(a, b); math.Abs(got-1) > 1e-9 {
		t.Errorf("the same shape: %g", got)
	}
	if got := Alike(a, c); math.Abs(got+1) > 1e-9 {
		t.Errorf("upside down: %g", got)
	}
	if got := Alike(a, make([]float64, 50)); got != 0 {
		t.Errorf("a constant: %g", got)
	}
}

func TestNewcomersCountByTheirSpans(t *testing.T) {
	base := make([]float64, 40)
	burst := Counts{Base: base, Window: []float64{900, 0, 0, 0}}
	steady := Counts{Base: base, Window: []float64{1, 1, 1, 0}}
	if b, s := burst.Compare(1).P, steady.Compare(1).P; b < 0.01 || s > 1e-4 {
		t.Errorf("one burst %g, three spans %g", b, s)
	}
}

func TestBurstsAreJudgedByBursts(t *testing.T) {
	even, bursts := slices.Repeat([]float64{10}, 40), make([]float64, 40)
	for i := 0; i < 40; i += 10 {
		bursts[i] = 100
	}
	window := []float64{25, 25, 25, 25}
	a, b := Counts{Base: even, Window: window}, Counts{Base: bursts, Window: window}
	if p := a.Compare(1).P; p > 1e-6 {
		t.Errorf("100 for 40 of an even flow has the chance %g", p)
	}
	if p := max(b.Compare(1).P, b.Own()); p < 0.05 {
		t.Errorf("a burst of 100 among such bursts has the chance %g", p)
	}
}

func TestTwiceTheWorkExplainsTwiceTheCount(t *testing.T) {
	c := Counts{Base: slices.Repeat([]float64{10}, 40), Window: []float64{20, 20, 20, 20}}
	if p := c.Compare(2).P; p < 0.9 {
		t.Errorf("twice the count of twice the work has the chance %g", p)
	}
	if r := c.Compare(1); r.P > 1e-3 || !r.Up || r.Expected != 40 {
		t.Errorf("twice the count of the same work: %+v", r)
	}
}
