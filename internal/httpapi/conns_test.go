package httpapi

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/ingest"
)

// serve runs a handler on a real connection until the test ends.
func serve(t *testing.T, h http.Handler, change func(*http.Server)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := NewServer(h, nil)
	if change != nil {
		change(srv)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSilentConnectionsMakeRoomForThoseThatAsk(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Clock = clock.Real{} })
	address := serve(t, g, nil)
	first := dial(t, address)
	for range maxSilent {
		dial(t, address)
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the longest silent connection got %v, want its end", err)
	}
	asking := dial(t, address)
	if _, err := io.WriteString(asking, "GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 12)
	if _, err := io.ReadFull(asking, b); err != nil || string(b) != "HTTP/1.1 200" {
		t.Errorf("who asks got %q, %v", b, err)
	}
}

func TestABodyThatPausesForEverIsGivenUp(t *testing.T) {
	// The clock is behind by nearly the pause, so that the deadline is near.
	g := newRig(t, func(o *Options) { o.Clock = clock.NewManual(time.Now().Add(-readPause + 300*time.Millisecond)) })
	g.sink.answer = ingest.Answer{Accepted: 1}
	c := dial(t, serve(t, g, nil))
	if _, err := io.WriteString(c, "POST /api/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"me"); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(b), "HTTP/1.1 408") || !strings.Contains(string(b), "did not come") {
		t.Errorf("got %q", b)
	}
	if g.sink.body != nil {
		t.Errorf("half a body was kept: %q", g.sink.body)
	}
}

func TestAnEndlessHeadIsCut(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Clock = clock.Real{} })
	c := dial(t, serve(t, g, nil))
	_, _ = io.WriteString(c, "GET /"+strings.Repeat("x", 2*maxHeader)+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	b, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(b), "HTTP/1.1 431") && len(b) > 0 {
		t.Errorf("got %q", b)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	g := newRig(t, nil)
	g.server().streams.take(maxStreams)
	g.get(t, "/api/logs/tail").want(t, http.StatusTooManyRequests, "streams")
	g.server().streams.give(maxStreams)
	g.get(t, "/api/tap").want(t, http.StatusOK, "")
}
