package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/timerange"
)

// seeds is how many lives a test leads: few, or PATOU_CRASH_SEEDS.
func seeds(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("PATOU_CRASH_SEEDS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("PATOU_CRASH_SEEDS: %v", err)
	}
	return n
}

// eachLife leads lives of equal seeds each time; PATOU_CRASH_SEED names one.
func eachLife(t *testing.T, few int, lead func(l *life)) {
	first, n := 0, seeds(t, few)
	if text := os.Getenv("PATOU_CRASH_SEED"); text != "" {
		first, _ = strconv.Atoi(text)
		n = 1
	}
	told, crashes := map[string]int{}, 0
	for seed := first; seed < first+n && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			l := newLife(t, uint64(seed))
			lead(l)
			crashes += l.crashes
			for what, n := range l.told {
				told[what] += n
			}
		})
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}
	t.Logf("%d seeds, %d crashes, requests: %v", n, crashes, told)
}

// TestPowerCutsLoseNothing cuts the power, or kills the process, before any
// call to the disk, while everything that a server does goes on.
func TestPowerCutsLoseNothing(t *testing.T) {
	eachLife(t, 15, func(l *life) { l.many(5, 30) })
}

// TestFailingDisksLoseNothing has calls to the disk fail now and then, syncs
// among them, beside the power cuts.
func TestFailingDisksLoseNothing(t *testing.T) {
	eachLife(t, 20, func(l *life) {
		w := &weather{rng: rand.New(rand.NewPCG(l.rng.Uint64(), 3))}
		l.weather = w.rule
		l.many(5, 30)
	})
}

// weather refuses a few of the calls that change the disk.
type weather struct {
	mu  sync.Mutex
	rng *rand.Rand
	bad int // calls that fail from here on
}

func (w *weather) rule(op fsx.Op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if op.Kind.Reads() {
		return nil
	}
	if w.bad == 0 && w.rng.IntN(100) == 0 {
		w.bad = 1 + w.rng.IntN(3)
	}
	if w.bad == 0 {
		return nil
	}
	w.bad--
	if op.Kind == fsx.OpWrite {
		return fsx.ShortWrite(w.rng.IntN(op.Size+1), syscall.EIO)
	}
	return syscall.EIO
}

// TestFullDisksLoseNothing has the disk fill up and get space again: what is
// refused leaves nothing behind, questions are answered, and when there is
// space everything goes on by itself.
func TestFullDisksLoseNothing(t *testing.T) {
	eachLife(t, 4, func(l *life) {
		disk := &fsx.Disk{}
		l.weather, l.strict = disk.Rule, true
		for range 4 {
			disk.SetFree(math.MaxInt64)
			if !l.boot(math.MaxInt) {
				l.t.Fatal("the power was cut of itself")
			}
			l.check(true)
			for range 3 {
				l.fillUp(disk)
			}
			l.crash()
			l.fsck()
		}
	})
}

// fillUp has the disk fill while all goes on, and then gives it space.
func (l *life) fillUp(disk *fsx.Disk) {
	disk.SetFree(int64(l.rng.IntN(50_000)))
	for range 15 {
		l.step()
	}
	l.check(false)
	disk.SetFree(math.MaxInt64)
	l.pass(31 * time.Second)
	r := l.newRequest()
	if _, err := l.app.lines.Accept(context.Background(), "192.0.2.9", r.key, []byte(r.body)); err != nil {
		l.t.Errorf("refused when there is space again: %v", err)
	}
	l.check(false)
}

// many leads a life of several crashes, with a check after each.
func (l *life) many(rounds, steps int) {
	for range rounds {
		l.fsck()
		if !l.boot(1 + l.rng.IntN(400)) {
			continue
		}
		l.check(true)
		for range steps {
			l.step()
			if l.power.isCut() {
				break
			}
		}
		if l.rng.IntN(5) == 0 {
			l.down() // in peace, or cut on the way
		} else {
			l.crash()
		}
	}
	l.weather = nil
	l.fsck()
	if !l.boot(math.MaxInt) {
		l.t.Fatal("the power was cut of itself")
	}
	l.check(true)
	l.down()
	l.fsck()
}

// check holds the engines against what the senders were told. After a start all
// that is there is durable, so that it must stay, under the same ID.
func (l *life) check(started bool) {
	l.t.Helper()
	got, requests := l.stored()
	for _, m := range inOrder(l.promised) {
		if _, ok := got[m]; !ok {
			l.t.Errorf("after %d crashes %.12q is lost", l.crashes, m)
		}
	}
	for m, is := range l.refused {
		if _, ok := got[m]; ok && is && l.strict {
			l.t.Errorf("%.12q was refused and is there", m)
		}
	}
	for m, id := range l.ids {
		if now, ok := got[m]; now != id {
			l.t.Errorf("after %d crashes %.12q has the ID %v (%t) and had %v", l.crashes, m, now, ok, id)
		}
	}
	if started {
		l.ids = got
		for m := range got {
			l.promised[m] = true
		}
	}
	l.checkCounts(requests)
	l.checkSamples(started)
}

// stored is the ID of each message, and the requests by series and slot.
func (l *life) stored() (map[string]entry.ID, map[sample]float64) {
	l.t.Helper()
	runs, release, err := l.app.entries.Runs(context.Background(), entry.Lookup{From: math.MinInt64, Until: math.MaxInt64})
	if err != nil {
		l.t.Fatal(err)
	}
	defer release()
	ids, requests := map[string]entry.ID{}, map[sample]float64{}
	for _, r := range runs {
		columns, err := r.Open(context.Background())
		if err != nil {
			l.t.Fatal(err)
		}
		l.readRun(r.Component, columns, ids, requests)
	}
	return ids, requests
}

func (l *life) readRun(component string, c entry.Columns, ids map[string]entry.ID, requests map[sample]float64) {
	l.t.Helper()
	times, err1 := c.Times()
	numbers, err2 := c.IDs()
	messages, err3 := c.Messages()
	status, err4 := c.Field("status")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		l.t.Fatal(err)
	}
	for i := range c.Len() {
		m, _ := messages.At(i)
		if before, twice := ids[m]; twice {
			l.t.Errorf("after %d crashes %.12q is there twice, as %v and %v", l.crashes, m, before, numbers[i])
		}
		ids[m] = numbers[i]
		if s, ok := status.At(i); ok {
			slot := times[i] / 1e9 / 10 * 10
			prefix := "logs." + component + "."
			requests[sample{prefix + "requests", slot}]++
			requests[sample{prefix + "request_time.count", slot}]++
			requests[sample{prefix + "status." + s[:1] + "xx", slot}]++
		}
	}
}

// checkCounts wants the derived counts to be those of the entries, slot by slot
// and in the coarser archive.
func (l *life) checkCounts(want map[sample]float64) {
	l.t.Helper()
	var names []string
	for c := range 6 {
		for _, of := range []string{"requests", "request_time.count", "status.2xx", "status.3xx", "status.4xx", "status.5xx"} {
			names = append(names, fmt.Sprintf("logs.web.c%d.%s", c, of))
		}
	}
	got := l.fetch(names, l.start.Add(-30*time.Hour))
	l.same("count", want, got)
	coarse := map[sample]float64{}
	for s, v := range want {
		coarse[sample{s.series, s.slot / 60 * 60}] += v
	}
	l.same("rolled-up count", coarse, l.fetch(names, l.start.Add(-20*24*time.Hour)))
}

func (l *life) same(what string, want, got map[sample]float64) {
	l.t.Helper()
	for s, v := range want {
		if got[s] != v {
			l.t.Errorf("after %d crashes the %s of %s at %d is %v, the entries say %v", l.crashes, what, s.series, s.slot, got[s], v)
		}
	}
	for s, v := range got {
		if _, ok := want[s]; !ok && v != 0 {
			l.t.Errorf("after %d crashes the %s of %s at %d is %v, there are no entries", l.crashes, what, s.series, s.slot, v)
		}
	}
}

func (l *life) fetch(names []string, from time.Time) map[sample]float64 {
	l.t.Helper()
	now := time.Now()
	series, err := l.app.metrics.Fetch(context.Background(), names, timerange.Range{From: from.UnixNano(), Until: now.UnixNano()}, now)
	if err != nil {
		l.t.Fatal(err)
	}
	got := map[sample]float64{}
	for _, s := range series {
		for i, v := range s.Values {
			if !math.IsNaN(v) {
				got[sample{s.Name, s.Start + int64(i)*s.Step}] = v
			}
		}
	}
	return got
}

func (l *life) checkSamples(started bool) {
	l.t.Helper()
	seen := map[string]bool{}
	var names []string
	for s := range l.sent {
		if !seen[s.series] {
			seen[s.series] = true
			names = append(names, s.series)
		}
	}
	got := l.fetch(names, l.start.Add(-30*time.Hour))
	for s := range l.kept {
		if _, ok := got[s]; !ok {
			l.t.Errorf("after %d crashes the sample of %s at %d is lost", l.crashes, s.series, s.slot)
		}
	}
	for s, v := range got {
		if l.sent[s] != v {
			l.t.Errorf("after %d crashes %s at %d is %v and was sent as %v", l.crashes, s.series, s.slot, v, l.sent[s])
		}
		if started {
			l.kept[s] = true
		}
	}
}
