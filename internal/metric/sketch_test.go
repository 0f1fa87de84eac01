package metric

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func observed(values ...float64) *Sketch {
	s := &Sketch{}
	for _, v := range values {
		s.Observe(v)
	}
	return s
}

func equalSketch(a, b *Sketch) bool {
	return a.count == b.count && a.sum == b.sum && a.min == b.min && a.max == b.max && a.zero == b.zero && slices.Equal(a.bins, b.bins)
}

func TestQuantileIsWithinItsError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(1e-9, 1e12), 1, 400).Draw(t, "values")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		s := observed(values...)
		slices.Sort(values)
		want := values[max(int(math.Ceil(q*float64(len(values))))-1, 0)]
		if got := s.Quantile(q); math.Abs(got-want) > want*RelativeError {
			t.Fatalf("quantile %v of %d values is %v, want %v within %v", q, len(values), got, want, RelativeError)
		}
	})
}

func TestMergeIsObservingBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.SliceOf(rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.IntRange(-2, 5000).Draw(t, "v"))
		}))
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		got, other := observed(a...), observed(b...)
		got.Merge(other)
		got.Merge(nil)
		if want := observed(append(a, b...)...); !equalSketch(got, want) {
			t.Fatalf("merged %+v, want %+v", got, want)
		}
		if !equalSketch(other, observed(b...)) {
			t.Fatal("merging changed what was merged")
		}
	})
}

func TestSketchComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := observed(rapid.SliceOf(rapid.Float64()).Draw(t, "values")...)
		got, tail, err := DecodeSketch(append(s.AppendBinary(nil), 9))
		if err != nil || !equalSketch(got, s) || len(tail) != 1 {
			t.Fatalf("got %+v, tail %x, error %v, want %+v", got, tail, err, s)
		}
	})
}

func TestSketchHasBoundedBuckets(t *testing.T) {
	s := observed(math.Inf(1), 1e300, 5e-324, -1, math.NaN(), math.Inf(-1))
	if len(s.bins) != 2 || s.zero != 3 || s.Count() != 6 {
		t.Errorf("got %+v", s)
	}
}

func TestViewsOfASketch(t *testing.T) {
	s := observed(1, 2, 3, 10)
	got := map[string]float64{}
	for _, name := range Views() {
		v, ok := ParseView(name)
		if !ok {
			t.Fatalf("view %q is not known", name)
		}
		got[name] = math.Round(v.Of(s))
	}
	want := map[string]float64{"count": 4, "sum": 16, "mean": 4, "min": 1, "p50": 2, "p90": 10, "p95": 10, "p99": 10, "max": 10}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if v, _ := ParseView("p99"); !math.IsNaN(v.Of(nil)) || !math.IsNaN(v.Of(&Sketch{})) {
		t.Error("a view of nothing is a number")
	}
}

func FuzzDecodeSketch(f *testing.F) {
	f.Add(observed(1, 2, 3).AppendBinary(nil))
	f.Add((&Sketch{}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, _, err := DecodeSketch(src)
		if err != nil {
			return
		}
		again, _, err := DecodeSketch(s.AppendBinary(nil))
		if err != nil {
			t.Fatal(err)
		}
		again.Merge(s)
		_ = again.Quantile(0.5)
	})
}
