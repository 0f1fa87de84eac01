package logs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patou/internal/entry"
)

const base = int64(1_795_000_200) * 1e9 // a whole five minutes

func at(seconds int64) int64 { return base + seconds*1e9 }

// sample is ten minutes of two components, one entry a second and component.
func sample() []entry.Entry {
	var out []entry.Entry
	for i := range int64(600) {
		level := entry.Info
		if i%100 == 0 {
			level = entry.Error
		}
		out = append(out,
			entry.Entry{ID: entry.ID{Batch: uint64(2*i + 1)}, Time: at(i), Component: "web.nginx", Host: "web01", Level: level,
				Message: fmt.Sprintf("GET /cart/%d took %d ms", i%7, i%50),
				Fields:  []entry.Field{{Key: "status", Value: fmt.Sprint(200 + 100*(i%4))}, {Key: "path", Value: fmt.Sprintf("/cart/%d", i%7)}}},
			entry.Entry{ID: entry.ID{Batch: uint64(2*i + 2)}, Time: at(i), Component: "web.shop", Host: "web02", Level: entry.Debug,
				Message: fmt.Sprintf("Cart of user%d saved", i%3)})
	}
	return out
}

func everySecond(int) int { return 1 }

func answer(t *testing.T, src Source, q string, o Options) (rows []string, stats Stats) {
	t.Helper()
	parsed, err := Parse(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	stats, err = Execute(context.Background(), src, parsed, o, func(r *Row) error {
		rows = append(rows, show(r))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return rows, stats
}

// show is a row in short: the entry's id or the cells.
func show(r *Row) string {
	if r.Entry != nil {
		return r.Entry.ID.String()
	}
	var parts []string
	for _, c := range r.Cells {
		text := c.Value.String()
		if ns, ok := c.Value.Time(); ok {
			text = fmt.Sprintf("+%ds", (ns-base)/1e9)
		}
		parts = append(parts, c.Name+"="+text)
	}
	return strings.Join(parts, " ")
}

func TestAnswers(t *testing.T) {
	src := memoryOf(sample(), 50, everySecond)
	all := Options{From: at(0), Until: at(600)}
	ask := func(q string, o Options, want ...string) {
		t.Helper()
		got, _ := answer(t, src, q, o)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q, diff)
		}
	}
	newest := all
	newest.Limit = 3
	ask("", newest, "xc-0", "xb-0", "xa-0")
	oldest := newest
	oldest.Order = OldestFirst
	ask("", oldest, "1-0", "2-0", "3-0")
	ask("component:web.nginx", newest, "xb-0", "x9-0", "x7-0")
	ask("cart user2 -component:web.nginx", newest, "xc-0", "x6-0", "x0-0")
	ask("Cart", newest, "xc-0", "xa-0", "x8-0")
	ask("level:>=error | count", all, "count=6")
	ask("component:web | count by component", all, "component=web.nginx count=600", "component=web.shop count=600")
	ask("| count by level", all, "level=debug count=600", "level=info count=594", "level=error count=6")
	ask("component:web.nginx | count every 5m", all, "time=+0s count=300", "time=+300s count=300")
	ask("component:web.nginx | count by level every 5m", Options{From: at(30), Until: at(330)},
		"time=+0s level=info count=268", "time=+0s level=error count=2", "time=+300s level=info count=29", "time=+300s level=error count=1")
	ask("| top 2 path", all, "path=/cart/0 count=86", "path=/cart/1 count=86")
	ask("| rare 1 path", all, "path=/cart/5 count=85")
	ask("status:>=500 | top status", all, "status=500 count=150")
	ask(`| extract "took <ms> ms" | where ms >= 48 | count, sum ms, avg ms, p50 ms as mid, max ms, distinct path`, all,
		"count=24 sum_ms=1164 avg_ms=48.5 mid=48 max_ms=49 distinct_path=7")
	ask(`| extract "took <ms> ms" | sort ms desc | limit 2 | fields ms, path, id`, all,
		"ms=49 path=/cart/4 id=xb-0", "ms=49 path=/cart/3 id=uj-0")
	ask("| count by component, level | sort count desc | limit 1", all, "component=web.shop level=debug count=600")
	ask("| limit 4 | count by component", all, "component=web.nginx count=2", "component=web.shop count=2")
	ask("nothing | count", all, "count=0")
	ask("nothing | count by level", all)
	ask("id:3-0", all, "3-0")
}

func TestCountsComeFromTheDirectory(t *testing.T) {
	src := memoryOf(sample(), 500, everySecond)
	ask := func(q string, o Options, opened int) {
		t.Helper()
		if _, stats := answer(t, src, q, o); stats.Opened != opened {
			t.Errorf("%s opened %d runs, want %d", q, stats.Opened, opened)
		}
	}
	whole := Options{From: at(0), Until: at(600)}
	ask("| count by component", whole, 0)
	ask("component:web.nginx level:>=warn | count every 1m", whole, 0)
	ask("level:error OR component:web.shop | count by component, level every 2m", whole, 0)
	ask("level:critical | count by host", whole, 0)
	ask("component:web.nginx | count", Options{From: at(60), Until: at(120)}, 0)
	ask("component:web.nginx | count", Options{From: at(30), Until: at(120)}, 1)
	ask("component:web.nginx | count every 30s", whole, 2)
	ask("cart | count", whole, 4)
}

func TestNewestEntriesOpenOnlyTheirRuns(t *testing.T) {
	src := memoryOf(sample(), 10, everySecond)
	_, stats := answer(t, src, "", Options{From: at(0), Until: at(600), Limit: 4})
	if stats.Opened != 2 || stats.Sent != 4 {
		t.Errorf("opened %d runs for %d entries, want 2 for 4", stats.Opened, stats.Sent)
	}
	if src.held != 0 {
		t.Errorf("%d lookups were not released", src.held)
	}
}

func TestBudgetsRefuseWithASentence(t *testing.T) {
	src := memoryOf(sample(), 100, everySecond)
	fails := func(q string, o Options, want string) {
		t.Helper()
		parsed, err := Parse(q)
		if err != nil {
			t.Fatal(err)
		}
		o.From, o.Until = at(0), at(600)
		_, err = Execute(context.Background(), src, parsed, o, func(*Row) error { return nil })
		var over *BudgetError
		if !errors.As(err, &over) || err.Error() != want {
			t.Errorf("%s: error %v, want %s", q, err, want)
		}
	}
	fails("| count by message", Options{MaxGroups: 10}, "the query needs more than 10 groups: group by fewer fields, filter more, or take a longer every or a shorter time")
	fails("| sort path | where status > 1", Options{MaxSorted: 10}, "the query needs more than 10 rows sorted: add limit after sort")
	fails("| sort path", Options{MaxMemory: 10000}, "the query needs more than 10000 bytes of memory: add limit after sort, group by fewer fields, or take a shorter time")
}

func TestCancellationEndsAQuery(t *testing.T) {
	src := memoryOf(sample(), 10, everySecond)
	for _, q := range []string{"", "cart | count", "| sort path", "/cart.*9/ | top path"} {
		ctx, cancel := context.WithCancel(context.Background())
		src.opened, src.onOpen = 0, cancel
		parsed, _ := Parse(q)
		_, err := Execute(ctx, src, parsed, Options{Until: at(600)}, func(*Row) error { return nil })
		if !errors.Is(err, context.Canceled) || src.opened > 1 {
			t.Errorf("%q ended with %v after %d runs", q, err, src.opened)
		}
		cancel()
	}
}

func TestAnErrorOfTheReceiverEndsAQuery(t *testing.T) {
	gone := errors.New("the client went away")
	src := memoryOf(sample(), 10, everySecond)
	for _, q := range []string{"", "| count by path", "| sort path"} {
		parsed, _ := Parse(q)
		calls := 0
		_, err := Execute(context.Background(), src, parsed, Options{}, func(*Row) error { calls++; return gone })
		if !errors.Is(err, gone) || calls != 1 {
			t.Errorf("%q: error %v after %d calls", q, err, calls)
		}
	}
}

func TestPercentilesOfManyValuesComeFromSketches(t *testing.T) {
	tally, b := &tally{}, &budget{maxBytes: 1 << 30}
	for i := range 20_000 {
		if err := tally.addNumber(float64(i-5000), true, b); err != nil {
			t.Fatal(err)
		}
	}
	near := func(share, want float64) {
		t.Helper()
		if got := tally.percentile(share); math.Abs(got-want) > 0.012*math.Abs(want)+1 {
			t.Errorf("p%g is %g, want about %g", share*100, got, want)
		}
	}
	near(0.001, -4981)
	near(0.10, -3001)
	near(0.25, -1)
	near(0.50, 4999)
	near(0.99, 14799)
}

// A query that looks at much text in one run must end soon after it is
// cancelled, though nothing else happens in between.
func TestCancellationEndsALongScan(t *testing.T) {
	entries := make([]entry.Entry, 2000)
	for i := range entries {
		entries[i] = entry.Entry{ID: entry.ID{Batch: 1, Row: uint32(i)}, Time: base, Component: "a", Message: strings.Repeat("ab", 16<<10)}
	}
	src := memoryOf(entries, 5000, everySecond)
	ctx, cancel := context.WithCancel(context.Background())
	q := mustParse(t, "/a{1,5}c$/ | count")
	p := newPlan(q, Options{}.withDefaults(), &lastStage{emit: func(*Row) error { return nil }})
	run := src.runs[0]
	s, err := openScan(context.Background(), &run, &pace{ctx: ctx, left: paceBytes}, p.leaves)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	looked := 0
	p.filter.kids[0].leaf.match = func(s string) bool { looked += len(s); return false }
	if _, err := p.selectRows(s, 0, len(entries)); !errors.Is(err, context.Canceled) || looked > paceBytes+32<<10 {
		t.Errorf("%v after %d bytes", err, looked)
	}
}
