package metric

import (
	"strings"
	"testing"
)

func TestCanonicalGivesEqualSeriesOneName(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		got, err := Canonical(in)
		if err != nil || got != want {
			t.Errorf("Canonical(%q) = %q, %v, want %q", in, got, err, want)
		}
		if again, err := Canonical(got); again != got || err != nil {
			t.Errorf("Canonical(%q) = %q, %v: not stable", got, again, err)
		}
	}
	check("a.b.c", "a.b.c")
	check(".a..b.", "a.b")
	check("disk;mount=/;host=web1", "disk;host=web1;mount=/")
	check("disk;a=1;a=2", "disk;a=2")
	check("größe.ß", "größe.ß")
}

func TestNamesThatCannotBeASeriesAreRefused(t *testing.T) {
	check := func(in string) {
		t.Helper()
		if got, err := Canonical(in); err == nil {
			t.Errorf("Canonical(%q) = %q, want an error", in, got)
		}
	}
	check("")
	check("...")
	check(";a=b")
	check("a b")
	check("a\x00b")
	check("a\xff")
	check("a;b")
	check("a;=b")
	check("a;b=~c")
	check(strings.Repeat("a", MaxName+1))
}
