package httpapi

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"patou/internal/entry"
)

// fakeEntries is a store of one run a component.
type fakeEntries struct {
	entries []entry.Entry
	err     error
	// entered, if not nil, is told of each lookup, which then waits for leave.
	entered, leave chan struct{}
}

func (f *fakeEntries) Runs(ctx context.Context, _ entry.Lookup) ([]entry.Run, func(), error) {
	if f.entered != nil {
		f.entered <- struct{}{}
		select {
		case <-f.leave:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	by := map[string][]entry.Entry{}
	for _, e := range f.entries {
		by[e.Component] = append(by[e.Component], e)
	}
	var runs []entry.Run
	for component, es := range by {
		slices.SortFunc(es, func(a, b entry.Entry) int { return int(a.Time - b.Time) })
		runs = append(runs, runOf(component, es))
	}
	return runs, func() {}, f.err
}

func runOf(component string, es []entry.Entry) entry.Run {
	run := entry.Run{Component: component, First: es[0].Time, Last: es[len(es)-1].Time, Rows: len(es),
		Open: func(context.Context) (entry.Columns, error) { return columns(es), nil }}
	for _, e := range es {
		m := e.Time / int64(time.Minute)
		if n := len(run.Minutes); n == 0 || run.Minutes[n-1].Minute != m {
			run.Minutes = append(run.Minutes, entry.Minute{Minute: m})
		}
		run.Minutes[len(run.Minutes)-1].Counts[e.Level]++
	}
	return run
}

type columns []entry.Entry

func column[T any](c columns, of func(*entry.Entry) T) ([]T, error) {
	out := make([]T, len(c))
	for i := range c {
		out[i] = of(&c[i])
	}
	return out, nil
}

func (c columns) Len() int { return len(c) }
func (c columns) Times() ([]int64, error) {
	return column(c, func(e *entry.Entry) int64 { return e.Time })
}
func (c columns) Levels() ([]entry.Level, error) {
	return column(c, func(e *entry.Entry) entry.Level { return e.Level })
}
func (c columns) IDs() ([]entry.ID, error) {
	return column(c, func(e *entry.Entry) entry.ID { return e.ID })
}
func (c columns) Hosts() (entry.Strings, error) {
	v, err := column(c, func(e *entry.Entry) string { return e.Host })
	return entry.Strings{Values: v}, err
}
func (c columns) Messages() (entry.Strings, error) {
	v, err := column(c, func(e *entry.Entry) string { return e.Message })
	return entry.Strings{Values: v}, err
}
func (c columns) Fields(row int) ([]entry.Field, error) { return c[row].Fields, nil }
func (c columns) Keys() ([]string, error) {
	var keys []string
	for _, e := range c {
		for _, f := range e.Fields {
			if !slices.Contains(keys, f.Key) {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys, nil
}
func (c columns) Field(key string) (entry.Strings, error) {
	var s entry.Strings
	for i := range c {
		code := entry.Absent
		if v, ok := c[i].Field(key); ok {
			code = uint32(len(s.Values))
			s.Values = append(s.Values, v)
		}
		s.Codes = append(s.Codes, code)
	}
	return s, nil
}

// stored are a few entries of the last ten minutes, a minute apart.
func stored() *fakeEntries {
	f := &fakeEntries{}
	for i := range 10 {
		e := entry.Entry{ID: entry.ID{Batch: uint64(i + 1)}, Time: now().Add(-time.Duration(10-i) * time.Minute).UnixNano(),
			Component: "webapp.backend.git", Host: "web01", Level: entry.Info, Message: "GET /ä \"q\"",
			Fields: []entry.Field{{Key: "status", Value: "200"}, {Key: "request_time", Value: "0.0" + string(rune('0'+i))}}}
		if i%4 == 3 {
			e.Component, e.Host, e.Level, e.Fields = "db", "", entry.Error, nil
		}
		f.entries = append(f.entries, e)
	}
	return f
}

func withEntries(o *Options) { o.Entries = stored() }

func TestEntriesAreFoundNewestFirst(t *testing.T) {
	g := newRig(t, withEntries)
	r := g.get(t, "/api/logs?limit=3")
	if r.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
	}
	golden(t, "logs.ndjson", r.body)
	golden(t, "logs-asc.ndjson", g.get(t, "/api/logs?limit=2&order=asc&q=component:webapp&from=-30min&until=-2min").body)
	golden(t, "logs-count.ndjson", g.get(t, "/api/logs?q=*+%7C+count+by+component,level").body)
	if r := g.get(t, "/api/logs?q=level:emergency"); r.status != http.StatusOK || r.body != "" {
		t.Errorf("nothing found: %d %q", r.status, r.body)
	}
}

func TestWhatIsAskedAroundEntries(t *testing.T) {
	g := newRig(t, withEntries)
	golden(t, "histogram.json", pretty(t, g.get(t, "/api/logs/histogram?from=-10min&buckets=5").body))
	golden(t, "context.json", pretty(t, g.get(t, "/api/logs/context?id=6-0&before=1&after=2").body))
	golden(t, "fields.json", pretty(t, g.get(t, "/api/logs/fields?limit=2&q=component:webapp").body))
	golden(t, "patterns.json", pretty(t, g.get(t, "/api/logs/patterns?from=-4min").body))
	g.get(t, "/api/logs/context?id=zzz-0").want(t, http.StatusNotFound, "no entry with this id")
}

func TestBadQuestionsNameTheParameter(t *testing.T) {
	g := newRig(t, withEntries)
	for _, path := range []string{"/api/logs", "/api/logs/histogram", "/api/logs/fields", "/api/logs/patterns"} {
		g.get(t, path+"?q=%28a").want(t, http.StatusBadRequest, "q: ")
		g.get(t, path+"?from=soon").want(t, http.StatusBadRequest, "from: ")
		g.get(t, path+"?until=soon").want(t, http.StatusBadRequest, "until: ")
	}
	for path, text := range map[string]string{
		"/api/logs?limit=0": "limit: ", "/api/logs?limit=many": "limit: ", "/api/logs?limit=1000000": "limit: ", "/api/logs?order=up": "order: ",
		"/api/logs/histogram?buckets=0": "buckets: ", "/api/logs/context": "id: ", "/api/logs/context?id=x": "id: ",
		"/api/logs/patterns?base_from=soon": "base_from: ", "/api/logs/patterns?base_from=now": "base_from: ",
		"/api/logs/context?id=1-1&before=-1": "before: ", "/api/scope": "target: ",
	} {
		g.get(t, path).want(t, http.StatusBadRequest, text)
	}
}

func TestErrorsOfTheStoreAreAnsweredAsErrors(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Entries = &fakeEntries{err: errors.New("broken")} })
	for _, path := range []string{"/api/logs", "/api/logs/histogram", "/api/logs/fields", "/api/logs/patterns", "/api/logs/context?id=1-0"} {
		g.get(t, path).want(t, http.StatusInternalServerError, "its log says what")
	}
}

func TestQueriesWaitTheirTurnAndNoMoreThanAFew(t *testing.T) {
	store := &fakeEntries{entered: make(chan struct{}), leave: make(chan struct{})}
	g := newRig(t, func(o *Options) { o.Entries, o.Queries, o.Waiting = store, 2, 1 })
	answers := make(chan reply, 4)
	ask := func() { go func() { answers <- g.get(t, "/api/logs") }() }
	ask()
	ask()
	<-store.entered
	<-store.entered
	ask()
	for g.server().queries.waiting.Load() != 1 {
		runtime.Gosched()
	}
	r := g.get(t, "/api/logs")
	r.want(t, http.StatusTooManyRequests, "waiting for their turn")
	if r.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	close(store.leave)
	<-store.entered
	for range 3 {
		(<-answers).want(t, http.StatusOK, "")
	}
}

func TestALongQueryIsEnded(t *testing.T) {
	store := &fakeEntries{entered: make(chan struct{}, 1), leave: make(chan struct{})}
	g := newRig(t, func(o *Options) { o.Entries, o.QueryTime = store, time.Millisecond })
	g.get(t, "/api/logs").want(t, http.StatusServiceUnavailable, "took longer than 1ms")
}
