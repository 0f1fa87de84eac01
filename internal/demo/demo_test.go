package demo

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/parse/accesslog"
)

// sink is a server that only counts what the demo sends it.
type sink struct {
	mu       sync.Mutex
	lines    map[string]int // by receiver
	slow     int
	events   []string
	accesses []string
}

func (s *sink) count(receiver, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines[receiver]++
	if strings.Contains(line, "spilling to disk") {
		s.slow++
	}
	if receiver == "syslog" && len(s.accesses) < 1000 {
		s.accesses = append(s.accesses, line)
	}
}

func startSink(t *testing.T) (*sink, Addresses) {
	t.Helper()
	s := &sink{lines: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/logs", func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") == "" {
			t.Error("lines without a key")
		}
		body, _ := io.ReadAll(r.Body)
		for line := range strings.Lines(string(body)) {
			s.count("http", line)
		}
	})
	mux.HandleFunc("POST /events/", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, string(body))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return s, Addresses{
		HTTP:     strings.TrimPrefix(server.URL, "http://"),
		Graphite: s.listen(t, "graphite"),
		Syslog:   s.listen(t, "syslog"),
	}
}

// listen counts lines; syslog's frames hold one line each, begun by "<134>1".
func (s *sink) listen(t *testing.T, receiver string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.read(c, receiver)
		}
	}()
	return l.Addr().String()
}

func (s *sink) read(c net.Conn, receiver string) {
	in := bufio.NewReader(c)
	for {
		if receiver == "graphite" {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			s.count(receiver, line)
			continue
		}
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n := 0
		for _, digit := range strings.TrimSpace(length) {
			n = n*10 + int(digit-'0')
		}
		frame := make([]byte, n)
		if _, err := io.ReadFull(in, frame); err != nil {
			return
		}
		s.count(receiver, string(frame))
	}
}

func TestTheDemoFeedsEachReceiver(t *testing.T) {
	s, to := startSink(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		done <- Run(ctx, Options{To: to, Seed: 1, FirstDeploy: 200 * time.Millisecond}, func() { close(ready) })
	}()
	<-ready
	<-time.After(2 * time.Second) // the live services, with a bad version in place
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lines["syslog"] < 50_000 || s.lines["graphite"] < 2000 || s.lines["http"] < 1000 {
		t.Errorf("an hour of history is %v lines", s.lines)
	}
	if s.slow < 100 {
		t.Errorf("%d slow requests", s.slow)
	}
	if len(s.events) != 4 || !strings.Contains(s.events[3], "deploy git-backend "+badVersion) {
		t.Errorf("events %v, want three of the past and the deploy", s.events)
	}
	s.checkAccessLines(t)
}

func (s *sink) checkAccessLines(t *testing.T) {
	t.Helper()
	for _, frame := range s.accesses {
		_, message, _ := strings.Cut(frame, "- - - ")
		fields, _, ok := accesslog.Parse(message, nil)
		e := entry.Entry{Fields: fields}
		if _, timed := e.Field("request_time"); !ok || !timed {
			t.Fatalf("not an access line with its time: %q", message)
		}
	}
}

func TestTwoModelsOfOneSeedAreAlike(t *testing.T) {
	a, b := newModel(7), newModel(7)
	for range 1000 {
		x, y := a.ask(), b.ask()
		a.serve(&x, false)
		b.serve(&y, false)
		if x.path != y.path || x.work != y.work || x.status != y.status {
			t.Fatalf("%+v and %+v", x, y)
		}
	}
}
