package codec

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.String()).Draw(t, "texts")
		got, err := Texts(AppendTexts(nil, want), len(want))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q came back as %q, %v", want, got, err)
		}
	})
}

func TestNumberTextsComeBackExactlyOrAreRefused(t *testing.T) {
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,4})(\.[0-9]{3})?|-?0+\.?[0-9]*|[0-9.-]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(number, 1, 5).Draw(t, "texts")
		packed, ok := AppendNumberTexts(nil, want)
		if !ok {
			return
		}
		got, err := NumberTexts(packed, len(want))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q came back as %q, %v", want, got, err)
		}
	})
}

func TestPlainNumbersAreStoredAsNumbers(t *testing.T) {
	is := func(want bool, texts ...string) {
		t.Helper()
		packed, ok := AppendNumberTexts([]byte("before"), texts)
		if ok != want || !strings.HasPrefix(string(packed), "before") || !ok && len(packed) != 6 {
			t.Errorf("%q: %v, want %v", texts, ok, want)
		}
	}
	is(true, "0", "200", "-5", "123456789012345678")
	is(true, "0.031", "-0.500", "12.250")
	is(false)
	is(false, "")
	is(false, "007")
	is(false, "-0")
	is(false, "-0.000")
	is(false, "1", "0.5")
	is(false, ".5")
	is(false, "1.")
	is(false, "1e5")
	is(false, "9223372036854775807")
	is(false, "1.2.3")
}

func TestCodesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 255, 256, 257, 1000}).Draw(t, "limit")
		picks := rapid.SliceOfN(rapid.IntRange(0, limit), 0, 1500).Draw(t, "picks")
		codes, next := make([]uint32, len(picks)), 0
		for i, p := range picks {
			codes[i] = uint32(min(p, next, limit-1))
			if int(codes[i]) == next {
				next++
			}
		}
		got := make([]uint32, len(codes))
		if err := Codes(got, AppendCodes(nil, codes, next), next); err != nil || !slices.Equal(got, codes) {
			t.Fatalf("codes of %d values do not come back: %v", next, err)
		}
	})
}

func TestDeltasComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Int64()).Draw(t, "numbers")
		for i := range want {
			unit := []int64{1, 1_000, 1_000_000}[len(want)%3]
			want[i] -= want[i] % unit
		}
		got := make([]int64, len(want))
		if err := Deltas(got, AppendDeltas(nil, want)); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d came back as %d, %v", want, got, err)
		}
	})
}

func TestPackedBytesComeBack(t *testing.T) {
	p, err := NewPacker(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, n := range []int{0, 1, 23, 24, 300, 100_000} {
		want := []byte(strings.Repeat("line of text ", n/13+1)[:n])
		packed := p.Pack([]byte("before"), want)
		got, err := p.Unpack(packed[6:], n)
		if err != nil || string(got) != string(want) {
			t.Errorf("%d bytes do not come back: %v", n, err)
		}
		if _, err := p.Unpack(packed[6:], n+1); err == nil {
			t.Errorf("%d bytes pass as %d", n, n+1)
		}
		if len(packed)-6 > n+1 {
			t.Errorf("%d bytes packed take %d", n, len(packed)-6)
		}
	}
}

func FuzzTextColumns(f *testing.F) {
	f.Add(AppendTexts(nil, []string{"a", "", "bc"}), 3)
	f.Add(AppendCodes(nil, []uint32{0, 1, 0, 2}, 3), 4)
	f.Add(AppendDeltas(nil, []int64{5000, 6000}), 2)
	p, err := NewPacker(1 << 20)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.Close)
	f.Add(p.Pack(nil, []byte(strings.Repeat("x", 1000))), 1000)
	f.Fuzz(func(t *testing.T, src []byte, n int) {
		n = max(0, min(n, 1<<16))
		_, _ = Texts(src, n)
		_, _ = NumberTexts(src, n)
		codes := make([]uint32, n)
		for _, values := range []int{1, 3, 300, n} {
			if Codes(codes, src, values) == nil && n > 0 && int(slices.Max(codes)) >= values {
				t.Errorf("a code past %d values", values)
			}
		}
		_ = Deltas(make([]int64, n), src)
		_, _ = p.Unpack(src, n)
	})
}
