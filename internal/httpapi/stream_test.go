package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"patou/internal/entry"
)

// live is a connection on which an answer is read while it is written.
type live struct {
	header http.Header
	pipe   *io.PipeWriter
	lines  *bufio.Reader
	cancel context.CancelFunc
	done   sync.WaitGroup
	status int
}

func (l *live) Header() http.Header         { return l.header }
func (l *live) WriteHeader(status int)      { l.status = status }
func (l *live) Write(b []byte) (int, error) { return l.pipe.Write(b) }
func (l *live) Flush()                      {}

// open sends a request whose answer goes on.
func (g *rig) open(t *testing.T, target string, change ...request) *live {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	r.Host = "localhost"
	for _, c := range change {
		c(r)
	}
	pr, pw := io.Pipe()
	l := &live{header: http.Header{}, pipe: pw, lines: bufio.NewReader(pr), cancel: cancel}
	l.done.Go(func() {
		g.ServeHTTP(l, r)
		pw.Close()
	})
	t.Cleanup(func() {
		cancel()
		pr.Close()
		l.done.Wait()
	})
	return l
}

// want reads lines, without the empty ones, and compares them.
func (l *live) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		got := "\n"
		for got == "\n" {
			var err error
			if got, err = l.lines.ReadString('\n'); err != nil {
				t.Fatalf("%v while waiting for %q", err, want)
			}
		}
		if !strings.HasPrefix(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func anEntry(message string) entry.Entry {
	return entry.Entry{ID: entry.ID{Batch: 7, Row: 1}, Time: now().UnixNano(), Component: "webapp", Host: "web01", Level: entry.Warn,
		Message: message, Fields: []entry.Field{{Key: "status", Value: "500"}, {Key: "a", Value: "\"<b>\"\n"}}}
}

func TestATailSendsWhatMatches(t *testing.T) {
	g := newRig(t, nil)
	l := g.open(t, "/api/logs/tail?q=slow")
	l.want(t, ": following")
	g.options.Hub.Publish([]entry.Entry{anEntry("fast"), anEntry("slow one"), anEntry("slow two")})
	l.want(t, "event: entry", `data: {"time":"2026-11-20T14:05:06.123456789Z","component":"webapp","host":"web01","level":"warn","message":"slow one","fields":{"status":"500","a":"\"<b>\"\n"},"id":"7-1"}`,
		"event: entry", `data: {"time":"2026-11-20T14:05:06.123456789Z","component":"webapp","host":"web01","level":"warn","message":"slow two"`)
	g.clock.Advance(heartbeat)
	l.want(t, ": alive")
	if l.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("Content-Type %q", l.header.Get("Content-Type"))
	}
}

func TestASlowReaderIsToldWhatItMissed(t *testing.T) {
	g := newRig(t, nil)
	l := g.open(t, "/api/logs/tail")
	l.want(t, ": following")
	many := make([]entry.Entry, 5000)
	for i := range many {
		many[i] = anEntry("x")
	}
	g.options.Hub.Publish(many)
	entries, missed := 0, 0
	for entries+missed < len(many) { // it may be told in several parts
		line, err := l.lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "event: entry") {
			entries++
		}
		var part int
		if n, _ := fmt.Sscanf(line, `data: {"count":%d}`, &part); n == 1 {
			missed += part
		}
	}
	if counted := g.options.Telemetry.Counter("http.tail_dropped").Value(); entries == 0 || missed == 0 || int(counted) != missed {
		t.Errorf("%d entries came, %d were told as missed and %d counted", entries, missed, counted)
	}
}

func TestAStreamEndsWithItsReaderAndWithTheServer(t *testing.T) {
	stop := make(chan struct{})
	g := newRig(t, func(o *Options) { o.Stopping = stop })
	for _, path := range []string{"/api/logs/tail", "/api/tap?follow=1"} {
		l := g.open(t, path)
		if path == "/api/logs/tail" {
			l.want(t, ": following")
		}
		l.cancel()
		l.done.Wait()
	}
	tail, tap := g.open(t, "/api/logs/tail"), g.open(t, "/api/tap?follow=1")
	tail.want(t, ": following")
	close(stop)
	tail.done.Wait()
	tap.done.Wait()
	if g.clock.Waiting() != 0 {
		t.Errorf("%d tickers were left", g.clock.Waiting())
	}
}

func TestWhatCannotBeFollowedIsRefused(t *testing.T) {
	g := newRig(t, nil)
	g.get(t, "/api/logs/tail?q=a+%7C+count").want(t, http.StatusBadRequest, "q: ")
	g.get(t, "/api/logs/tail?q=%28").want(t, http.StatusBadRequest, "q: ")
}

func TestTheTapShowsWhatArrives(t *testing.T) {
	g := newRig(t, nil)
	g.options.Tap.Reject("carbon", "192.0.2.7", "broken line", "want 3 words")
	g.options.Tap.Reject("syslog", "192.0.2.8", "other", "no")
	kept := `{"time":"2026-11-20T14:05:06.123456789Z","protocol":"carbon","source":"192.0.2.7","raw":"broken line","reason":"want 3 words"}`
	r := g.get(t, "/api/tap?rejected=1&match=broken")
	r.want(t, http.StatusOK, "event: arrival\ndata: "+kept+"\n\n")
	if strings.Contains(r.body, "other") {
		t.Errorf("what does not match was sent: %s", r.body)
	}
	g.get(t, "/api/tap?rejected=1&match=broken", header("Accept", "application/x-ndjson")).want(t, http.StatusOK, kept+"\n")

	l := g.open(t, "/api/tap?rejected=true&follow=true")
	l.want(t, "event: arrival", "data: "+kept, "event: arrival", "data: ")
	g.options.Tap.Accept("carbon", "192.0.2.7", "fine", "kept")
	g.options.Tap.Reject("carbon", "192.0.2.7", "new", "bad")
	l.want(t, "event: arrival", `data: {"time":"2026-11-20T14:05:06.123456789Z","protocol":"carbon","source":"192.0.2.7","raw":"new","reason":"bad"}`)
}

func TestTheTapShowsWhatIsTaken(t *testing.T) {
	g := newRig(t, nil)
	l := g.open(t, "/api/tap?follow=1", header("Accept", "application/x-ndjson"))
	for !g.options.Tap.Watched() {
		runtime.Gosched()
	}
	g.options.Tap.Accept("http", "192.0.2.7", "raw", "component=webapp")
	l.want(t, `{"time":"2026-11-20T14:05:06.`)
}

func TestParametersAreRefusedByName(t *testing.T) {
	g := newRig(t, nil)
	g.get(t, "/api/tap?rejected=perhaps").want(t, http.StatusBadRequest, "rejected: ")
}
