package logfmt

import (
	"strings"
	"testing"

	"patou/internal/entry"
	"patou/test/shared"
)

func brief(fields []entry.Field) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, f.Key+"="+f.Value)
	}
	return strings.Join(parts, "|")
}

func TestPairsBecomeFields(t *testing.T) {
	check := func(line, want string) {
		t.Helper()
		got, ok := Parse(line, nil)
		if !ok || brief(got) != want || !Likely(line) {
			t.Errorf("Parse(%q) = %s, %v, want %s", line, brief(got), ok, want)
		}
	}
	check(`level=info msg=hi`, "level=info|msg=hi")
	check(`ts=1 msg="a b" empty= n=-1.5`, "ts=1|msg=a b|empty=|n=-1.5")
	check(`a="" b="x\"y\n\u00e9"  c.d/e-f=1`, "a=|b=x\"y\né|c.d/e-f=1")
	check(`a=1 b=2 a=3`, "a=3|b=2")
	check(`a="\q" b==`, `a=\q|b==`)
}

func TestProseIsNotLogfmt(t *testing.T) {
	check := func(line string) {
		t.Helper()
		dst := []entry.Field{{Key: "pid", Value: "1"}}
		if got, ok := Parse(line, dst); ok || len(got) != 1 {
			t.Errorf("Parse(%q) = %s", line, brief(got))
		}
	}
	check("")
	check("hello world")
	check("x=1")
	check("x=1 and y=2")
	check("user=root logged in")
	check(`a=1 b="open`)
	check(`a=1 b="x"y`)
	check(`a=1 b=x"y`)
	check("=1 b=2")
	check("a 1=2 b=3")
	check("[UFW BLOCK] IN=eth0 OUT=")
	check("IN=eth0 OUT= DF PROTO=TCP")
}

func TestRealLinesAreRead(t *testing.T) {
	for _, name := range []string{"pattern-mining/agent-logfmt.txt", "pattern-mining/ingester-logfmt.txt", "mixed-app/logfile_logfmt.0"} {
		b := shared.Read(t, "logs", name)
		n, bad := 0, 0
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			n++
			if _, ok := Parse(line, nil); !ok {
				bad++
				t.Logf("%s: %.200s", name, line)
			}
		}
		if bad*20 > n {
			t.Errorf("%s: %d of %d lines were not read", name, bad, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`level=info msg="a \"b\""`, "a=1 b=2 a=3", `a="`, "=", "a= b=", "\xff=1 b=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		fields, ok := Parse(line, nil)
		if ok != (len(fields) >= minPairs) || ok && !Likely(strings.TrimLeft(line, " ")) {
			t.Fatalf("%q: %v %s", line, ok, brief(fields))
		}
		seen := map[string]bool{}
		for _, fd := range fields {
			if fd.Key == "" || seen[fd.Key] {
				t.Fatalf("%q: key %q empty or twice", line, fd.Key)
			}
			seen[fd.Key] = true
		}
	})
}
