package carbon

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const now = 1_700_000_000_123

func TestLinesThatAreSamples(t *testing.T) {
	var p Parser
	check := func(line, name string, value float64, millis int64) {
		t.Helper()
		s, err := p.Parse([]byte(line), now)
		if err != nil || s.Name != name || s.Value != value || s.Time != millis {
			t.Errorf("Parse(%q) = %v, %v; want %s %v %d", line, s, err, name, value, millis)
		}
	}
	check("a.b 1 1500000000", "a.b", 1, 1500000000000)
	check("a.b -2.50 1500000000\r", "a.b", -2.5, 1500000000000)
	check("a.b 3 1500000001", "a.b", 3, 1500000001000)
	check("disk;mount=/ 1e3 1500000000", "disk;mount=/", 1000, 1500000000000)
	check("a 1 -1", "a", 1, now)
	check("a 1 -1.0", "a", 1, now)
	check("a 1 1500000000.25", "a", 1, 1500000000250)
	check("a 1 1.5e9", "a", 1, 1500000000000)
	check("a 1 0", "a", 1, 0)
	check("a 1 86400", "a", 1, 86400000)
	check("a 1 4102444800", "a", 1, 4102444800000)
	check("a\t1\t1500000000", "a", 1, 1500000000000)
	check("  a   +1   1500000000  ", "a", 1, 1500000000000)
	check("a 18446744073709551616 1500000000", "a", 18446744073709551616, 1500000000000)
	check("a .5 1500000000", "a", .5, 1500000000000)
	check("a 5. 1500000000", "a", 5, 1500000000000)
	check("a -1e-320 1500000000", "a", -1e-320, 1500000000000)
}

func TestLinesThatAreRefusedSayWhy(t *testing.T) {
	var p Parser
	check := func(line string, want error) {
		t.Helper()
		if s, err := p.Parse([]byte(line), now); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %v, %v; want %q", line, s, err, want)
		}
	}
	check("", ErrFields)
	check("a", ErrFields)
	check("a 1", ErrFields)
	check("a 1 1500000000 x", ErrFields)
	check("a b c d", ErrFields)
	check(" 1 1500000000", ErrFields)
	check("a\tb 1 1500000000", ErrFields)
	check("GET / HTTP/1.1", ErrValue)
	check("a one 1500000000", ErrValue)
	check("a 0x10 1500000000", ErrValue)
	check("a 1_0 1500000000", ErrValue)
	check("a 1.2.3 1500000000", ErrValue)
	check("a - 1500000000", ErrValue)
	check("a . 1500000000", ErrValue)
	check("a "+strings.Repeat("1", 1000)+" 1500000000", ErrValue)
	check("a nan 1500000000", ErrNaN)
	check("a NaN 1500000000", ErrNaN)
	check("a inf 1500000000", ErrInf)
	check("a -Infinity 1500000000", ErrInf)
	check("a 1e999 1500000000", ErrInf)
	check("a 1 now", ErrTimestamp)
	check("a 1 nan", ErrTimestamp)
	check("a 1 inf", ErrTimestamp)
	check("a 1 -2", ErrTimestamp)
	check("a 1 1500000000000", ErrMillisecond)
}

// agrees says whether the parser's value of a decimal is strconv's, bit for bit.
func agrees(t interface{ Fatalf(string, ...any) }, number string) {
	var p Parser
	s, err := p.Parse([]byte("a "+number+" 1500000000"), now)
	want, wantErr := strconv.ParseFloat(number, 64)
	if wantErr != nil || math.IsNaN(want) || math.IsInf(want, 0) {
		if err == nil {
			t.Fatalf("%q was read as %v, want an error", number, s.Value)
		}
		return
	}
	if err != nil || math.Float64bits(s.Value) != math.Float64bits(want) {
		t.Fatalf("%q = %v, %v; want %v", number, s.Value, err, want)
	}
}

func TestValuesAreThoseOfStrconv(t *testing.T) {
	for _, n := range []string{
		"-0", "0", "-0.0", "9007199254740992", "9007199254740993", "9007199254740992.0",
		"0.1", "0.30000000000000004", "123456789012345678.9", "0.0000000000000000001",
		"00000000000000000000000001", "1.7976931348623157e308", "4.9e-324", "2.2250738585072011e-308",
	} {
		agrees(t, n)
	}
	decimal := rapid.StringMatching(`-?[0-9]{0,20}(\.[0-9]{0,20})?(e[-+]?[0-9]{1,3})?`)
	rapid.Check(t, func(t *rapid.T) {
		n := decimal.Draw(t, "number")
		if n != "" {
			agrees(t, n)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "value")
		agrees(t, strconv.FormatFloat(v, 'f', rapid.IntRange(-1, 12).Draw(t, "digits"), 64))
	})
}

func TestParseDoesNotAllocate(t *testing.T) {
	var p Parser
	lines := [][]byte{
		[]byte("servers.web1.cpu.user 12.34 1500000000"), []byte("a.b 1e5 1500000000.5"),
		[]byte("a nan 1500000000"), []byte("garbage"),
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, l := range lines {
			_, _ = p.Parse(l, now)
		}
	}); n > 1 { // strconv makes its error for "nan" values it refuses
		t.Errorf("%v allocations for %d lines", n, len(lines))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.b 1 1500000000", "a;b=c -1.5e3 -1", "a nan 1", "a\t1\t2.5\r", "", " ", "\xff 1 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var p Parser
		s, err := p.Parse(line, now)
		if err != nil {
			var reason Error
			if !errors.As(err, &reason) {
				t.Fatalf("%q: error of another type: %v", line, err)
			}
			return
		}
		if s.Name == "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Time < 0 {
			t.Fatalf("%q gave %+v", line, s)
		}
		again, err := p.parseSlowly(line, now)
		if err != nil || again != s {
			t.Fatalf("%q: fast %+v, slow %+v %v", line, s, again, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var p Parser
	line := []byte("servers.web-0017.cpu.total.user.percent 23.47 1500000000")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Parse(line, now); err != nil {
			b.Fatal(err)
		}
	}
}
