package logs

import (
	"fmt"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

func TestEntriesAreSeenAtOnceAndAfterEachStep(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{BlockBytes: 4 << 10})
	steps := func(n int) {
		for i := range 300 {
			f.apply(request(n*300+i), line("app.worker", time.Duration(-i)*time.Minute, "late one"))
		}
	}
	steps(0)
	f.check(t)
	f.flush(t)
	f.check(t)
	steps(1)
	f.check(t)
	f.store.Freeze(f.lsn)
	steps(2)
	f.check(t)
	f.flush(t)
	f.check(t)
	f.checkLookup(t, entry.Lookup{From: at(time.Minute), Until: at(3 * time.Minute)})
	f.checkLookup(t, entry.Lookup{From: minTime, Until: maxTime, Component: func(c string) bool { return c == "app.worker" }})
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(t)
	f.check(t)
}

func TestAHundredThousandQuietComponentsCostRowsNotBlocks(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{})
	const components = 100_000
	batch := make([]entry.Entry, components)
	for i := range batch {
		batch[i] = line(fmt.Sprintf("tenant%05d.app", i), time.Duration(i)*time.Millisecond, fmt.Sprintf("started worker %d", i))
	}
	f.store.Apply(1, &record.Batch{Entries: batch})
	if n := f.store.HeadBytes(); n > 100<<20 {
		t.Errorf("%d MB of memory for %d entries", n>>20, components)
	}
	f.lsn = 1
	f.flush(t)
	seg := f.store.segments[0]
	if len(seg.blocks) > 20 || len(seg.runs) != components {
		t.Errorf("%d blocks and %d runs for %d components", len(seg.blocks), len(seg.runs), components)
	}
	if per := seg.size / components; per > 40 {
		t.Errorf("%d bytes an entry on disk", per)
	}
	one := entry.Lookup{From: minTime, Until: maxTime, Component: func(c string) bool { return c == "tenant77777.app" }}
	if got := read(t, f.store, one); len(got) != 1 || got[0].Message != "started worker 77777" {
		t.Errorf("one of them reads as %v", got)
	}
	if got := len(f.store.Components()); got != components {
		t.Errorf("%d components are known", got)
	}
}
