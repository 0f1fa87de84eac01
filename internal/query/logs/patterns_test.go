package logs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patou/internal/entry"
	"patou/internal/pattern"
)

func TestPatternsAreTheTemplatesOfMessages(t *testing.T) {
	src := memoryOf(sample(), 50, everySecond)
	all := Options{From: at(0), Until: at(600)}
	ask := func(q string, want ...string) {
		t.Helper()
		got, _ := answer(t, src, q, all)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q, diff)
		}
	}
	get := "pattern=GET <*> took <*> ms count=600 first=+0s last=+599s example=GET /cart/4 took 49 ms"
	cart := "pattern=Cart of user<*> saved count=600 first=+0s last=+599s example=Cart of user2 saved"
	ask("| patterns", cart, get)
	ask("| patterns by component, host | limit 1", "component=web.shop host=web02 "+cart)
	ask("component:web.nginx | patterns by status | sort status desc | fields status, count", "status=500 count=150", "status=400 count=150", "status=300 count=150", "status=200 count=150")
	ask("| patterns from path", "pattern=<*> count=600 first=+0s last=+599s example=/cart/4")
	ask(`| extract "took <ms> ms" | where ms >= 48 | patterns | fields count`, "count=24")
	ask("| sort time desc | limit 3 | patterns", strings.ReplaceAll(strings.ReplaceAll(cart, "600", "2"), "+0s", "+598s"),
		strings.ReplaceAll(strings.ReplaceAll(get, "600", "1"), "+0s", "+599s"))
	ask("| count by message | patterns | fields pattern, count, first", "pattern=GET <*> took <*> ms count=350 first=", "pattern=Cart of user<*> saved count=3 first=")
	ask("nothing | patterns")
}

// However entries are divided into runs, the answer is the same.
func TestPatternsDoNotDependOnRuns(t *testing.T) {
	var want []string
	for size := 1; size <= 1200; size = size*7 + 1 {
		got, _ := answer(t, memoryOf(sample(), size, everySecond), "| patterns by level", Options{From: at(3), Until: at(588)})
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("runs of %d (-want +got):\n%s", size, diff)
		}
	}
}

func TestPatternsOfEndlesslyDifferentMessagesStayWithinTheBudget(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var all []entry.Entry
	for i := range int64(60_000) {
		word := fmt.Sprintf("%c%c%c", 'a'+r.IntN(26), 'a'+r.IntN(26), 'a'+r.IntN(26))
		all = append(all, entry.Entry{ID: entry.ID{Batch: uint64(i)}, Time: at(i), Component: "web",
			Message: word + " is " + strings.Repeat(word, 3) + " of " + word + "x"})
	}
	rows, _ := answer(t, memoryOf(all, 1000, everySecond), "| patterns | fields count | sum count", Options{MaxGroups: 30_000})
	if !slices.Equal(rows, []string{"sum_count=60000"}) {
		t.Errorf("%v", rows)
	}
}

// twoWindows is ten minutes of a component and two minutes after them, in which
// something is new, gone, more and less.
func twoWindows() []entry.Entry {
	var out []entry.Entry
	say := func(second int64, level entry.Level, format string, args ...any) {
		out = append(out, entry.Entry{ID: entry.ID{Batch: uint64(len(out) + 1)}, Time: at(second) + int64(len(out)), Component: "git", Level: level, Message: fmt.Sprintf(format, args...)})
	}
	for i := range int64(720) {
		now := i >= 600
		say(i, entry.Info, "request %d done in %dms", i, i%50)
		if !now && i%10 == 0 {
			say(i, entry.Debug, "cache refreshed, %d items", i)
		}
		if now && i%3 == 0 {
			say(i, entry.Warn, "memory limit %d reached, spilling to disk", i)
		}
		if i%20 == 0 || now {
			say(i, entry.Info, "queue has %d waiting", i)
		}
		if !now || i%10 == 0 {
			say(i, entry.Info, "index is warm (%d)", i)
		}
		if i%200 < 40 {
			say(i, entry.Info, "burst of %d", i) // usual, though uneven
		}
	}
	return out
}

func TestAWindowIsComparedWithTheTimeBefore(t *testing.T) {
	src := memoryOf(twoWindows(), 100, everySecond)
	c, err := Compare(context.Background(), src, mustParse(t, "component:git | patterns"), Windows{From: at(600), Until: at(720), BaseFrom: at(0), BaseUntil: at(600)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range c.Patterns {
		got = append(got, fmt.Sprintf("%s %s %d/%d", p.State, p.Text, p.Count, p.Base))
		if p.ID != pattern.ID(p.Text) || p.Component != "git" || p.Example == "" || p.First == 0 {
			t.Errorf("%+v", p)
		}
	}
	want := []string{
		"new memory limit <*> reached, spilling to disk 40/0",
		"more queue has <*> waiting 120/30",
		"gone cache refreshed, <*> items 0/60",
		"less index is warm (<*>) 12/600",
		"usual request <*> done in <*> 120/600",
		"usual burst of <*> 40/120",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	first := c.Patterns[0]
	if first.Levels[entry.Warn] != 40 || first.Spark[24] != 0 || first.Spark[29] != 8 || len(first.Spark) != 30 || c.SparkFrom != at(0) || c.SparkStep != 24e9 {
		t.Errorf("%+v from %d step %d", first, c.SparkFrom, c.SparkStep)
	}
	if gone := c.Patterns[2]; gone.Example != "cache refreshed, 590 items" || gone.Last >= at(600) {
		t.Errorf("%+v", gone)
	}
}

func TestAComparisonWithAnEmptyTimeIsAllNew(t *testing.T) {
	c, err := Compare(context.Background(), memoryOf(twoWindows(), 100, everySecond), mustParse(t, ""), Windows{From: at(600), Until: at(720), BaseFrom: at(-600), BaseUntil: at(-500)})
	if err != nil || len(c.Patterns) != 5 || c.SparkFrom != at(600) {
		t.Fatalf("%v %+v", err, c)
	}
	for _, p := range c.Patterns {
		if p.State != New {
			t.Errorf("%+v", p)
		}
	}
}

// A server that was started a while ago is not compared with the time before.
func TestTheTimeBeforeAComponentSpokeDoesNotCount(t *testing.T) {
	c, err := Compare(context.Background(), memoryOf(sample(), 50, everySecond), mustParse(t, "component:web.nginx"),
		Windows{From: at(300), Until: at(600), BaseFrom: at(-1200), BaseUntil: at(300)})
	if err != nil || len(c.Patterns) != 1 {
		t.Fatalf("%v %+v", err, c)
	}
	if p := c.Patterns[0]; p.State != Usual || p.Count != 300 || p.Base != 300 {
		t.Errorf("%+v", p)
	}
}

func TestChanceIsNoChange(t *testing.T) {
	f := func(n, base uint64, unrest float64, want State) {
		t.Helper()
		if got := judge(n, base, 60, 600, unrest); got != want {
			t.Errorf("%d after %d: %s, wanted %s", n, base, got, want)
		}
	}
	f(1, 0, 1, New)
	f(3, 10, 1, Usual)
	f(20, 10, 1, More)
	f(20, 100, 1, Usual) // twice as many, which one of a hundred windows has
	f(40, 100, 1, More)
	f(40, 100, 20, Usual)
	f(0, 20, 1, Usual) // two were due
	f(0, 100, 1, Gone)
	f(1, 200, 1, Less)
	f(14, 100, 1, Usual)
}
