package logs

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
	store "patou/internal/store/logs"
)

// storeOf keeps entries in a real log store, part of them flushed, and gives
// them the IDs of their batches.
func storeOf(t failer, entries []entry.Entry, batch int, flush func(n int) bool) *store.Store {
	s, _, err := store.Open(fsx.NewMem(), "data", store.Options{Clock: clock.NewManual(time.Unix(0, base)), BlockBytes: 2 << 10})
	if err != nil {
		t.Fatalf("%v", err)
	}
	lsn := uint64(0)
	for part := range slices.Chunk(entries, batch) {
		lsn++
		for i := range part {
			part[i].ID = entry.ID{Batch: lsn, Row: uint32(i)}
		}
		s.Apply(lsn, &record.Batch{Entries: part})
		if flush(int(lsn)) {
			s.Freeze(lsn)
			if err := s.Flush(context.Background()); err != nil {
				t.Fatalf("%v", err)
			}
		}
	}
	return s
}

func TestAnswersFromTheRealStoreAreThoseOfTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		every := rapid.IntRange(1, 6).Draw(t, "flush")
		s := storeOf(t, entries, rapid.IntRange(1, 20).Draw(t, "batch"), func(n int) bool { return n%every == 0 })
		defer func() { _ = s.Close() }()
		q := drawFilter(t, 3)
		for range rapid.IntRange(0, 3).Draw(t, "pipes") {
			q += " | " + drawPipe(t)
		}
		o := Options{From: base - 200e9, Until: base + 201e9, Limit: 100, window: rapid.IntRange(1, 9).Draw(t, "window")}
		compareWithModel(t, s, entries, q, o)
	})
}

func TestLongAnswersFromTheRealStoreAreThoseOfTheModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var entries []entry.Entry
	for range 4000 {
		digits := func(n int) string { return strconv.Itoa(random.IntN(n)) }
		entries = append(entries, entry.Entry{
			Time: base + int64(random.IntN(900_000))*1e6, Component: "web." + digits(3), Host: "web" + digits(4),
			Level: entry.Level(random.IntN(entry.Levels)), Message: "Took " + digits(40) + " ms for id-" + digits(1e6),
			Fields: []entry.Field{{Key: "a", Value: digits(7)}, {Key: "ms", Value: digits(3000)}},
		})
	}
	s := storeOf(t, entries, 100, func(n int) bool { return n%9 == 0 })
	defer func() { _ = s.Close() }()
	for _, q := range []string{
		"", "component:web.1 level:>=warn", "| count as n by component, level every 1m", "| count as n by host", "Took -\"id-77\"", "id-123",
		`| extract "Took <t> ms" | top 5 t as n`, "a:3 | sort ms desc | limit 50", "component:web.2 | p50 ms, distinct a by level every 5m", "/Took 1.* id-9/",
	} {
		compareWithModel(t, s, entries, q, Options{From: base + 100e9, Until: base + 700e9 + 1, Limit: 5000})
	}
}
