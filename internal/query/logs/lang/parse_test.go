package lang

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueriesReadAs(t *testing.T) {
	as := func(src, want string) {
		t.Helper()
		q, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			return
		}
		if got := q.String(); got != want {
			t.Errorf("%s\n reads as %s\n     want %s", src, got, want)
		}
		again, err := Parse(q.String())
		if err != nil {
			t.Errorf("%s: %v", q, err)
		} else if diff := cmp.Diff(q.String(), again.String()); diff != "" {
			t.Errorf("%s is not read back: %s", q, diff)
		}
	}
	as("", "*")
	as("  ", "*")
	as("* ", "*")
	as("component:webapp.backend", "component:webapp.backend")
	as("component:WebApp.*.git", `component:webapp\.*\.git`)
	as("host:web0?  level:>=WARNING", "host:web0? level:>=warn")
	as(`timeout  "connection reset"`, `timeout "connection reset"`)
	as(`/fail(ed|ure)/ /a\/b/i`, `/fail(ed|ure)/ /(?i)a\/b/`)
	as(`status:500  path:"/a b"  ua:*Bot*`, `status:500 path:"/a b" ua:*Bot*`)
	as("status:>=500  status:500..599  ms:>1000 ms:-5..5", "status:>=500 status:500..599 ms:>1000 ms:-5..5")
	as("user:*   -user:*  NOT user:x", "user:* -user:* -user:x")
	as("status:(500 OR 503)", "status:500 OR status:503")
	as("status:(500 OR (>=502 AND NOT 504)) x", "(status:500 OR status:>=502 -status:504) x")
	as("a AND b OR NOT (c d)", "a b OR -(c d)")
	as("a (b (c OR d)) e", "a b (c OR d) e")
	as("-(-a)", "-(-a)")
	as("NOT NOT a", "-(-a)")
	as("not found or and", "not found or and")
	as(`"OR" "NOT"`, `"OR" "NOT"`)
	as("path:/cart/7 path:~/^.cart/ path:~\"a b\"", `path:"/cart/7" path:~/^.cart/ path:~/a b/`)
	as("10:15:32 http://x.org/a std::string 10.0.0.1:80", `"10:15:32" "http://x.org/a" "std::string" "10.0.0.1:80"`)
	as("a - b", `a "-" b`)
	as(`conn*reset \*star\* a\ b C:\temp`, `conn*reset "*star*" "a b" C:"\\temp"`)
	as(`message:*slow*query* message:"a b" message:=x message:~/y/`, `slow*query "a b" message:=x /y/`)
	as("level:warn..error level:* level:<err level:=INFO", "level:warn..error level:* level:<error level:info")
	as(`"my key":v ua:"*" ua:\*x*`, `"my key":v ua:"*" ua:\*x*`)
	as("id:2s-1f", "id:2s-1f")
	as("größe:über Ärger", `"größe:über" Ärger`)

	as("| count", "| count")
	as("x|count by component every 60s as n", "x | count as n by component every 1m")
	as("| count, avg ms as mean, p99 ms, p99.9 ms every 1d by host, level", "| count, avg ms as mean, p99 ms, p99.9 ms by host, level every 1d")
	as(`| sum "by" by "every"`, `| sum "by" by "every"`)
	as("| top referer", "| top 10 referer")
	as("| rare 3 path, status", "| rare 3 path, status")
	as("| top count as n", "| top 10 count as n")
	as("x|patterns", "x | patterns")
	as(`| patterns by host, level from "from"`, `| patterns from "from" by host, level`)
	as(`| extract "took <ms> ms for <user>"`, `| extract "took <ms> ms for <user>"`)
	as(`| extract /a(?P<b>\d+)/ from path`, `| extract /a(?P<b>\d+)/ from path`)
	as("| where ms > 100 AND (user = bob OR NOT x != 3) level >= warn", "| where ms:>100 (user:=bob OR -(-x:=3)) level:>=warn")
	as(`| where "a b" ~ /x/ y !~ /z/ w:1 t`, `| where "a b":~/x/ -y:~/z/ w:1 t`)
	as("| sort ms desc, time asc, x | limit 50 | fields time,message", "| sort ms desc, time, x | limit 50 | fields time, message")
}

func TestBadQueriesSayWhereAndWhatWasExpected(t *testing.T) {
	fails := func(src, want string) {
		t.Helper()
		q, err := Parse(src)
		var bad *Error
		if !errors.As(err, &bad) {
			t.Errorf("%s reads as %v, error %v", src, q, err)
			return
		}
		if err.Error() != want {
			t.Errorf("%s\n got %s\nwant %s", src, err, want)
		}
	}
	const filter = "a filter such as component:NAME, level:>=warn, FIELD:VALUE, a word or /regexp/"
	const pipes = "count, sum, avg, min, max, p50 (any p1 to p99), distinct, top, rare, patterns, extract, where, sort, limit or fields"

	fails("component:webapp.backend level:>=warn | count by host evry 1m", `column 55: "evry" is not known here: wanted every, as NAME, | or the end`)
	fails("a AND", "column 6: the query ends here: wanted "+filter)
	fails("OR a", `column 1: "OR" is not known here: wanted `+filter)
	fails("a )", `column 3: ")" is not known here: wanted a filter, | or the end`)
	fails("(a", "column 1: a parenthesis is opened here and never closed: wanted )")
	fails("(a | b", `column 4: "|" is not known here: wanted a filter, OR or )`)
	fails("()", `column 2: ")" is not known here: wanted `+filter)
	fails(`x "abc`, `column 3: a quote is opened here and never closed: wanted "`)
	fails(`""`, "column 1: an empty text is in every message: wanted some text, or * for everything")
	fails(`"a\d"`, `column 3: a backslash within quotes stands before nothing it can escape: wanted \" \\ \n \r or \t; write \\ for a backslash`)
	fails("/abc", "column 1: a regular expression is opened here and never closed: wanted / (put a text that begins with / in quotes)")
	fails("/var/log", `column 6: the regular expression that begins at column 1 has ended here: wanted a space, ), | or the end (put a path in quotes: "/var/log")`)
	fails("/a(/", "column 1: the regular expression does not compile (missing closing ): `a(`): wanted RE2 syntax")
	fails("status:", "column 8: the query ends here: wanted a value right after status: (in quotes where it has spaces)")
	fails("status: 500", `column 8: a space stands here: wanted a value right after status: (in quotes where it has spaces)`)
	fails("status:>", "column 9: the query ends here: wanted a value right after >")
	fails("status:(500 503)", `column 13: "503" is not known here: wanted OR, AND or )`)
	fails("status:(500 OR)", `column 15: ")" is not known here: wanted a value right after status: (in quotes where it has spaces)`)
	fails("ms:5..x", `column 7: "x" is no number: wanted a number after .. (put the value in quotes if it is a text)`)
	fails("ärger level:wurst", `column 13: "wurst" is no level: wanted trace, debug, info, notice, warn, error, critical, alert or emergency`)
	fails("level:w*", "column 7: level takes no wildcard: wanted level:NAME, level:>=NAME or level:NAME..NAME")
	fails("level:~/w/", "column 7: level takes no regular expression: wanted level:NAME, level:>=NAME or level:NAME..NAME")
	fails("component:>a", "column 11: component has no order: wanted component:NAME or component:NAME*")
	fails("id:xyz", `column 4: "xyz" is no id of an entry: wanted two base-36 numbers with a dash, as in 2s-1f`)
	fails("time:>5", "column 1: the time is given beside the query: wanted from and until")
	fails("a\xffb", "column 2: this is not UTF-8")
	fails(strings.Repeat("(", 80), "column 65: more than 64 levels of parentheses and NOT")
	fails(strings.Repeat("NOT ", 80)+"a", "column 257: more than 64 levels of parentheses and NOT")
	fails(strings.Repeat("a ", 9000), "column 16385: the query has more than 16384 bytes")

	fails("|", "column 2: the query ends here: wanted "+pipes)
	fails("| | count", `column 3: "|" is not known here: wanted `+pipes)
	fails("x | cuont", `column 5: "cuont" is not known here: wanted `+pipes)
	fails("| patterns of x", `column 12: "of" is not known here: wanted by FIELD, from FIELD, | or the end`)
	fails("| patterns by", "column 14: the query ends here: wanted a field's name, component, host or level")
	fails("| patterns by host, count", `column 12: two columns would be named "count"`)
	fails("| sum", "column 6: the query ends here: wanted the name of a field to take the sum of")
	fails("| sum by host", `column 7: "by" is not known here: wanted the name of a field to take the sum of`)
	fails("| count, by host", `column 10: "by" is not known here: wanted count, sum, avg, min, max, p50 (any p1 to p99) or distinct`)
	fails("| count by", "column 11: the query ends here: wanted a field's name, component, host or level")
	fails("| count by time", "column 12: grouping by time is done with every: wanted every DURATION, as in every 1m")
	fails("| count by host by level", `column 17: "by" is not known here: wanted every, as NAME, | or the end`)
	fails("| count every 1y", `column 15: "1y" is not known here: wanted a span such as 500ms, 10s, 1m, 6h, 1d or 1w, a year at most`)
	fails("| count every 0s", `column 15: "0s" is not known here: wanted a span such as 500ms, 10s, 1m, 6h, 1d or 1w, a year at most`)
	fails("| count every 1m x", `column 18: "x" is not known here: wanted by FIELD, as NAME, | or the end`)
	fails("| count, sum a as count", `column 24: two columns would be named "count": wanted as NAME after one of them`)
	fails("| top 0 x", `column 7: "0" is not known here: wanted a number of values, 1 to 1000000`)
	fails("| top 5", "column 8: the query ends here: wanted a field's name")
	fails("| top x y", `column 9: "y" is not known here: wanted a comma, as NAME, | or the end`)
	fails("| top count", `column 12: two columns would be named "count": wanted as NAME for the number`)
	fails("| limit", "column 8: the query ends here: wanted a number of rows, 1 to 1000000")
	fails("| limit ten", `column 9: "ten" is not known here: wanted a number of rows, 1 to 1000000`)
	fails("| limit 5 5", `column 11: "5" is not known here: wanted | or the end`)
	fails("| sort x up", `column 10: "up" is not known here: wanted asc, desc, a comma, | or the end`)
	fails("| sort x desc up", `column 15: "up" is not known here: wanted a comma, | or the end`)
	fails("| fields a, a", `column 13: "a" is named twice`)
	fails("| where", "column 8: the query ends here: wanted a comparison such as ms > 100, or a filter")
	fails("| where ms >", "column 13: the query ends here: wanted a value right after >")
	fails("| where ms > 1 )", `column 16: ")" is not known here: wanted AND, OR, | or the end`)
	fails("| extract took", `column 11: "took" is not known here: wanted a pattern such as "took <ms> ms", or /took (?P<ms>\d+)/`)
	fails(`| extract "took ms"`, "column 11: the pattern names no field: wanted <NAME> where the value stands")
	fails(`| extract "a<x><y>"`, "column 11: nothing stands before <y> to tell where it begins: wanted some text between two names")
	fails(`| extract "<x> <x>"`, `column 11: "x" is named twice: wanted another name, or <_> for what is not kept`)
	fails(`| extract "<level> x"`, `column 11: "level" is part of every entry: wanted another name`)
	fails(`| extract /a(b)/`, "column 11: the pattern names no field: wanted (?P<NAME>…) round the value")
	fails(strings.Repeat("| limit 1 ", 40), "column 321: more than 32 pipes")
}

func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"", "*", `component:a.*.b host:"x y" level:>=warn OR -(a b) /x\/y/i status:(500 OR NOT 5..6) q:~"a"`,
		`a*b\*c | extract "took <ms> ms \\<x <_> z" from path | where ms > 100 AND a != "b" | sort ms desc, x | limit 5 | fields a, "b c"`,
		`| patterns from "a b" by host, "by" | limit 5`,
		"| count as n, p99.9 ms by host, level every 1h | top 5 x | rare y",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		q, err := Parse(src)
		if err != nil {
			var bad *Error
			if !errors.As(err, &bad) || bad.Column < 1 || bad.Column > len(src)+1 || bad.Problem == "" {
				t.Fatalf("%q: error %#v", src, err)
			}
			return
		}
		plain := q.String()
		again, err := Parse(plain)
		if len(plain) > maxQuery {
			return // quotes have made it too long
		}
		if err != nil {
			t.Fatalf("%q reads as %q, which fails: %v", src, plain, err)
		}
		if !equal(q, again) {
			t.Fatalf("%q reads as %q, which reads as %q", src, plain, again)
		}
	})
}

// equal compares trees; compiled expressions are equal when their sources are.
func equal(a, b *Query) bool {
	return cmp.Equal(a, b, cmp.Exporter(func(typ reflect.Type) bool { return true }), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Regexp"
	}, cmp.Ignore())) && a.String() == b.String()
}
