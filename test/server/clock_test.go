package server

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	program "patou/internal/agent"
	"patou/internal/clock"
	"patou/internal/config"
	"patou/test/apptest"
)

// wrongClock is this machine's, but for what it shows.
type wrongClock struct {
	clock.Real
	ahead atomic.Int64 // in ns
}

func (w *wrongClock) Now() time.Time {
	return time.Now().Round(0).Add(time.Duration(w.ahead.Load())) // Round leaves the wall's time alone
}

// hostNow is what tests of clocks look at in a host.
type hostNow struct {
	SkewMS         float64 `json:"skew_ms"`
	Health, Reason string
}

func hostOf(t *testing.T, s *apptest.Server, name string) (h hostNow) {
	t.Helper()
	status, body := s.Get("/api/hosts/" + name)
	if status == http.StatusNotFound {
		return hostNow{}
	}
	if err := json.Unmarshal([]byte(body), &h); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %v %s", name, status, err, body)
	}
	return h
}

// skewedAgent is an agent in this process, whose clock is wrong, that follows
// a file.
func skewedAgent(t *testing.T, s *apptest.Server, at clock.Clock, file string) {
	t.Helper()
	c := config.DefaultAgent()
	c.Server, c.Name, c.Data, c.Journal = s.URL(""), "skewed", config.Path(filepath.Join(t.TempDir(), "agent")), false
	c.Tail = []config.Tail{{Files: []config.Glob{config.Glob(file)}, Component: "app"}}
	a, err := program.Remote{Config: c, Stderr: io.Discard, Clock: at}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
}

// seesSkew waits until the server knows how wrong the clock is.
func seesSkew(t *testing.T, s *apptest.Server, ahead time.Duration) {
	t.Helper()
	near := func(ms float64) bool { return math.Abs(ms-float64(ahead.Milliseconds())) < 200 }
	var h hostNow
	apptest.Eventually(t, "the skew is known", func() bool {
		h = hostOf(t, s, "skewed")
		return near(h.SkewMS)
	})
	if h.Health != "warn" || !strings.HasPrefix(h.Reason, "clock ") || !strings.HasSuffix(h.Reason, " s ahead") {
		t.Errorf("%+v", h)
	}
	apptest.Eventually(t, "the series says so", func() bool {
		for _, series := range s.Render("host.skewed.clock.skew", "from", "-5min", "until", "now+1min") {
			for _, v := range series.Values() {
				if near(1000 * v) {
					return true
				}
			}
		}
		return false
	})
}

func TestAWrongClockIsSeenAndLosesNothing(t *testing.T) {
	s := apptest.Start(t, binary, filepath.Join(t.TempDir(), "data"), "--config", configFile(t, "vitals: off\njournal: off\n"))
	at, file := new(wrongClock), filepath.Join(t.TempDir(), "app.log")
	at.ahead.Store(int64(5 * time.Second))
	written := 0
	write := func(n int) {
		t.Helper()
		var lines strings.Builder
		for range n {
			written++
			fmt.Fprintf(&lines, "line %d\n", written)
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(lines.String()); err != nil {
			t.Fatal(err)
		}
	}
	write(10)
	skewedAgent(t, s, at, file)
	seesSkew(t, s, 5*time.Second)
	at.ahead.Store(int64(-40 * time.Second))
	write(10)
	write(10)
	apptest.Eventually(t, "all lines are there", func() bool {
		return len(s.Logs("component:app", "from", "-5min", "until", "now+5min", "limit", "1000")) >= written
	})
	seen := map[string]bool{}
	lines := s.Logs("component:app", "from", "-5min", "until", "now+5min", "limit", "1000")
	for _, e := range lines {
		seen[e.Message] = true
	}
	if len(lines) != written || len(seen) != written {
		t.Errorf("%d lines, %d of them different, of %d", len(lines), len(seen), written)
	}
	_, counters := s.Get("/metrics")
	for line := range strings.Lines(counters) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(name, "rejected") && !strings.HasPrefix(line, "#") && value != "0" {
			t.Errorf("something was refused: %s", line)
		}
	}
}

func TestLinesAreTakenInTheZoneOfTheirMachine(t *testing.T) {
	const name = "Pacific/Chatham" // a quarter of an hour off everybody else's
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Skip("this machine knows no zones:", err)
	}
	s := apptest.Start(t, binary, filepath.Join(t.TempDir(), "data"), "--config", configFile(t, "vitals: off\njournal: off\n"))
	t.Setenv("TZ", name) // of the agent alone: the server has started
	written, file := time.Now().Add(-time.Minute).Truncate(time.Second), filepath.Join(t.TempDir(), "app.log")
	if err := os.WriteFile(file, []byte(written.In(zone).Format("2006-01-02 15:04:05")+" ERROR it broke\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	skewedAgent(t, s, clock.Real{}, file)
	apptest.Eventually(t, "the line is there", func() bool { return len(s.Logs("component:app", "from", "-2d", "until", "now+2d")) == 1 })
	if e := s.Logs("component:app", "from", "-2d", "until", "now+2d")[0]; !e.Time.Equal(written) {
		t.Errorf("it is of %s, want %s", e.Time, written)
	}
}
