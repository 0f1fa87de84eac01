package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/ingest"
	"patou/internal/telemetry"
)

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(b []byte) (int, error) { return len(b), nil }

func benchServer(b *testing.B, change func(*Options)) http.Handler {
	b.Helper()
	o := Options{Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Sink: &fakeSink{answer: ingest.Answer{Accepted: 1}}, Events: &fakeEvents{}}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	return h
}

// BenchmarkGuard is what a request costs beside its handler's work.
func BenchmarkGuard(b *testing.B) {
	for name, change := range map[string]func(*Options){"open": nil, "token": locked} {
		h := benchServer(b, change)
		for _, path := range []string{"/version", "/api/info"} {
			b.Run(name+path, func(b *testing.B) {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
				r.Host = "127.0.0.1:8420"
				r.Header.Set("Authorization", "Bearer reader")
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(discard{http.Header{}}, r)
				}
			})
		}
	}
}

// BenchmarkBody is what a megabyte of log lines costs before it is parsed.
func BenchmarkBody(b *testing.B) {
	line := []byte(`{"time":"2026-11-20T14:05:06.123456789Z","component":"web.nginx","level":"info","message":"GET /index.html HTTP/1.1","status":200}` + "\n")
	plain := bytes.Repeat(line, 1<<20/len(line))
	h := benchServer(b, func(o *Options) { o.Sink = nullSink{} })
	for encoding, body := range map[string][]byte{"identity": plain, "gzip": packed(b, plain)} {
		b.Run(encoding, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/logs", io.NopCloser(bytes.NewReader(body)))
				r.Host = "localhost"
				r.Header.Set("Content-Type", "application/x-ndjson")
				r.Header.Set("Content-Encoding", encoding)
				h.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}

func packed(b *testing.B, plain []byte) []byte {
	b.Helper()
	p := pack(plain)
	if p == nil {
		b.Fatal("the lines do not pack")
	}
	return p
}

type nullSink struct{}

func (nullSink) Accept(_ context.Context, _, _ string, _ []byte) (ingest.Answer, error) {
	return ingest.Answer{Accepted: 1}, nil
}

// BenchmarkEntries is what it costs to answer with a hundred entries, found in a
// store that costs nothing.
func BenchmarkEntries(b *testing.B) {
	store := &fakeEntries{}
	for i := range 100 {
		store.entries = append(store.entries, entry.Entry{ID: entry.ID{Batch: 1, Row: uint32(i)}, Time: time.Now().Add(-time.Minute).UnixNano(),
			Component: "web.nginx", Host: "web01", Level: entry.Info, Message: "GET /index.html HTTP/1.1", Fields: []entry.Field{{Key: "status", Value: "200"}}})
	}
	h := benchServer(b, func(o *Options) { o.Entries = store })
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/api/logs?limit=100", nil)
	r.Host = "localhost"
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}
