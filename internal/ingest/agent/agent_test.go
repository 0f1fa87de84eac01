package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"patou/internal/chunk"
	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/telemetry"
)

// rig is a receiver with stand-ins behind its doors.
type rig struct {
	*Receiver
	clock *clock.Manual
	herd  *fakeHerd
	// names are the series by ID, batches what was kept, answers by key.
	names   []string
	batches []*record.Batch
	answers map[string][]byte
	zone    *time.Location // of the last batch
	keepErr error
	tapped  []string
	busy    bool
}

func newRig(t testing.TB) *rig {
	g := &rig{clock: clock.NewManual(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)), herd: &fakeHerd{}, answers: map[string][]byte{}}
	var err error
	g.Receiver, err = New(Options{
		Herd: g.herd, Keep: g.keep, Busy: func() bool { return g.busy }, NewResolver: func() Resolver { return g },
		Check: func(now time.Time, ms int64) error {
			if ms < now.Add(-time.Hour).UnixMilli() {
				return errors.New("the time is before all that is kept")
			}
			return nil
		},
		Tap: g, Clock: g.clock, Telemetry: &telemetry.Set{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *rig) Resolve(name string, _ metric.Kind) (metric.ID, error) {
	g.names = append(g.names, strings.Clone(name))
	return metric.ID(len(g.names)), nil
}

func (g *rig) keep(_ context.Context, _ string, b *record.Batch, zone *time.Location, reject func(int, error), answer func() []byte) ([]byte, bool, error) {
	if g.keepErr != nil {
		return nil, false, g.keepErr
	}
	if told, ok := g.answers[b.Key]; ok {
		return told, true, nil
	}
	kept := b.Entries[:0]
	for i, e := range b.Entries {
		if e.Message == "bad" {
			reject(i, errors.New("it is bad"))
			continue
		}
		kept = append(kept, e)
	}
	b.Entries = kept
	g.batches, g.zone = append(g.batches, b), zone
	g.answers[b.Key] = answer()
	return g.answers[b.Key], false, nil
}

func (g *rig) Reject(_, _, line, reason string)      { g.tapped = append(g.tapped, line+": "+reason) }
func (g *rig) Accept(_, _, raw, kept string)         { g.tapped = append(g.tapped, raw+" "+kept) }
func (g *rig) Watched() bool                         { return true }
func (g *rig) points() []metric.Point                { return g.batches[len(g.batches)-1].Points }
func (g *rig) name(p metric.Point) string            { return g.names[p.Series-1] }
func (g *rig) ms() int64                             { return g.clock.Now().UnixMilli() }
func (g *rig) at(name string, v float64) (d chunkOf) { return chunkOf{{name, v}} }

// chunkOf are the samples of a chunk, of one moment.
type chunkOf []struct {
	name  string
	value float64
}

// fakeHerd files every machine under its name.
type fakeHerd struct {
	heard   []bool // news
	read    host.Readings
	contact host.Contact
	derived []metric.Sample
	err     error
}

func (h *fakeHerd) Identify(c host.Contact) (host.Known, error) {
	return host.Known{ID: c.Machine, Name: c.Name, Node: c.Name}, h.err
}

func (h *fakeHerd) Derive(string, host.Contact, *host.Report) []metric.Sample { return h.derived }

func (h *fakeHerd) Heard(_ string, c host.Contact, _ *host.Report, r host.Readings, news bool) bool {
	h.heard, h.read, h.contact = append(h.heard, news), r, c
	return len(h.heard) == 1
}

// make encodes a chunk.
func (g *rig) make(t testing.TB, sequence uint64, samples chunkOf, entries ...entry.Entry) []byte {
	t.Helper()
	c := &chunk.Chunk{Host: host.Identity{Machine: "m", Boot: "b", Instance: "i", Name: "web-1"}, Sequence: sequence, Batch: record.Batch{Entries: entries}}
	for i, s := range samples {
		c.Batch.Defs = append(c.Batch.Defs, metric.Def{ID: metric.ID(i + 1), Name: s.name})
		c.Batch.Points = append(c.Batch.Points, metric.Point{Series: metric.ID(i + 1), Time: g.ms(), Value: s.value})
	}
	return encode(t, c)
}

func encode(t testing.TB, c *chunk.Chunk) []byte {
	t.Helper()
	e, err := chunk.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Encode(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (g *rig) accept(t testing.TB, b []byte) Answer {
	t.Helper()
	a, err := g.Receiver.Accept(t.Context(), "192.0.2.1", g.clock.Now(), b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNamesAreFiledUnderTheHost(t *testing.T) {
	g := newRig(t)
	g.herd.derived = []metric.Sample{{Name: "clock.skew", Time: g.ms(), Value: 0.1}}
	a := g.accept(t, g.make(t, 1, chunkOf{{"cpu.user", 1}, {"agent.cpu_percent", 2}, {"memory.available", 3}}))
	if a.Samples != 4 || a.Node != "web-1" || a.Sequence != 1 || !a.WantReport || len(a.Rejected) != 0 {
		t.Errorf("%+v", a)
	}
	var got []string
	for _, p := range g.points() {
		got = append(got, fmt.Sprint(g.name(p), "=", p.Value))
	}
	if want := "host.web-1.cpu.user=1 patou.agent.web-1.cpu_percent=2 host.web-1.memory.available=3 host.web-1.clock.skew=0.1"; strings.Join(got, " ") != want {
		t.Errorf("%q", got)
	}
	if r := g.herd.read; r.AgentCPU != 2 || r.MemoryAvailable != 3 || !math.IsNaN(r.PressureIO) {
		t.Errorf("%+v", r)
	}
	g.accept(t, g.make(t, 2, chunkOf{{"memory.available", 4}, {"cpu.user", 1}}))
	if len(g.names) != 4 {
		t.Errorf("names were resolved again: %q", g.names)
	}
}

func TestANameCannotLeaveItsHost(t *testing.T) {
	g := newRig(t)
	a := g.accept(t, g.make(t, 1, chunkOf{{"", 1}, {".x", 1}, {"a..b", 1}, {"a b", 1}, {"a;host=other", 1}, {"a\n", 1}, {strings.Repeat("x", 2000), 1}, {"good", 1}}))
	if a.Samples != 1 || len(a.Rejected) < 4 {
		t.Errorf("%+v", a)
	}
	for _, name := range g.names {
		if !strings.HasPrefix(name, "host.web-1.") && !strings.HasPrefix(name, "patou.agent.web-1.") {
			t.Errorf("%q was resolved", name)
		}
	}
}

func TestARepeatIsAnsweredLikeTheFirst(t *testing.T) {
	g := newRig(t)
	b := g.make(t, 7, g.at("cpu.user", 1), entry.Entry{Time: 1, Message: "one"}, entry.Entry{Time: 2, Message: "bad"})
	first := g.accept(t, b)
	g.clock.Advance(time.Minute)
	again := g.accept(t, b)
	if first.Entries != 1 || again.Entries != 1 || again.Samples != first.Samples || len(again.Rejected) != 1 || again.Rejected[0].Line != 2 {
		t.Errorf("first %+v, then %+v", first, again)
	}
	if len(g.batches) != 1 || g.batches[0].Entries[0].Host != "web-1" || g.batches[0].Key != "agent/i/b/7" {
		t.Errorf("kept: %+v", g.batches)
	}
	if len(g.herd.heard) != 2 || !g.herd.heard[0] || g.herd.heard[1] || again.Time.Equal(first.Time) {
		t.Errorf("the herd heard %v", g.herd.heard)
	}
	if n := g.Telemetry.Counter("ingest.agent.chunks").Value(); n != 1 {
		t.Errorf("%d chunks were counted", n)
	}
}

func TestWhatCannotBeKeptIsRefusedOneByOne(t *testing.T) {
	g := newRig(t)
	now := g.ms()
	c := &chunk.Chunk{Host: host.Identity{Machine: "m", Instance: "i", Name: "web-1"}, Sequence: 1, Batch: record.Batch{
		Defs: []metric.Def{{ID: 1, Name: "a"}, {ID: 2, Name: "counted", Kind: metric.Sum}, {ID: 1 << 30, Name: "far"}},
		Points: []metric.Point{
			{Series: 1, Time: now, Value: 1}, {Series: 1, Time: now - 7_200_000, Value: 1}, {Series: 1, Time: now, Value: math.NaN()},
			{Series: 1, Time: now, Value: math.Inf(1)}, {Series: 2, Time: now, Value: 1}, {Series: 3, Time: now, Value: 1}, {Series: 1 << 30, Time: now, Value: 1},
		},
	}}
	a := g.accept(t, encode(t, c))
	if a.Samples != 1 || len(a.Rejected) != 5 {
		t.Errorf("%+v", a)
	}
	if newest := g.herd.contact.Newest; newest.UnixMilli() != now {
		t.Errorf("the newest time is %s", newest)
	}
}

func TestAHostHasABoundedNumberOfSeries(t *testing.T) {
	g := newRig(t)
	many := make(chunkOf, maxSeries+10)
	for i := range many {
		many[i].name = fmt.Sprint("x.", i)
	}
	if a := g.accept(t, g.make(t, 1, many)); a.Samples != maxSeries || !strings.Contains(a.Rejected[0].Reason, "more series") || len(a.Rejected) > rejectedListed {
		t.Errorf("%d samples, %d rejected", a.Samples, len(a.Rejected))
	}
}

func TestChunksThatCanNeverBeTakenAreCorrupt(t *testing.T) {
	g := newRig(t)
	id := host.Identity{Machine: "m", Boot: "b", Instance: "i", Name: "web-1"}
	long, empty := id, id
	long.Name, empty.Machine, empty.Name = strings.Repeat("x", 300), "", ""
	for _, b := range [][]byte{
		nil, []byte("nonsense"), encode(t, &chunk.Chunk{Host: id}), encode(t, &chunk.Chunk{Sequence: 1}),
		encode(t, &chunk.Chunk{Host: long, Sequence: 1}), encode(t, &chunk.Chunk{Host: empty, Sequence: 1}),
	} {
		if _, err := g.Receiver.Accept(t.Context(), "192.0.2.1", g.clock.Now(), b); !errors.Is(err, chunk.ErrCorrupt) {
			t.Errorf("%q: %v", b, err)
		}
	}
	if len(g.batches)+len(g.herd.heard) != 0 || len(g.tapped) != 6 {
		t.Errorf("kept %d, heard %d, tapped %q", len(g.batches), len(g.herd.heard), g.tapped)
	}
}

func TestWhatIsNotKeptIsNotHeardOf(t *testing.T) {
	g := newRig(t)
	g.keepErr = errors.New("the disk is full")
	if _, err := g.Receiver.Accept(t.Context(), "", g.clock.Now(), g.make(t, 1, g.at("a", 1))); err == nil || len(g.herd.heard) != 0 {
		t.Errorf("%v, heard %d", err, len(g.herd.heard))
	}
	g.herd.err, g.keepErr = errors.New("the herd is full"), nil
	if _, err := g.Receiver.Accept(t.Context(), "", g.clock.Now(), g.make(t, 1, g.at("a", 1))); err == nil || len(g.batches) != 0 {
		t.Errorf("%v, kept %d", err, len(g.batches))
	}
	if g.busy = true; !g.Busy() {
		t.Error("it is not busy")
	}
}

func FuzzAccept(f *testing.F) {
	g := newRig(f)
	f.Add(g.make(f, 1, chunkOf{{"cpu.user", 1}, {"agent.x", 2}, {"bad name", 3}}, entry.Entry{Time: 1, Message: "one"}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		g := newRig(t)
		a, err := g.Receiver.Accept(t.Context(), "192.0.2.1", time.Time{}, b)
		if err != nil {
			if !errors.Is(err, chunk.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		for _, p := range g.points() {
			if name := g.name(p); metric.CheckName(name) != nil || !strings.Contains(name, "."+a.Node+".") || math.IsNaN(p.Value) {
				t.Errorf("%q has %v", name, p)
			}
		}
		if text, err := json.Marshal(a); err != nil || !bytes.Contains(text, []byte(`"rejected":[`)) {
			t.Errorf("%s, %v", text, err)
		}
	})
}
