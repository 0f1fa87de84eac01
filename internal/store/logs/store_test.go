package logs

import (
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/fsx"
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
