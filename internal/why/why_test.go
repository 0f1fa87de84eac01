package why_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/entry"
	"patou/internal/event"
	"patou/internal/timerange"
	"patou/internal/why"
)

func TestTheCauseIsWhatIsCalledAndTheCallersSuffer(t *testing.T) {
	a := shop(1).ask(t, "edge.latency")
	if a.Quiet || a.Rows[0].Component != "db" || a.Rows[0].Kind != why.KindSeries {
		t.Fatalf("%+v", a)
	}
	if diff := cmp.Diff([]string{"api", "edge"}, a.Suffers); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(a.Rows[0].Sentence, "latency rose from 0.0") || a.Rows[0].Chance > 0.01 {
		t.Errorf("%+v", a.Rows[0])
	}
	if s := a.Rows[0].Spark; s == nil || len(s.Values) < 20 || len(s.Window) != 2 {
		t.Errorf("the curve: %+v", s)
	}
}

func TestTheOnsetIsWhereTheCurveSteps(t *testing.T) {
	a := shop(1).ask(t, "edge.latency")
	if a.Onset != "2026-11-20T14:05:00.000000000Z" || !strings.Contains(a.OnsetHow, "edge.latency") {
		t.Errorf("onset %s: %s", a.Onset, a.OnsetHow)
	}
}

func TestADeployOnWhatMovedComesFirst(t *testing.T) {
	w := shop(2)
	w.deploy("deploy db 12.1", "db", -20*time.Second)
	w.deploy("deploy mail 3", "mail", -5*time.Second)
	w.deploy("deploy api 9", "api", -25*time.Minute)
	for _, target := range []string{"edge.latency", "db.latency"} {
		a := w.ask(t, target)
		if a.Rows[0].Kind != why.KindEvent || a.Rows[0].Component != "db" || !strings.Contains(a.Rows[0].Sentence, "20 s before it began") {
			t.Errorf("%s: %+v", target, a.Rows[0])
		}
		if slices.ContainsFunc(a.Rows[1:], func(r why.Reason) bool { return r.Component == "mail" && r.Score > a.Rows[0].Score }) {
			t.Errorf("%s: the deploy of what did not move is above", target)
		}
	}
}

func (w *world) deploy(what, c string, at time.Duration) {
	w.events = append(w.events, event.Event{ID: int64(len(w.events) + 1), Time: began().Add(at).UnixNano(), What: what, Tags: []string{"deploy", "component:" + c}})
}

func TestAnEventWithoutAnEffectIsNoReason(t *testing.T) {
	w := shop(3)
	w.put("mail.latency", "average", w.noise(3, 3))
	w.order = slices.Compact(w.order)
	w.deploy("deploy mail 3", "mail", -20*time.Second)
	a := w.ask(t, "mail.latency")
	if !a.Quiet || len(a.Rows) != 0 || !strings.Contains(a.Note, "Nothing stands out in these 2 min") || !strings.Contains(a.Note, "deploy mail 3 is near") {
		t.Errorf("%+v", a)
	}
}

func TestANewPatternIsFound(t *testing.T) {
	w := shop(4)
	w.say("db", 2*time.Second, 2*time.Minute, 4*time.Second, entry.Error, func(n int) string { return fmt.Sprintf("checkpoint %d is waiting for disk sda%d", n, n%3) })
	a := w.ask(t, "db.latency")
	i := slices.IndexFunc(a.Rows, func(r why.Reason) bool { return r.Kind == why.KindPattern })
	if i < 0 || a.Rows[i].Value != "new" || !strings.Contains(a.Rows[i].Sentence, "checkpoint <*> is waiting for disk") {
		t.Fatalf("%+v", a.Rows)
	}
	if q := a.Rows[i].Link.Query; !strings.HasPrefix(q, `component:db "`) {
		t.Errorf("it leads to %s", q)
	}
}

func TestOneErrorNeverSeenBeforeIsWorthAWord(t *testing.T) {
	w := shop(16)
	early := w.entries["db"]
	w.entries["db"] = nil
	w.say("db", -20*time.Hour, -time.Hour, time.Minute, entry.Info, func(n int) string { return fmt.Sprintf("job %d of db done in %d ms", n, n%90) })
	w.say("db", -9*time.Hour, -9*time.Hour+time.Second, time.Second, entry.Error, func(int) string { return "replica 4 left the quorum" })
	w.entries["db"] = append(w.entries["db"], early...)
	for i, text := range []string{"the kernel ended process 17 for want of memory", "replica 2 left the quorum"} {
		w.say("db", time.Duration(5+i)*time.Second, time.Duration(6+i)*time.Second, time.Second, entry.Error, func(int) string { return text })
	}
	slices.SortFunc(w.entries["db"], func(a, b entry.Entry) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	var said []string
	for _, r := range w.ask(t, "db.latency").Rows {
		if r.Kind == why.KindPattern {
			said = append(said, r.Sentence)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "never in the 20 h before") || !strings.Contains(said[0], "want of memory") {
		t.Errorf("%q", said)
	}
}

func TestTooManyEntriesAreSampledEvenly(t *testing.T) {
	w := shop(17)
	w.say("db", time.Second, 2*time.Minute, 2*time.Second, entry.Error, func(n int) string { return fmt.Sprintf("checkpoint %d is waiting", n) })
	slices.SortFunc(w.entries["db"], func(a, b entry.Entry) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	e := w.engine()
	e.MaxLines = 200
	a, err := e.Why(t.Context(), why.Ask{Targets: []string{"db.latency"}, Window: window(), Now: began().Add(3 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if a.Compared.Entries > 300 || a.Compared.Entries < 100 {
		t.Errorf("%d entries of at most about 200", a.Compared.Entries)
	}
	for _, r := range a.Rows {
		if r.Kind == why.KindPattern && strings.Contains(r.Sentence, "job <*>") {
			t.Errorf("what is as frequent as ever: %s", r.Sentence)
		}
	}
	if !slices.ContainsFunc(a.Rows, func(r why.Reason) bool { return r.Kind == why.KindPattern && r.Value == "new" }) {
		t.Errorf("%+v", a.Rows)
	}
}

func TestAFieldThatShiftedIsFound(t *testing.T) {
	w := shop(5)
	for _, v := range []struct {
		value       string
		from, until time.Duration
	}{{"12.0", -time.Hour, 0}, {"12.1", 0, 2 * time.Minute}} {
		w.say("db", v.from, v.until, 2*time.Second, entry.Info, func(int) string { return "query done" }, entry.Field{Key: "version", Value: v.value})
	}
	slices.SortFunc(w.entries["db"], func(a, b entry.Entry) int { return int(a.Time - b.Time) })
	a := w.ask(t, "db.latency")
	i := slices.IndexFunc(a.Rows, func(r why.Reason) bool { return r.Kind == why.KindField })
	if i < 0 || !strings.HasPrefix(a.Rows[i].Sentence, "version=12.1 in 100 % of the entries of db that have it, before in 0 %") {
		t.Fatalf("%+v", a.Rows)
	}
}

func TestMoreTrafficIsSaidFirst(t *testing.T) {
	w := shop(6)
	w.put("edge.requests", "average", w.noise(500, 2000))
	w.put("edge.cpu", "average", w.noise(10, 40))
	w.order = slices.Compact(w.order)
	a := w.ask(t, "edge.cpu")
	if len(a.Rows) == 0 || a.Rows[0].Kind != why.KindCheck || !strings.HasPrefix(a.Rows[0].Sentence, "More traffic: the requests of edge were ") {
		t.Fatalf("%+v", a.Rows)
	}
	b := shop(6).ask(t, "edge.latency")
	if !slices.ContainsFunc(b.RuledOut, func(s string) bool { return strings.HasPrefix(s, "traffic of edge (") }) {
		t.Errorf("ruled out: %q", b.RuledOut)
	}
}

func TestPeersSayWhetherTheHostIsTheReason(t *testing.T) {
	w := shop(7)
	w.kin.Groups = map[string]string{"h1": "db", "h2": "db", "h3": "db"}
	w.kin.Hosts = map[string][]string{"db": {"h1", "h2", "h3"}}
	w.put("host.h1.cpu.iowait", "average", w.noise(1, 60))
	w.put("host.h2.cpu.iowait", "average", w.noise(1, 1))
	w.put("host.h3.cpu.iowait", "average", w.noise(1, 1))
	w.put("host.h9.cpu.iowait", "average", w.noise(1, 70))
	a := w.ask(t, "db.latency")
	i := slices.IndexFunc(a.Rows, func(r why.Reason) bool { return r.Kind == why.KindVitals })
	if slices.ContainsFunc(a.Rows, func(r why.Reason) bool { return r.Host == "h9" && r.Rank < i+1 }) {
		t.Errorf("a host that has nothing to do with it is above: %+v", a.Rows)
	}
	if i < 0 || a.Rows[i].Host != "h1" || !strings.Contains(a.Rows[i].Sentence, "0 of its 2 peers in db show it.") {
		t.Fatalf("%+v", a.Rows)
	}
}

func TestALostHostComesFirst(t *testing.T) {
	w := shop(8)
	w.events = append(w.events, event.Event{ID: 1, Time: began().Add(-3 * time.Second).UnixNano(), What: "h1 is lost", Tags: []string{"herd", "lost", "host:h1"}})
	if a := w.ask(t, "db.latency"); a.Rows[0].Kind != why.KindHerd || a.Rows[0].Host != "h1" {
		t.Errorf("%+v", a.Rows[0])
	}
}

func TestSimilarSeriesAreOneRow(t *testing.T) {
	w := shop(9)
	for i := range 12 {
		w.put(fmt.Sprintf("db.disk.sd%c", 'a'+i), "average", w.noise(10, 90))
	}
	a := w.ask(t, "db.latency")
	i := slices.IndexFunc(a.Rows, func(r why.Reason) bool { return strings.HasPrefix(r.Strong[0], "disk.") })
	if i < 0 || a.Rows[i].Similar != 11 || !strings.Contains(a.Rows[i].Sentence, "and 11 similar") {
		t.Fatalf("%+v", a.Rows)
	}
}

func TestSeriesThatBeginAndEndAreFound(t *testing.T) {
	w := shop(10)
	w.put("db.replica.lag", "average", func(since time.Duration) float64 {
		if since < 0 {
			return nan()
		}
		return 5
	})
	w.put("db.backup.rate", "average", func(since time.Duration) float64 {
		if since > 20*time.Second {
			return nan()
		}
		return 5
	})
	a, err := w.engine().Why(t.Context(), why.Ask{Targets: []string{"db.latency"}, Window: window(), Now: began().Add(3 * time.Minute), Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, r := range a.Rows {
		values[r.Strong[0]] = r.Value
	}
	if values["replica.lag"] != "new" || values["backup.rate"] != "gone" {
		t.Errorf("%v", values)
	}
}

func TestACounterIsJudgedByItsRate(t *testing.T) {
	w, sum := shop(11), 0.0
	w.put("db.rows_total", "average", func(time.Duration) float64 { // resets once, else rises evenly
		if sum += 100; sum > 20_000 {
			sum = 0
		}
		return sum
	})
	for _, r := range w.ask(t, "db.latency").Rows {
		if r.Strong[0] == "rows_total" {
			t.Errorf("a counter that rises as ever is a finding: %s", r.Sentence)
		}
	}
}

func TestTheLastTimeIsNoBaseline(t *testing.T) {
	w := shop(12)
	again := func(level, other float64) func(time.Duration) float64 {
		return func(since time.Duration) float64 {
			if since >= 0 || since > -14*time.Minute && since < -12*time.Minute {
				level := other
				return level * (1 + 0.01*w.rng.NormFloat64())
			}
			return level * (1 + 0.01*w.rng.NormFloat64())
		}
	}
	w.put("edge.latency", "average", again(0.2, 0.9))
	w.put("db.latency", "average", again(0.01, 0.7))
	w.order = slices.Compact(w.order)
	for _, from := range []time.Duration{-14 * time.Minute, 0} {
		w.say("db", from, from+2*time.Minute, 4*time.Second, entry.Warn, func(n int) string { return fmt.Sprintf("checkpoint %d is waiting", n) })
	}
	slices.SortFunc(w.entries["db"], func(a, b entry.Entry) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	a := w.ask(t, "edge.latency")
	if a.Quiet || a.Rows[0].Component != "db" || !strings.Contains(a.Note, "of the baseline were left out") {
		t.Errorf("%+v", a)
	}
	i := slices.IndexFunc(a.Rows, func(r why.Reason) bool { return r.Kind == why.KindPattern })
	if i < 0 || a.Rows[i].Value != "rare" || !strings.Contains(a.Rows[i].Sentence, "the last time before that at 13:52:56") {
		t.Errorf("%+v", a.Rows)
	}
}

func TestTheOrderOfReadingDoesNotMatter(t *testing.T) {
	answer := func(seed uint64) string {
		w := shop(13)
		w.deploy("deploy db 12.1", "db", -20*time.Second)
		rng := rand.New(rand.NewPCG(seed, 9))
		rng.Shuffle(len(w.order), func(i, j int) { w.order[i], w.order[j] = w.order[j], w.order[i] })
		a := w.ask(t, "edge.latency")
		a.Compared.TookMS = 0
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := answer(0)
	for seed := range uint64(5) {
		if diff := cmp.Diff(first, answer(seed)); diff != "" {
			t.Fatalf("read in another order: %s", diff)
		}
	}
}

func TestQuietWindowsStayQuiet(t *testing.T) {
	found := 0
	for seed := range uint64(60) {
		w := newWorld(seed)
		w.known.Components = []string{"edge", "api", "db", "mail"}
		for _, c := range w.known.Components {
			for i := range 10 {
				w.put(fmt.Sprintf("%s.gauge%d", c, i), "average", w.noise(float64(10+i), float64(10+i)))
			}
			w.say(c, -time.Hour, 2*time.Minute, 3*time.Second, entry.Info, func(n int) string { return fmt.Sprintf("job %d done", n) })
		}
		if a := w.ask(t, "edge.gauge0"); !a.Quiet {
			found++
			t.Logf("%+v", a.Rows[0].Sentence)
		}
	}
	if found > 2 {
		t.Errorf("%d of 60 quiet windows have a finding", found)
	}
}

func TestBadQuestionsAreRefused(t *testing.T) {
	w := shop(14)
	f := func(parameter string, change func(*why.Ask)) {
		t.Helper()
		ask := why.Ask{Targets: []string{"edge.latency"}, Window: window(), Now: began()}
		change(&ask)
		_, err := w.engine().Why(t.Context(), ask)
		var bad *why.AskError
		if !errors.As(err, &bad) || bad.Parameter != parameter {
			t.Errorf("%v, want one about %s", err, parameter)
		}
	}
	f("target", func(a *why.Ask) { a.Targets = nil })
	f("from", func(a *why.Ask) { a.Window.Until = a.Window.From + 1 })
	f("from", func(a *why.Ask) { a.Window.Until = a.Window.From + int64(30*24*time.Hour) })
	f("base_until", func(a *why.Ask) { a.Base = timerange.Range{From: a.Window.From, Until: a.Window.Until} })
}

func TestACancelledQuestionEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := shop(15).engine().Why(ctx, why.Ask{Targets: []string{"edge.latency"}, Window: window(), Now: began()}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestWithoutStoresThereIsNothingToSay(t *testing.T) {
	a, err := why.New(why.Options{}).Why(t.Context(), why.Ask{Component: "edge", Window: window(), Now: began()})
	if err != nil || !a.Quiet {
		t.Errorf("%+v, %v", a, err)
	}
}
