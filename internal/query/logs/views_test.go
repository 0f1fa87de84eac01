package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patou/internal/entry"
)

func mustParse(t *testing.T, q string) *Query {
	t.Helper()
	parsed, err := Parse(q)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestHistogramCountsByLevelInRoundSteps(t *testing.T) {
	src := memoryOf(sample(), 100, everySecond)
	ask := func(q string, from, until int64, buckets int, step time.Duration, opened int, want ...string) {
		t.Helper()
		src.opened = 0
		c, err := Histogram(context.Background(), src, mustParse(t, q), at(from), at(until), buckets)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		total := uint64(0)
		for _, b := range c.Buckets {
			got = append(got, fmt.Sprintf("+%d:%d/%d", (b.Time-base)/1e9, b.Levels[entry.Error], b.Total))
			total += b.Total
		}
		if diff := cmp.Diff(want, got); diff != "" || time.Duration(c.Step) != step || total != c.Total || src.opened != opened {
			t.Errorf("%s: step %v, total %d, opened %d (-want +got):\n%s", q, time.Duration(c.Step), c.Total, src.opened, diff)
		}
	}
	ask("component:web.nginx", 0, 600, 5, 2*time.Minute, 0, "+0:2/120", "+120:1/120", "+240:1/120", "+360:1/120", "+480:1/120")
	ask("component:web.nginx | where level >= warn | top path", 0, 600, 2, 5*time.Minute, 0, "+0:3/3", "+300:3/3")
	ask("component:web.nginx", 90, 150, 6, 10*time.Second, 2, "+90:0/10", "+100:1/10", "+110:0/10", "+120:0/10", "+130:0/10", "+140:0/10")
	ask("nothing", 0, 60, 2, 30*time.Second, 0, "+0:0/0", "+30:0/0")
	ask("", 600, 0, 2, time.Millisecond, 0)
}

func TestStepsAreRoundAndFewEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.Int64Range(1, 1<<62).Draw(t, "length")
		buckets := rapid.IntRange(1, maxBuckets).Draw(t, "buckets")
		if step := niceStep(length, buckets); step <= 0 || (length-1)/step >= int64(buckets) {
			t.Fatalf("%d in %d buckets: step %d", length, buckets, step)
		}
	})
}

func TestContextIsOfTheSameComponentAndHost(t *testing.T) {
	src := memoryOf(sample(), 7, everySecond)
	n, err := Context(context.Background(), src, entry.ID{Batch: 201}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range append(append(n.Before, n.Entry), n.After...) {
		got = append(got, fmt.Sprintf("%d %s", e.ID.Batch, e.Component))
	}
	want := []string{"197 web.nginx", "199 web.nginx", "201 web.nginx", "203 web.nginx", "205 web.nginx", "207 web.nginx"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if src.held != 0 {
		t.Errorf("%d lookups were not released", src.held)
	}
	_, err = Context(context.Background(), src, entry.ID{Batch: 9999}, 2, 3)
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown id gives %v", err)
	}
}

func TestContextTellsEntriesOfOneInstantApart(t *testing.T) {
	var entries []entry.Entry
	for i := range 9 {
		host := ""
		if i%3 == 2 {
			host = "other"
		}
		entries = append(entries, entry.Entry{ID: entry.ID{Batch: 1, Row: uint32(i)}, Time: base, Component: "a", Host: host})
	}
	n, err := Context(context.Background(), memoryOf(entries, 2, everySecond), entry.ID{Batch: 1, Row: 4}, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range append(append(n.Before, n.Entry), n.After...) {
		got = append(got, e.ID.String())
	}
	if diff := cmp.Diff([]string{"1-0", "1-1", "1-3", "1-4", "1-6", "1-7"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsCountTheMostFrequentValues(t *testing.T) {
	src := memoryOf(sample(), 100, everySecond)
	fields, scanned, err := Fields(context.Background(), src, mustParse(t, `component:web.nginx | extract "took <ms> ms" | top path`), Options{From: at(0), Until: at(100)}, 2)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(scanned, fields)
	want := "100 [{component 100 [{web.nginx 100}]} {host 100 [{web01 100}]} {level 100 [{info 99} {error 1}]} {ms 100 [{0 2} {1 2}]}" +
		" {path 100 [{/cart/0 15} {/cart/1 15}]} {status 100 [{200 25} {300 25}]}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFieldsForgetRareValuesFirst(t *testing.T) {
	f := &facetStage{by: map[string]*facet{"k": {values: map[string]int{}}}}
	for i := range 200_000 {
		f.add(f.by["k"], "often", 2)
		f.add(f.by["k"], fmt.Sprintf("%0100d", i), 1)
		if f.held > maxHeld {
			t.Fatalf("%d bytes are held", f.held)
		}
	}
	if most := f.by["k"].most(1); most[0] != (ValueCount{"often", 400_000}) || f.by["k"].count != 600_000 {
		t.Errorf("most frequent is %v of %d", most, f.by["k"].count)
	}
}

func TestALiveTailTakesWhatNeedsOneEntry(t *testing.T) {
	e := sample()[0]
	live := func(q, want string) {
		t.Helper()
		f, err := mustParse(t, q).Live()
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if row := f(&e); row != nil {
			got = show(row)
		}
		if got != want {
			t.Errorf("%s gives %q, want %q", q, got, want)
		}
	}
	live("", "1-0")
	live("component:web.shop", "")
	live(`level:error | extract "took <ms> ms" | where ms = 0 | fields ms, path`, "ms=0 path=/cart/0")
	live(`| extract "took <ms> ms" | where ms = 1`, "")
	for _, q := range []string{"| count", "| top path", "| sort path", "| limit 5"} {
		if _, err := mustParse(t, q).Live(); !errors.Is(err, ErrNotLive) {
			t.Errorf("%s can be followed: %v", q, err)
		}
	}
	if _, ok := e.Field("ms"); ok {
		t.Error("extract changed the entry it was given")
	}
}

func TestRowsAreWrittenAsTheAPISays(t *testing.T) {
	e := &entry.Entry{
		ID: entry.ID{Batch: 100, Row: 7}, Time: 1479650706123456789, Component: "web.nginx", Host: "web01", Level: entry.Warn,
		Message: "a \"b\"\\\n\x01<é>\x7f", Fields: []entry.Field{{Key: "k y", Value: "1"}, {Key: "x", Value: ""}},
	}
	is := func(r *Row, want string) {
		t.Helper()
		got := string(r.AppendJSON(nil))
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	is(&Row{Entry: e}, `{"time":"2016-11-20T14:05:06.123456789Z","component":"web.nginx","host":"web01","level":"warn",`+
		`"message":"a \"b\"\\\n\u0001<é>\u007f","fields":{"k y":"1","x":""},"id":"2s-7"}`)
	is(&Row{Cells: []Cell{{"time", timeValue(e.Time)}, {"component", textValue("a", true)}, {"host", Value{}}, {"count", numberValue(12)}, {"avg_ms", numberValue(0.25)}}},
		`{"time":"2016-11-20T14:05:06.123456789Z","component":"a","host":null,"count":12,"avg_ms":0.25}`)
	is(&Row{}, "{}")
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\xff\u2028\x00é")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != strings.ToValidUTF8(s, "\uFFFD") && len(back) < len(s) {
			t.Fatalf("%q is read back as %q: %v", s, back, err)
		}
	})
}
