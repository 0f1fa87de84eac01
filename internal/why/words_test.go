package why

import (
	"math"
	"testing"
	"time"

	"patou/internal/event"
	"patou/internal/timerange"
)

func TestValuesAreWrittenInTheirUnit(t *testing.T) {
	f := func(name string, v float64, want string) {
		t.Helper()
		if got := unit(name)(v); got != want {
			t.Errorf("%g of %s is %q, want %q", v, name, got, want)
		}
	}
	f("logs.web.request_time.p99", 0.0552, "55.2 ms")
	f("logs.web.request_time.p99", 2.0713, "2.07 s")
	f("logs.web.request_time.count", 12, "12")
	f("host.a.link.db.rtt", 1.5, "1.5 ms")
	f("host.a.cpu.user", 59.04, "59 %")
	f("host.a.pressure.io.some", 3, "3 %")
	f("host.a.network.eth0.rx_bytes", 92_000, "89.8 KiB")
	f("web.workers.busy", 12345.6, "12 346")
	f("web.workers.busy", 0, "0")
	f("web.tiny", 0.00001, "1e-05")
}

func TestOddsHaveOneDigit(t *testing.T) {
	for p, want := range map[float64]string{
		0.9: "as likely as not", 0.1: "1 in 10", 0.0052: "1 in 200", 1.0 / 48_000: "1 in 50 000", 1e-9: "less than 1 in 1 000 000",
	} {
		if got := chanceText(p); got != want {
			t.Errorf("%g is %q, want %q", p, got, want)
		}
	}
}

func TestRatiosAndSpansOfTimeAreWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{times(1, 9), "9 times as much"}, {times(10, 4), "1/2.5 of it"}, {times(10, 11), ""}, {times(0, 5), ""},
		{span(95 * time.Second), "95 s"}, {span(-20 * time.Minute), "20 min"}, {span(3 * time.Hour), "3 h"}, {span(72 * time.Hour), "3 days"},
		{of(1, "entry", "entries"), "1 entry"}, {of(1234567, "entry", "entries"), "1 234 567 entries"}, {spaced(-1234), "-1 234"},
		{oneLine(" a\n b. "), "a b"}, {quoted(`a "b"`), `"a \"b\""`}, {quoted("web_1"), "web_1"},
		{phrase("took <*> ms for a long way <*>"), `"ms for a long way"`},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestOnlyWhatCountsUpIsACounter(t *testing.T) {
	series := func(f func(i int) float64) []float64 {
		out := make([]float64, 60)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	f := func(name string, want bool, values []float64) {
		t.Helper()
		if got := isCounter(name, values); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	f("bytes_total", true, series(func(i int) float64 { return float64(i / 3) }))
	f("frames", true, series(func(i int) float64 { return float64(i%40) * 100 })) // resets
	f("level", false, series(func(i int) float64 { return float64(i % 7) }))
	f("share", false, series(func(i int) float64 { return float64(i) / 7 }))
	f("constant", false, series(func(int) float64 { return 5 }))
	f("below", false, series(func(i int) float64 { return float64(i - 10) }))
}

func TestARateForgetsResetsAndBridgesHoles(t *testing.T) {
	nan := math.NaN()
	got := rates([]float64{0, 10, nan, 30, 5, 15}, int64(10*time.Second))
	for i, want := range []float64{nan, 1, nan, 1, nan, 1} {
		if got[i] != want && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
			t.Errorf("place %d: %g, want %g", i, got[i], want)
		}
	}
}

// tenPlaces is a grid of ten places of five seconds from 1,000 s on.
func tenPlaces() *grid {
	g := newGrid(timerange.Range{From: 1000e9, Until: 1040e9}, timerange.Range{From: 1040e9, Until: 1050e9})
	g.step, g.n = 5e9, 10
	return &g
}

func TestSumsAreZeroWhereTheyCouldHaveBeenCounted(t *testing.T) {
	g, nan := tenPlaces(), math.NaN()
	same := func(got, want []float64) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	}
	// Ten seconds a value: every second place.
	same(g.spread(1010, 10, []float64{3, nan, 4}, true, 0), []float64{0, nan, 3, nan, 0, nan, 4, nan, 0, nan})
	same(g.spread(1010, 10, []float64{3, nan, 4}, true, 99), []float64{nan, nan, 3, nan, 0, nan, 4, nan, 0, nan})
	same(g.spread(1010, 10, []float64{3, nan, 4}, false, 0), []float64{nan, nan, 3, nan, nan, nan, 4, nan, nan, nan})
	// One second a value: five to a place, of a mean their mean.
	ones := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	same(g.spread(1000, 1, ones, false, 0)[:3], []float64{3, 8, nan})
	same(g.spread(1000, 1, ones, true, 0)[:3], []float64{15, 40, 0})
}

func TestSpansTakeEachTimeOnce(t *testing.T) {
	s := spans{window: 100, base: 20, length: 10, n: 7, out: make([]bool, 7)}
	s.out[3] = true
	for at, want := range map[int64]int{19: -1, 20: 0, 49: 2, 50: -1, 89: 6, 90: -1, 100: 7, 139: 10, 140: 10} {
		if got := s.of(at); got != want {
			t.Errorf("%d is in %d, want %d", at, got, want)
		}
	}
}

func TestEventsAreKnownByTheirTags(t *testing.T) {
	f := func(change, broken bool, what string, tags ...string) {
		t.Helper()
		e := event.Event{What: what, Tags: tags}
		if isChange(&e) != change || isBroken(&e) != broken {
			t.Errorf("%s %v: change %t, broken %t", what, tags, isChange(&e), isBroken(&e))
		}
	}
	f(true, false, "deploy web 1.2")
	f(true, false, "1.2", "Deploy")
	f(false, false, "the cleaner was here", "office")
	f(false, true, "git-2 is lost", "herd", "lost", "host:git-2")
	f(false, false, "git-2 joined", "herd", "joined", "host:git-2")
	f(false, false, "lost", "lost")
}

func TestAnEventIsAsTellingAsItIsRare(t *testing.T) {
	onset := int64(24 * time.Hour)
	var often []event.Event
	for at := int64(0); at < onset; at += int64(10 * time.Minute) {
		often = append(often, event.Event{Time: at, What: "deploy", Tags: []string{"deploy"}})
	}
	near := eventFact{change: true, before: int64(10 * time.Second)}
	once := []event.Event{{Time: onset - near.before, What: "deploy", Tags: []string{"deploy"}}}
	if a, b := accident(once, &near, onset), accident(often, &near, onset); a > 0.01 || b < 5*a {
		t.Errorf("once an hour %g, each ten minutes %g", a, b)
	}
}
