package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"patou/test/apptest"
)

// stopTime is what a server may take to stop, and demoTime what the demo may
// take until its page is alive; both are promised to users.
const stopTime, demoTime = 10 * time.Second, 10 * time.Second

// TestSigtermUnderLoadLosesNothing stops a server while senders write, tails are
// open and clients idle: it exits with 0 in time, and all it said yes to is there.
func TestSigtermUnderLoadLosesNothing(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	w := &writer{acked: map[string]bool{}, sent: map[int64]float64{}, senders: map[string]bool{}}
	w.samples(t, s)
	idle(t, s)
	tail(t, s)
	var senders sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprintf("stop-s%d", i)
		w.senders[name] = true
		senders.Go(func() { w.post(t.Context(), s, name) })
	}
	apptest.Eventually(t, "the load is on", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.acked) > 500
	})
	began := time.Now()
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.Stderr())
	}
	took := time.Since(began)
	senders.Wait()
	t.Logf("stopped in %s with %d entries acknowledged", took.Round(time.Millisecond), len(w.acked))
	if took > stopTime {
		t.Errorf("it took %s to stop, want at most %s", took, stopTime)
	}
	fsck(t, data)
	w.check(t, start(t, data), 0)
}

// idle holds connections that say nothing, or stop in mid-request.
func idle(t *testing.T, s *apptest.Server) {
	t.Helper()
	for name, text := range map[string]string{"graphite": "half.a.li", "syslog": "<1", "http": "POST /api/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{"} {
		c, err := net.Dial("tcp", s.Addr(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := fmt.Fprint(c, text); err != nil {
			t.Fatal(err)
		}
	}
}

// tail follows the log until the server ends the stream, and returns when it
// has begun.
func tail(t *testing.T, s *apptest.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL("/api/logs/tail?q=component:crash"), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

func TestTheDemoLivesWithinTenSecondsAndEndsWithCtrlC(t *testing.T) {
	taken := takeDefaultPorts(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	began := time.Now()
	s := apptest.Run(t, binary, "demo")
	alive(t, s)
	took := time.Since(began)
	t.Logf("alive after %s", took.Round(time.Millisecond))
	if took > demoTime {
		t.Errorf("the page was alive after %s, want at most %s", took, demoTime)
	}
	for name, port := range taken {
		said := fmt.Sprintf("listener=%s wanted=%s address=%s", name, port, s.Addr(name))
		if !strings.Contains(s.Stderr(), "in use, another was taken") || !strings.Contains(s.Stderr(), said) {
			t.Errorf("port %s is taken, and the demo does not say %q:\n%s", port, said, s.Stderr())
		}
	}
	if open := "patou: open http://" + s.Addr("http") + "/"; !strings.Contains(s.Stdout(), open) {
		t.Errorf("the address is not printed as %q:\n%s", open, s.Stdout())
	}
	ends(t, s)
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind in the temporary directory: %v %v", left, err)
	}
}

func TestTheDemoKeepsDataThatItWasTold(t *testing.T) {
	data := filepath.Join(t.TempDir(), "kept")
	s := apptest.Demo(t, binary, data)
	alive(t, s)
	ends(t, s)
	fsck(t, data)
	s = start(t, data)
	if got := s.Logs("component:webapp.backend.git", "from", "-2h", "limit", "10"); len(got) != 10 {
		t.Errorf("%d entries of the demo in its directory, want some", len(got))
	}
}

// takeDefaultPorts listens on the default ports, so that they are taken,
// whoever else has them.
func takeDefaultPorts(t *testing.T) map[string]string {
	t.Helper()
	ports := map[string]string{"http": "8420", "graphite": "2003"}
	for _, port := range ports {
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			t.Cleanup(func() { l.Close() })
		}
	}
	return ports
}

// alive waits until the page answers and its graph has values.
func alive(t *testing.T, s *apptest.Server) {
	t.Helper()
	if status, _ := s.Get("/"); status != http.StatusOK {
		t.Errorf("the page: %d", status)
	}
	apptest.Eventually(t, "the address is printed", func() bool { return strings.Contains(s.Stdout(), "patou: open ") })
	series := s.Render("logs.edge.nginx.request_time.p99", "from", "-1h")
	if len(series) != 1 || len(series[0].Values()) < 300 {
		t.Errorf("the graph of the first hour: %d series", len(series))
	}
	apptest.Eventually(t, "the demo's services are measured", func() bool {
		return len(s.Logs("component:edge.nginx", "from", "-5s", "limit", "1")) == 1
	})
}

func ends(t *testing.T, s *apptest.Server) {
	t.Helper()
	began := time.Now()
	if code := s.End(syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d after Ctrl-C\n%s", code, s.Stderr())
	}
	if took := time.Since(began); took > stopTime {
		t.Errorf("it took %s to stop, want at most %s", took, stopTime)
	} else {
		t.Logf("stopped in %s", took.Round(time.Millisecond))
	}
}
