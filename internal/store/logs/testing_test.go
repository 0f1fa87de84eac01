package logs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

// start is when the tests' clock stands at first.
var start = time.Date(2026, 11, 20, 14, 5, 6, 0, time.UTC)

// fixture is a store on a file system in memory and the entries it must have.
type fixture struct {
	fs    fsx.FS
	clock *clock.Manual
	store *Store
	opts  Options
	lsn   uint64
	model []entry.Entry
	known int // damages that the test made
}

const testDir = "data/logs"

func newFixture(t rapid.TB, fsys fsx.FS, o Options) *fixture {
	t.Helper()
	f := &fixture{fs: fsys, clock: clock.NewManual(start), opts: o}
	f.opts.Clock = f.clock
	f.open(t)
	return f
}

func (f *fixture) open(t rapid.TB) {
	t.Helper()
	s, damages, err := Open(f.fs, testDir, f.opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range damages {
		t.Error("damage at open:", d)
	}
	f.store = s
}

// apply gives the store a record of entries.
func (f *fixture) apply(entries ...entry.Entry) {
	f.applyBatch(&record.Batch{Entries: entries})
}

func (f *fixture) applyBatch(b *record.Batch) {
	f.lsn++
	f.store.Apply(f.lsn, b)
	for i, e := range b.Entries {
		e.ID = entry.ID{Batch: f.lsn, Row: uint32(i)}
		e.Fields = slices.Clone(e.Fields)
		f.model = append(f.model, e)
	}
}

func (f *fixture) flush(t rapid.TB) {
	t.Helper()
	f.store.Freeze(f.lsn)
	if err := f.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := f.store.Flushed(); got != f.lsn {
		t.Fatalf("flushed through %d, want %d", got, f.lsn)
	}
}

// read gives the entries of a lookup as a query does: all runs, filtered.
func read(t rapid.TB, s *Store, want entry.Lookup) []entry.Entry {
	t.Helper()
	runs, release, err := s.Runs(context.Background(), want)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var out []entry.Entry
	newest := int64(maxTime)
	for _, r := range runs {
		if r.Last > newest {
			t.Error("runs are not newest first")
		}
		newest = r.Last
		out = append(out, readRun(t, r, want)...)
	}
	slices.SortFunc(out, byTime)
	return out
}

func byTime(a, b entry.Entry) int {
	switch {
	case a.Time != b.Time && a.Time < b.Time, a.Time == b.Time && a.ID.Less(b.ID):
		return -1
	case a.ID == b.ID:
		return 0
	}
	return 1
}

func readRun(t rapid.TB, r entry.Run, want entry.Lookup) []entry.Entry {
	t.Helper()
	cols, err := r.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	times, err1 := cols.Times()
	levels, err2 := cols.Levels()
	ids, err3 := cols.IDs()
	hosts, err4 := cols.Hosts()
	messages, err5 := cols.Messages()
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if cols.Len() == 0 {
		return nil // its block is damaged: who counts entries will notice
	}
	checkRun(t, r, times, levels, ids)
	var out []entry.Entry
	for i, tm := range times {
		if tm < want.From || tm >= want.Until || want.Component != nil && !want.Component(r.Component) {
			continue
		}
		e := entry.Entry{ID: ids[i], Time: tm, Component: r.Component, Level: levels[i]}
		e.Host, _ = hosts.At(i)
		e.Message, _ = messages.At(i)
		if e.Fields, err = cols.Fields(i); err != nil {
			t.Fatal(err)
		}
		if len(e.Fields) == 0 {
			e.Fields = nil
		}
		out = append(out, e)
	}
	checkFields(t, cols)
	return out
}

// checkRun holds what the directory says against the entries.
func checkRun(t rapid.TB, r entry.Run, times []int64, levels []entry.Level, ids []entry.ID) {
	t.Helper()
	var minutes []entry.Minute
	for i := range times {
		minutes = countMinute(minutes, times[i], levels[i])
		if i > 0 && (times[i] < times[i-1] || times[i] == times[i-1] && !ids[i-1].Less(ids[i])) {
			t.Errorf("row %d of %s is out of order", i, r.Component)
		}
	}
	if len(times) != r.Rows || len(times) > 0 && (times[0] != r.First || times[len(times)-1] != r.Last) {
		t.Errorf("run of %s says %d rows from %d to %d, has %d", r.Component, r.Rows, r.First, r.Last, len(times))
	}
	if d := cmp.Diff(minutes, r.Minutes); d != "" {
		t.Errorf("counts of %s (-entries +directory):\n%s", r.Component, d)
	}
}

// checkFields holds the columns of fields against the fields of each row.
func checkFields(t rapid.TB, cols entry.Columns) {
	t.Helper()
	keys, err := cols.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		column, err := cols.Field(key)
		if err != nil {
			t.Fatal(err)
		}
		for i := range cols.Len() {
			fields, _ := cols.Fields(i)
			e := entry.Entry{Fields: fields}
			want, wantOK := e.Field(key)
			if got, ok := column.At(i); got != want || ok != wantOK {
				t.Fatalf("field %q of row %d is %q %v in the column, %q %v in the row", key, i, got, ok, want, wantOK)
			}
		}
	}
}

var everything = entry.Lookup{From: minTime, Until: maxTime}

// check holds the store against the model.
func (f *fixture) check(t rapid.TB) {
	t.Helper()
	f.checkLookup(t, everything)
}

func (f *fixture) checkLookup(t rapid.TB, want entry.Lookup) {
	t.Helper()
	var model []entry.Entry
	for _, e := range f.model {
		if e.Time >= want.From && e.Time < want.Until && (want.Component == nil || want.Component(e.Component)) {
			model = append(model, e)
		}
	}
	slices.SortFunc(model, byTime)
	got := read(t, f.store, want)
	for _, d := range f.store.Damages()[f.known:] {
		t.Error("damage:", d)
	}
	if d := cmp.Diff(model, got); d != "" {
		t.Fatalf("entries differ (-want +got):\n%.4000s", d)
	}
}

func at(offset time.Duration) int64 { return start.Add(offset).UnixNano() }

func line(component string, offset time.Duration, message string) entry.Entry {
	return entry.Entry{Time: at(offset), Component: component, Host: "web01", Level: entry.Info, Message: message}
}

// request is a line of a web server with fields.
func request(n int) entry.Entry {
	e := line("web.nginx", time.Duration(n)*time.Second, fmt.Sprintf("GET /item/%d 200 %d", n, n*7%1000))
	e.Fields = []entry.Field{
		{Key: "path", Value: fmt.Sprintf("/item/%d", n)}, {Key: "status", Value: "200"},
		{Key: "request_time", Value: fmt.Sprintf("0.%03d", n%1000)}, {Key: "bytes", Value: fmt.Sprint(n * 7 % 1000)},
	}
	if n%3 == 0 {
		e.Fields = append(e.Fields, entry.Field{Key: "referer", Value: strings.Repeat("/a", n%5)})
	}
	return e
}
