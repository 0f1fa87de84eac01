package codec

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBitsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := uint(rapid.IntRange(0, 64).Draw(t, "width"))
		mask := uint64(math.MaxUint64)
		if width < 64 {
			mask = 1<<width - 1
		}
		v := rapid.SliceOfN(rapid.Uint64(), 0, 200).Draw(t, "values")
		for i := range v {
			v[i] &= mask
		}
		enc := append(AppendBits(nil, v, width), 0xaa)
		got := make([]uint64, len(v))
		tail, err := Bits(got, enc, width)
		if err != nil || !slices.Equal(got, v) || !slices.Equal(tail, []byte{0xaa}) {
			t.Fatalf("got %v, tail %x, error %v, want %v", got, tail, err, v)
		}
	})
}

func TestIntsComeBack(t *testing.T) {
	f := func(name string, v ...int64) {
		t.Helper()
		checkInts(t, name, v)
	}
	f("one", 7)
	f("counter", 1, 2, 3, 4, 5, 100)
	f("pages", 4096, 8192, 0, 4096*7)
	f("extremes", math.MinInt64, math.MaxInt64, 0, -1, math.MinInt64)
	f("big and even", 1<<60, 1<<61, -1<<61)
	rapid.Check(t, func(rt *rapid.T) {
		checkInts(rt, "random", rapid.SliceOfN(rapid.Int64(), 1, 300).Draw(rt, "values"))
		small := rapid.SliceOfN(rapid.Int64Range(-50, 50), 1, 300).Draw(rt, "small")
		by := rapid.Int64Range(1, 1<<40).Draw(rt, "factor")
		for i := range small {
			small[i] *= by
		}
		checkInts(rt, "multiples", small)
	})
}

func checkInts(t rapid.TB, name string, v []int64) {
	t.Helper()
	got := make([]int64, len(v))
	tail, err := Ints(got, append(AppendInts(nil, v), 1))
	if err != nil || !slices.Equal(got, v) || len(tail) != 1 {
		t.Fatalf("%s: got %v, tail %x, error %v, want %v", name, got, tail, err, v)
	}
}

func TestFloatsComeBackBitForBit(t *testing.T) {
	f := func(name string, v ...float64) {
		t.Helper()
		checkFloats(t, name, v)
	}
	f("percentages", 1.25, 3.5, 99.99, 0, 12.07)
	f("negative zero", 0, math.Copysign(0, -1), 1)
	f("only negative zero", math.Copysign(0, -1))
	f("huge integers", 1e18, 1<<53+2, 18446744073709551615, 1, 2, 16)
	f("edge of int64", -9223372036854775808, 9223372036854775807, 0)
	f("huge and tiny", 1e308, 5e-324, -1e308, 0.1)
	f("thirds", 1.0/3, 2.0/3, 4.0/3, 5.0/3)
	f("outlier among decimals", append(repeat(64, 0.25), math.Pi, 1e300)...)
	f("exceptions first", append([]float64{math.Pi, math.E, 1e300}, repeat(64, 12345.5)...)...)
	f("zero after an exception", 1.0000152587890625, 0, 1, 1.0000152587890625)
	f("no numbers", math.NaN(), math.Inf(1), math.Inf(-1), 3)
	rapid.Check(t, func(rt *rapid.T) {
		checkFloats(rt, "random", rapid.SliceOfN(rapid.Float64(), 1, 300).Draw(rt, "values"))
		cents := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.Int64Range(-1e6, 1e6).Draw(t, "cents")) / 100
		}), 1, 300).Draw(rt, "cents")
		checkFloats(rt, "decimals", cents)
	})
}

func repeat(n int, v float64) []float64 { return slices.Repeat([]float64{v}, n) }

func checkFloats(t rapid.TB, name string, v []float64) {
	t.Helper()
	got := make([]float64, len(v))
	tail, err := Floats(got, append(AppendFloats(nil, v), 1))
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
	if err != nil || !slices.EqualFunc(got, v, same) || len(tail) != 1 {
		t.Fatalf("%s: got %v, tail %x, error %v, want %v", name, got, tail, err, v)
	}
}

func TestPresenceComesBack(t *testing.T) {
	f := func(name string, size int, slots ...int) {
		t.Helper()
		enc := AppendPresence(nil, slots)
		got, tail, err := Presence(nil, append(enc, 1), 720)
		if err != nil || !slices.Equal(got, slots) || len(tail) != 1 {
			t.Errorf("%s: got %v, tail %x, error %v, want %v", name, got, tail, err, slots)
		}
		if len(enc) != size {
			t.Errorf("%s: %d bytes, want %d", name, len(enc), size)
		}
	}
	f("one", 4, 719)
	f("dense", 3, 0, 1, 2, 3)
	f("every sixth", 4, 3, 9, 15, 21)
	f("ragged", 5, 0, 1, 3, 9)
	if _, _, err := Presence(nil, AppendPresence(nil, []int{5, 720}), 720); err == nil {
		t.Error("a slot past the window was read")
	}
}

func FuzzColumns(f *testing.F) {
	f.Add(AppendFloats(nil, []float64{1, 2, 3.5, 1e308}), uint16(4))
	f.Add(AppendInts(nil, []int64{1, 2, 3}), uint16(3))
	f.Add(AppendPresence(nil, []int{1, 5, 6}), uint16(720))
	f.Fuzz(func(t *testing.T, src []byte, n uint16) {
		floats, whole := make([]float64, n%2048), make([]int64, n%2048)
		if _, err := Floats(floats, src); err == nil && len(floats) > 0 {
			checkFloats(t, "again", floats)
		}
		if _, err := Ints(whole, src); err == nil && len(whole) > 0 {
			checkInts(t, "again", whole)
		}
		if slots, _, err := Presence(nil, src, 720); err == nil && len(slots) > 720 {
			t.Fatalf("%d slots of 720", len(slots))
		}
	})
}
