package demo

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/chunk"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/parse/accesslog"
)

// sink is a server that only counts what the demo sends it.
type sink struct {
	mu       sync.Mutex
	lines    map[string]int // by receiver
	slow     int
	events   []string
	accesses []string
	hosts    map[string]*heard
}

// heard is what the agent of one host sent.
type heard struct {
	instance       string
	sequences      map[uint64]bool
	samples        map[string]int // by series
	first, last    time.Time      // of the samples
	facts          *host.Facts
	connections    []host.Connection
	write, waiting float64 // the most
}

// chunk keeps account of what an agent sent.
func (s *sink) chunk(t *testing.T, d *chunk.Decoder, body []byte) *chunk.Chunk {
	c, err := d.Decode(body)
	if err != nil {
		t.Errorf("a chunk: %v", err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[c.Host.Name]
	if h == nil {
		h = &heard{instance: c.Host.Instance, sequences: map[uint64]bool{}, samples: map[string]int{}}
		s.hosts[c.Host.Name] = h
	}
	if h.instance != c.Host.Instance || h.sequences[c.Sequence] {
		t.Errorf("%s: chunk %d of %s again", c.Host.Name, c.Sequence, c.Host.Instance)
	}
	h.sequences[c.Sequence] = true
	if r := c.Report; r != nil {
		h.facts, h.connections = cmp.Or(r.Facts, h.facts), append(h.connections, r.Connections...)
	}
	h.points(c)
	return c
}

func (h *heard) points(c *chunk.Chunk) {
	names := map[metric.ID]string{}
	for _, d := range c.Batch.Defs {
		names[d.ID] = d.Name
	}
	for _, p := range c.Batch.Points {
		name, at := names[p.Series], time.UnixMilli(p.Time)
		h.samples[name]++
		if h.first.IsZero() || at.Before(h.first) {
			h.first = at
		}
		if at.After(h.last) {
			h.last = at
		}
		switch name {
		case "disk.sda.write_bytes":
			h.write = max(h.write, p.Value)
		case "pressure.io.some":
			h.waiting = max(h.waiting, p.Value)
		}
	}
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
	s := &sink{lines: map[string]int{}, hosts: map[string]*heard{}}
	d, err := chunk.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/agent/chunks", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Content-Type") != chunk.ContentType || r.Header.Get("Patou-Sent") == "" {
			t.Errorf("a chunk with the headers %v", r.Header)
		}
		if c := s.chunk(t, d, body); c != nil {
			fmt.Fprintf(w, `{"sequence":%d,"samples":%d}`, c.Sequence, len(c.Batch.Points))
		}
	})
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
	for end := time.Now().Add(30 * time.Second); !s.knowsThePast() && time.Now().Before(end); {
		<-time.After(50 * time.Millisecond)
	}
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
	s.checkHosts(t)
}

// knowsThePast reports whether the last of the hosts that stay told all of it.
func (s *sink) knowsThePast() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts["cache-1"]
	return h != nil && h.samples["cpu.busy"] >= 3600
}

// checkHosts wants the pretended hosts, with an hour of past, links that lead to
// each other, and the disk that the bad version wears down.
func (s *sink) checkHosts(t *testing.T) {
	t.Helper()
	addresses := map[string]bool{}
	for _, name := range []string{"edge-1", "web-1", "api-1", "git-1", "git-2", "db-1", "cache-1"} {
		h := s.hosts[name]
		if h == nil || h.facts == nil {
			t.Fatalf("nothing is told of %s", name)
		}
		if past := h.last.Sub(h.first); past < time.Hour-time.Second || h.samples["cpu.busy"] < 3600 {
			t.Errorf("%s has a past of %v, %d samples of cpu.busy", name, past, h.samples["cpu.busy"])
		}
		for _, a := range h.facts.Addresses {
			addresses[a] = true
		}
	}
	if len(s.hosts) != 7+cattle {
		t.Errorf("%d hosts speak", len(s.hosts))
	}
	for _, c := range s.hosts["api-1"].connections {
		if !addresses[c.Remote] {
			t.Errorf("api-1 talks to %s, which is no host", c.Remote)
		}
	}
	if h := s.hosts["git-2"]; h.waiting < 50 || h.write < 50e6 {
		t.Errorf("git-2 waits %.0f percent at most and writes %.0f bytes a second", h.waiting, h.write)
	}
	if h := s.hosts["git-1"]; h.waiting > 20 {
		t.Errorf("git-1 waits %.0f percent", h.waiting)
	}
}

// Web hosts come and go: those that leave say goodbye, and others come.
func TestTheHerdChanges(t *testing.T) {
	s, to := startSink(t)
	now := time.Now().Truncate(time.Second)
	ms, err := newMachines(to, http.DefaultClient, 1, now, func(time.Time) float64 { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	if err := ms.join(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for range 15 * 60 {
		now = now.Add(time.Second)
		if err := ms.second(t.Context(), int(now.Unix()), now); err != nil {
			t.Fatal(err)
		}
		if n := len(ms.all) + len(ms.comes); n != 7+cattle {
			t.Fatalf("%d hosts", n)
		}
	}
	if came := len(s.hosts) - 7 - cattle; came < 4 || came > 25 {
		t.Errorf("%d web hosts came in a quarter of an hour", came)
	}
	for name, h := range s.hosts {
		if n, seconds := h.samples["cpu.busy"], h.last.Sub(h.first).Seconds(); float64(n) != seconds+1 {
			t.Errorf("%s: %d samples in %.0f seconds", name, n, seconds)
		}
	}
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
