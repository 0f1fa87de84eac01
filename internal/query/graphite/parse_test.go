package graphite

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseGivesTheCanonicalForm(t *testing.T) {
	f := func(target, want string) {
		t.Helper()
		e, err := Parse(target)
		if err != nil {
			t.Errorf("Parse(%q): %v", target, err)
		} else if got := e.String(); got != want {
			t.Errorf("Parse(%q) = %s, want %s", target, got, want)
		}
	}
	f("a.b.c", "a.b.c")
	f("  a.*.c{1,2{3,4}}[0-9]?  ", "a.*.c{1,2{3,4}}[0-9]?")
	f("disk.used;dc=ams;host=db01", "disk.used;dc=ams;host=db01")
	f(`a\(b\).c`, `a\(b\).c`)
	f("$base.[[x]].#A", "$base.[[x]].#A")
	f("sum( a.b , c.d )", "sum(a.b,c.d)")
	f("a.*|sum()|alias('x')", "alias(sum(a.*),'x')")
	f("scale(a|absolute(), 5e-1)", "scale(absolute(a),5e-1)")
	f("group()", "group()")
	f(`aliasSub(a,"\d+(x)","\1")`, `aliasSub(a,"\d+(x)","\1")`)
	f(`alias(a,"it's \" so")`, `alias(a,"it's \" so")`)
	f("sortBy(a,'last',reverse=true)", "sortBy(a,'last',reverse=true)")
	f("limit(a, n = -3)", "limit(a,n=-3)")
	f("f(1min,10.foo,trueish,infra.x,none)", "f(1min,10.foo,trueish,infra.x,none)")
	f("0.01", "0.01")
	f("sumSeries (a)", "sumSeries(a)")
	f("größe.*", "größe.*")
}

func TestParseTellsLiteralsFromPaths(t *testing.T) {
	e, err := Parse(`f(1, 1.5, -2, 1e3, TRUE, false, None, INF, "s", 1min, true.x, f(), a.b)`)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	for _, a := range e.Args {
		kinds = append(kinds, a.Kind)
	}
	want := []Kind{Number, Number, Number, Number, Bool, Bool, None, Number, String, Path, Path, CallExpr, Path}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Error(d)
	}
	if !e.Args[0].Int || e.Args[1].Int || e.Args[3].Num != 1000 || !e.Args[4].Bool || e.Args[5].Bool {
		t.Errorf("values: %v", e.Args)
	}
}

func TestParseRefusesWithPlaceAndExpectation(t *testing.T) {
	f := func(target string, pos int, want string) {
		t.Helper()
		_, err := Parse(target)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Fatalf("Parse(%q): %v, want a *SyntaxError", target, err)
		}
		if se.Pos != pos || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): at %d %q, want at %d with %q", target, se.Pos, err, pos, want)
		}
	}
	f("", 0, "a series")
	f("sumSeries(a", 11, "closing parenthesis of sumSeries(")
	f("sumSeries(a))", 12, "the end")
	f("a b", 2, "the end")
	f("sum(a,,b)", 6, "a series")
	f("a.{b,c", 2, "closing }")
	f("alias(a,'x)", 8, "closing '")
	f("a|b", 2, "function call after |")
	f("f(x=1,2)", 6, "name=value")
	f("'text'", 0, "a series")
	f(strings.Repeat("f(", 100)+"a"+strings.Repeat(")", 100), 130, "at most 64")
	f("a"+strings.Repeat("|f()", 100), 261, "at most 64")
	f(strings.Repeat("{", 100), 64, "braces")
	f(strings.Repeat("a", MaxTarget+1), MaxTarget, "64 KiB")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.*.c{1,2}", "sum(a,b)|alias('x')", "f(x=1,y=\"s\")", `a\(b`, "f(1e3,inf,none,TRUE)", "f(f(f(a)))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		e, err := Parse(target)
		var se *SyntaxError
		if err != nil {
			if !errors.As(err, &se) || se.Pos > len(target) || err.Error() == "" {
				t.Fatalf("Parse(%q): %v is no *SyntaxError within the text", target, err)
			}
			return
		}
		again, err := Parse(e.String())
		if err != nil {
			t.Fatalf("Parse(%q) gives %q, which does not parse: %v", target, e, err)
		}
		if d := cmp.Diff(e, again, cmpopts.IgnoreFields(Expr{}, "Pos"), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("Parse(%q) gives %q, which parses to another expression: %s", target, e, d)
		}
	})
}
