package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/clock"
	"patou/internal/event"
	"patou/internal/ingest"
	"patou/internal/telemetry"
	"patou/internal/token"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rig is a server with fakes behind its doors.
type rig struct {
	http.Handler
	clock   *clock.Manual
	sink    *fakeSink
	events  *fakeEvents
	options Options
}

func now() time.Time { return time.Date(2026, 11, 20, 14, 5, 6, 123456789, time.UTC) }

// newRig makes a server; change may set options before.
func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	c := clock.NewManual(now())
	g := &rig{clock: c, sink: &fakeSink{}, events: &fakeEvents{}}
	g.options = Options{
		Clock: c, Telemetry: &telemetry.Set{}, Sink: g.sink, Events: g.events, Hub: &ingest.Hub{},
		Tap: ingest.NewTap(c, &telemetry.Set{}),
		Info: Info{Version: "1.2.3", Started: now().Add(-time.Hour), Demo: true,
			Listeners: func() map[string]string { return map[string]string{"http": "127.0.0.1:8420"} },
			Notes:     func() []string { return []string{"An hour of history was made from the model of the demo's services."} }},
		Components: func() []Seen { return []Seen{{"webapp.backend.git", now()}} },
		SentBy:     func() []Seen { return []Seen{{"web01", now()}} },
		Page: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html>" + strings.Repeat("<p>page</p>", 100))},
			"favicon.svg":      {Data: []byte("<svg/>")},
			"assets/app-1a.js": {Data: []byte(strings.Repeat("app();", 1000))},
		},
	}
	if change != nil {
		change(&g.options)
	}
	h, err := New(g.options)
	if err != nil {
		t.Fatal(err)
	}
	g.Handler = h
	return g
}

// reply is what a request got.
type reply struct {
	status int
	header http.Header
	body   string
}

// request changes a request before it is sent.
type request func(*http.Request)

func header(name, value string) request { return func(r *http.Request) { r.Header.Set(name, value) } }
func host(name string) request          { return func(r *http.Request) { r.Host = name } }

// do sends a request as a program on this machine would.
func (g *rig) do(t *testing.T, method, target string, body []byte, change ...request) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	r.Host = "127.0.0.1:8420"
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	return reply{w.Code, w.Header(), string(b)}
}

func (g *rig) get(t *testing.T, target string, change ...request) reply {
	t.Helper()
	return g.do(t, http.MethodGet, target, nil, change...)
}

// want checks the status and that an error says something.
func (r reply) want(t *testing.T, status int, text string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, text) {
		t.Errorf("got %d %s\nwant %d with %q", r.status, r.body, status, text)
	}
	if status >= 400 {
		var f struct{ Error string }
		if err := json.Unmarshal([]byte(r.body), &f); err != nil || f.Error == "" {
			t.Errorf("the answer of status %d is not {\"error\": …}: %q", r.status, r.body)
		}
	}
}

// golden compares a text with a file, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; `go test -update` writes it anew:\n%s", name, diff)
	}
}

// pretty is JSON for people to compare.
func pretty(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(strings.TrimSpace(s)), "", "  "); err != nil {
		t.Fatalf("%v in %q", err, s)
	}
	return b.String() + "\n"
}

type fakeSink struct {
	source, key string
	body        []byte
	answer      ingest.Answer
	err         error
}

func (f *fakeSink) Accept(_ context.Context, source, key string, body []byte) (ingest.Answer, error) {
	f.source, f.key, f.body = source, key, bytes.Clone(body)
	return f.answer, f.err
}

type fakeEvents struct {
	added []event.Event
	keys  []string
	query event.Query
	err   error
}

func (f *fakeEvents) AddEvent(_ context.Context, e event.Event, key string) (int64, error) {
	f.added, f.keys = append(f.added, e), append(f.keys, key)
	return int64(len(f.added)), f.err
}

func (f *fakeEvents) Event(_ context.Context, id int64) (event.Event, error) {
	if id < 1 || id > int64(len(f.added)) {
		return event.Event{}, event.ErrUnknown
	}
	e := f.added[id-1]
	e.ID = id
	return e, nil
}

func (f *fakeEvents) Events(_ context.Context, q event.Query) ([]event.Event, error) {
	f.query = q
	out := make([]event.Event, len(f.added))
	for i := range f.added {
		out[i] = f.added[i]
		out[i].ID = int64(i + 1)
	}
	return out, f.err
}

// fakeTokens knows "reader", "writer" and "admin" by their names.
type fakeTokens struct{}

func (fakeTokens) VerifyToken(_ context.Context, secret string) (token.Token, error) {
	switch secret {
	case "reader":
		return token.Token{Name: secret, Scopes: []token.Scope{token.Read}}, nil
	case "writer":
		return token.Token{Name: secret, Scopes: []token.Scope{token.Write}}, nil
	case "admin":
		return token.Token{Name: secret, Scopes: []token.Scope{token.Admin}}, nil
	case "broken":
		return token.Token{}, io.ErrUnexpectedEOF
	}
	return token.Token{}, token.ErrUnknown
}
