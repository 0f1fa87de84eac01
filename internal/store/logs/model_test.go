package logs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

// TestStoreIsAModel does what a server does, in any order, and holds the store
// against a list of entries after each step.
func TestStoreIsAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newMachine(t).run(t) })
}

// machine is a store, the write-ahead log that is replayed after a crash, and
// the entries that must be there.
type machine struct {
	disk    *fsx.Mem
	f       *fixture
	wal     []*record.Batch // of record i+1
	answers map[string]string
}

func newMachine(t *rapid.T) *machine {
	m := &machine{disk: fsx.NewMem(), answers: map[string]string{}}
	m.f = newFixture(t, m.disk, Options{
		BlockBytes: 1 << 10, MergedBlockBytes: 4 << 10, OpenFiles: 2, FanIn: 2,
	})
	return m
}

func (m *machine) run(t *rapid.T) {
	t.Repeat(map[string]func(*rapid.T){
		"apply":   m.apply,
		"freeze":  func(*rapid.T) { m.f.store.Freeze(m.f.lsn) },
		"flush":   func(t *rapid.T) { m.f.flush(t) },
		"restart": func(t *rapid.T) { m.restart(t, m.disk) },
		"crash": func(t *rapid.T) {
			seed := rapid.Uint64().Draw(t, "seed")
			m.restart(t, m.disk.CrashClone(rand.New(rand.NewPCG(seed, 1))))
		},
		"maintain": func(t *rapid.T) {
			if err := m.f.store.Maintain(context.Background()); err != nil {
				t.Fatal(err)
			}
		},
		"window": m.window,
		"": func(t *rapid.T) {
			m.f.check(t)
			m.checkAnswers(t)
		},
	})
	m.checkFiles(t)
	if err := m.f.store.Close(); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) apply(t *rapid.T) {
	b := &record.Batch{Entries: rapid.SliceOfN(drawEntry(), 0, 30).Draw(t, "entries")}
	if rapid.Bool().Draw(t, "keyed") {
		b.Key = fmt.Sprintf("agent-%d", len(m.wal))
		b.Answer = []byte(fmt.Sprintf(`{"accepted":%d}`, len(b.Entries)))
		b.Received = m.f.clock.Now().UnixNano()
		m.answers[b.Key] = string(b.Answer)
	}
	m.wal = append(m.wal, b)
	m.f.applyBatch(b)
}

// restart opens what is on the disk and replays the log.
func (m *machine) restart(t *rapid.T, disk *fsx.Mem) {
	if err := m.f.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.disk, m.f.fs = disk, disk
	m.f.open(t)
	for lsn := m.f.store.Flushed() + 1; lsn <= uint64(len(m.wal)); lsn++ {
		m.f.store.Apply(lsn, m.wal[lsn-1])
	}
}

func (m *machine) window(t *rapid.T) {
	from := at(time.Duration(rapid.IntRange(-100, 100).Draw(t, "from")) * time.Hour)
	only := drawComponent().Draw(t, "only")
	m.f.checkLookup(t, entry.Lookup{
		From: from, Until: from + int64(3*time.Hour),
		Component: func(c string) bool { return c == only },
	})
}

func (m *machine) checkAnswers(t *rapid.T) {
	for key, want := range m.answers {
		if got, ok := m.f.store.Answer(key); !ok || string(got) != want {
			t.Fatalf("answer to %q is %q %v, want %q", key, got, ok, want)
		}
	}
}

func (m *machine) checkFiles(t *rapid.T) {
	for _, d := range Check(m.disk, testDir) {
		if !d.Harmless {
			t.Error("fsck:", d)
		}
	}
}

func drawComponent() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"web.nginx", "web", "app.worker", "app.worker-2", "db", "unknown"})
}

func drawEntry() *rapid.Generator[entry.Entry] {
	keys := []string{"status", "path", "ms", "user", "ünï"}
	values := []string{"", "200", "0", "-0", "007", "-5", "0.250", "1.5", "99999999999999999999", "/a b", "ünï\x01"}
	return rapid.Custom(func(t *rapid.T) entry.Entry {
		e := entry.Entry{
			Component: drawComponent().Draw(t, "component"),
			Time:      at(time.Duration(rapid.IntRange(-200, 200).Draw(t, "hours")) * time.Hour / 2),
			Host:      rapid.SampledFrom([]string{"", "web01", "db1"}).Draw(t, "host"),
			Level:     entry.Level(rapid.IntRange(0, entry.Levels-1).Draw(t, "level")),
			Message:   rapid.SampledFrom([]string{"", "x", "GET /", strings.Repeat("long ", 300)}).Draw(t, "message"),
		}
		e.Message += fmt.Sprint(rapid.IntRange(0, 1<<30).Draw(t, "number"))
		if rapid.Bool().Draw(t, "precise") {
			e.Time += rapid.Int64Range(0, 1e9).Draw(t, "ns")
		}
		for _, key := range keys {
			if rapid.Bool().Draw(t, "has") {
				e.Fields = append(e.Fields, entry.Field{Key: key, Value: rapid.SampledFrom(values).Draw(t, "value")})
			}
		}
		return e
	})
}

func TestFullDiskKeepsEntriesInMemory(t *testing.T) {
	full := errors.New("no space left on device")
	refused := 0
	for nth := 1; ; nth++ {
		mem, armed := fsx.NewMem(), false
		rule := fsx.FailNth(nth, full)
		f := newFixture(t, fsx.Faulty(mem, func(op fsx.Op) error {
			if !armed {
				return nil
			}
			return rule(op)
		}), Options{})
		f.applyBatch(&record.Batch{Key: "k", Answer: []byte("a"), Received: at(0), Entries: []entry.Entry{
			line("web", 0, "one"), line("web", -48*time.Hour, "two days late"),
		}})
		f.store.Freeze(f.lsn)
		armed = true
		err := f.store.Flush(context.Background())
		armed = false
		f.check(t)
		if err == nil {
			break
		}
		refused++
		if !errors.Is(err, full) || f.store.Flushed() != 0 {
			t.Fatalf("call %d refused: flush says %v, flushed %d", nth, err, f.store.Flushed())
		}
		f.apply(line("web", time.Second, "three"))
		f.flush(t)
		f.check(t)
		f.reopen(t, mem)
	}
	if refused < 5 {
		t.Errorf("only %d calls were refused", refused)
	}
}

// reopen opens the same files again and checks them.
func (f *fixture) reopen(t rapid.TB, fsys fsx.FS) {
	t.Helper()
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.fs = fsys
	f.open(t)
	f.check(t)
	for _, d := range Check(fsys, testDir) {
		t.Error("fsck:", d)
	}
}
