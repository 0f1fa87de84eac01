package shift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The shape of most questions: a baseline of ten windows, twelve places each.
const (
	testBase   = 120
	testWindow = 12
)

func layout() (base, window Stretch) {
	return Stretch{0, testBase}, Stretch{testBase, testBase + testWindow}
}

// family is a kind of series in which nothing happens.
type family struct {
	name  string
	value func(rng *rand.Rand, i int, last float64) float64
}

func families() []family {
	return []family{
		{"normal", func(r *rand.Rand, _ int, _ float64) float64 { return 100 + r.NormFloat64() }},
		{"heavy tails", func(r *rand.Rand, _ int, _ float64) float64 { return math.Exp(1.5 * r.NormFloat64()) }},
		{"cauchy", func(r *rand.Rand, _ int, _ float64) float64 { return math.Tan(math.Pi * (r.Float64() - 0.5)) }},
		{"quantised", func(r *rand.Rand, _ int, _ float64) float64 { return math.Round(r.NormFloat64()) }},
		{"mostly zero", func(r *rand.Rand, _ int, _ float64) float64 {
			if r.IntN(20) == 0 {
				return float64(r.IntN(50))
			}
			return 0
		}},
		{"season", func(r *rand.Rand, i int, _ float64) float64 { return math.Sin(float64(i)/8) + 0.2*r.NormFloat64() }},
		{"leaning on its neighbours", func(r *rand.Rand, _ int, last float64) float64 { return 0.8*last + r.NormFloat64() }},
		{"holes", func(r *rand.Rand, _ int, _ float64) float64 {
			if r.IntN(3) > 0 {
				return math.NaN()
			}
			return 10 + r.NormFloat64()
		}},
		{"counts", func(r *rand.Rand, _ int, _ float64) float64 {
			n, p := 0.0, math.Exp(-3)
			for u := r.Float64(); u > p; u *= r.Float64() {
				n++
			}
			return n
		}},
	}
}

func (f *family) series(rng *rand.Rand) []float64 {
	out, last := make([]float64, testBase+testWindow), 0.0
	for i := range out {
		out[i] = f.value(rng, i, last)
		if !math.IsNaN(out[i]) {
			last = out[i]
		}
	}
	return out
}

// judge gives each series its chance over all, as a question does.
func judge(all [][]float64) (changes []Change, chances []float64) {
	base, window := layout()
	var pasts [][]float64
	for _, values := range all {
		p := NewPast(values, nil)
		changes = append(changes, p.Compare(base, window, 1))
		pasts = append(pasts, p.Null(base, testWindow, 1))
	}
	tail := NewTail(pasts)
	for i, c := range changes {
		p := 1.0
		if c.Passes() {
			p = tail.Chance(c.Size(), pasts[i])
		}
		chances = append(chances, p)
	}
	return changes, Adjust(chances, len(chances))
}

func TestNoiseIsRarelyFound(t *testing.T) {
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(len(f.name))))
			const rounds, together = 50, 20
			found := 0
			for range rounds {
				var all [][]float64
				for range together {
					all = append(all, f.series(rng))
				}
				_, adjusted := judge(all)
				if slices.Min(adjusted) <= 0.02 {
					found++
				}
			}
			t.Logf("a finding in %d of %d questions about %d series each", found, rounds, together)
			limit := rounds / 20
			if f.name == "leaning on its neighbours" {
				// A series that remembers most of its last value wanders, and
				// its last stretch is farther off than those amid the others.
				limit = rounds / 5
			}
			if found > limit {
				t.Errorf("noise is found in %d of %d questions", found, rounds)
			}
		})
	}
}

func TestALevelShiftIsFound(t *testing.T) {
	for _, f := range families() {
		if f.name == "cauchy" || f.name == "heavy tails" || f.name == "leaning on its neighbours" {
			continue // no shift of theirs is large beside what they do by themselves
		}
		rng := rand.New(rand.NewPCG(7, 7))
		var all [][]float64
		for range 20 {
			all = append(all, f.series(rng))
		}
		for i := testBase; i < testBase+testWindow; i++ {
			all[3][i] += 30
		}
		changes, adjusted := judge(all)
		if adjusted[3] > 0.02 || changes[3].Z < 0 {
			t.Errorf("%s: a shift by 30 has the chance %g, %+v", f.name, adjusted[3], changes[3])
		}
	}
}

func TestAConstantIsNeverFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e9, 1e9).Draw(t, "value")
		values := slices.Repeat([]float64{v}, testBase+testWindow)
		base, window := layout()
		if c := NewPast(values, nil).Compare(base, window, 1); c.Passes() || c.Size() != 0 {
			t.Fatalf("constant %g: %+v", v, c)
		}
	})
}

// drawn is any series, with holes.
func drawn(t *rapid.T) []float64 {
	values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), testBase+testWindow, testBase+testWindow).Draw(t, "values")
	for i := range values {
		values[i] = math.Round(values[i])
		if rapid.IntRange(0, 9).Draw(t, "hole") == 0 {
			values[i] = math.NaN()
		}
	}
	return values
}

func TestTheUnitDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, by := drawn(t), float64(rapid.SampledFrom([]int{2, 1024, 1 << 30}).Draw(t, "unit"))
		scaled := slices.Clone(values)
		for i := range scaled {
			scaled[i] *= by
		}
		base, window := layout()
		a, b := NewPast(values, nil).Compare(base, window, 1), NewPast(scaled, nil).Compare(base, window, 1)
		if a.D != b.D || math.Abs(a.Z-b.Z) > 1e-9*(1+math.Abs(a.Z)) {
			t.Fatalf("%+v in another unit is %+v", a, b)
		}
	})
}

func TestTheOrderOfTheWindowDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawn(t)
		base, window := layout()
		before := NewPast(values, nil).Compare(base, window, 0)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for _, s := range []Stretch{base, window} {
			part := values[s.From:s.Until]
			rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		}
		if after := NewPast(values, nil).Compare(base, window, 0); before != after {
			t.Fatalf("%+v shuffled is %+v", before, after)
		}
	})
}

func TestAComparisonOfStretchesIsThatOfTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawn(t)
		base, window := layout()
		got := NewPast(values, nil).Compare(base, window, 0)
		want := Compare(Sorted(values[:testBase]), Sorted(values[testBase:]))
		if got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		var sides Sides
		out := make([]bool, len(values))
		out[rapid.IntRange(0, testBase-1).Draw(t, "out")] = true
		if got, want := sides.Compare(values, out, base, window, 2), NewPast(values, out).Compare(base, window, 2); got != want {
			t.Fatalf("the fast way gives %+v, want %+v", got, want)
		}
	})
}

func TestWhatIsLeftOutIsNoBaseline(t *testing.T) {
	values, out := make([]float64, testBase+testWindow), make([]bool, testBase+testWindow)
	for i := range values {
		values[i] = float64(i % 3)
		if i >= 40 && i < 60 || i >= testBase {
			values[i] = 100
		}
		out[i] = i >= 40 && i < 60
	}
	base, window := layout()
	whole, quiet := NewPast(values, nil), NewPast(values, out)
	if c := quiet.Compare(base, window, 1); c.D != 1 || c.N != testBase-20-1 {
		t.Errorf("without the last time: %+v", c)
	}
	if n, m := slices.Max(quiet.Null(base, testWindow, 1)), slices.Max(whole.Null(base, testWindow, 1)); n >= m {
		t.Errorf("the last time is still in the past: %g, whole %g", n, m)
	}
}
