package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/agent/ship"
	"patou/internal/chunk"
	"patou/internal/clock"
	"patou/internal/fsx"
	"patou/internal/host"
	"patou/internal/telemetry"
)

// server behaves as the contract says: a chunk is kept once by its key, and a
// repeat gets the first answer.
type server struct {
	decoder *chunk.Decoder

	mu      sync.Mutex
	away    bool
	want    bool // a report
	answers map[string]ship.Answer
	chunks  []*chunk.Chunk
	repeats int
	sent    []time.Time
}

func newServer(t testing.TB) *server {
	t.Helper()
	d, err := chunk.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return &server{decoder: d, answers: map[string]ship.Answer{}}
}

func (s *server) Send(_ context.Context, data []byte, sent time.Time) (ship.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return ship.Answer{}, errors.New("connection refused")
	}
	c, err := s.decoder.Decode(data)
	if err != nil {
		return ship.Answer{}, &ship.Refusal{Status: 400, Reason: err.Error()}
	}
	if a, ok := s.answers[c.Key()]; ok {
		s.repeats++
		return a, nil
	}
	a := ship.Answer{Sequence: c.Sequence, Entries: len(c.Batch.Entries), Samples: len(c.Batch.Points), Node: "web-1", WantReport: s.want}
	s.want = false
	s.answers[c.Key()], s.chunks, s.sent = a, append(s.chunks, c), append(s.sent, sent)
	return a, nil
}

func (s *server) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// messages are the texts of all entries, in order.
func (s *server) messages() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.chunks {
		for _, e := range c.Batch.Entries {
			out = append(out, e.Message)
		}
	}
	return strings.Join(out, " ")
}

// seconds are the times of one series, as seconds.
func (s *server) seconds(name string) map[int64]int {
	out := map[int64]int{}
	for _, c := range s.chunks {
		for _, d := range c.Batch.Defs {
			for _, p := range c.Batch.Points {
				if d.Name == name && p.Series == d.ID {
					out[p.Time/1000]++
				}
			}
		}
	}
	return out
}

func (s *server) lastReport() *host.Report {
	if len(s.chunks) == 0 {
		return nil
	}
	return s.chunks[len(s.chunks)-1].Report
}

// rig is what an agent of a test stands on.
type rig struct {
	t      *testing.T
	disk   *fsx.Mem
	server *server
	log    bytes.Buffer
	boot   string
	jobs   string
	budget float64
}

func newRig(t *testing.T) *rig {
	return &rig{t: t, disk: fsx.NewMem(), server: newServer(t), boot: "boot-1", budget: 1}
}

func (r *rig) open() *Agent {
	r.t.Helper()
	a, err := New(r.t.Context(), Options{
		FS: r.disk, Dir: "spool", Transport: r.server, Name: "web-1", Version: "1", Labels: map[string]string{"role": "web"},
		Budget: r.budget, Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		identity: func(string) host.Identity { return host.Identity{Machine: "m", Boot: r.boot} },
		jobs:     func(context.Context) ([]byte, error) { return []byte(r.jobs), nil },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *rig) stop(a *Agent) {
	r.t.Helper()
	if err := a.Stop(r.t.Context()); err != nil {
		r.t.Error(err)
	}
}

// tell hands n numbered lines over, each a second with a sample.
func (r *rig) tell(a *Agent, from, n int) string {
	r.t.Helper()
	var out []string
	for i := from; i < from+n; i++ {
		text := fmt.Sprintf("line-%d", i)
		out = append(out, text)
		_ = a.gatherer.Samples(r.t.Context(), samples(3, time.Now().UnixMilli()))
		if err := a.gatherer.Keep(r.t.Context(), lines(text), map[string]string{"f": fmt.Sprint(i + 1)}); err != nil {
			r.t.Fatal(err)
		}
		<-time.After(time.Second)
	}
	return strings.Join(out, " ")
}

func TestAnAgentSaysWhoItIsAndGoodbye(t *testing.T) {
	for jobs, want := range map[string]host.Leaving{"": host.Stopped, "1 reboot.target start waiting": host.Reboot} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.jobs = jobs
			a := r.open()
			pass(3 * time.Second)
			first := r.server.chunks[0]
			if f := first.Report.Facts; f == nil || f.Labels["role"] != "web" || f.Agent != "1" || first.Host.Name != "web-1" || first.Host.Instance == "" {
				t.Errorf("first chunk %+v", first)
			}
			r.stop(a)
			if last := r.server.lastReport(); last == nil || last.Leaving != want {
				t.Errorf("goodbye %+v, want %q", last, want)
			}
		})
	}
}

func TestAnAgentWithinAServerLeavesWithItsMachineAlone(t *testing.T) {
	for jobs, want := range map[string]host.Leaving{"": "", "1 poweroff.target start waiting": host.Shutdown} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.jobs, r.budget = jobs, 0
			a := r.open()
			pass(15 * time.Second)
			if n := len(r.server.seconds("agent.cpu_percent")); n > 0 {
				t.Errorf("the cost of the program around the agent was told %d times", n)
			}
			r.stop(a)
			if last := r.server.lastReport(); last == nil && want != "" || last != nil && last.Leaving != want {
				t.Errorf("goodbye %+v, want %q", last, want)
			}
		})
	}
}

func TestTenMinutesWithoutAServerCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.open()
		want := r.tell(a, 0, 10)
		r.server.set(true)
		want += " " + r.tell(a, 10, 600)
		r.server.set(false)
		back := time.Now()
		for r.server.messages() != want {
			if time.Since(back) > 90*time.Second {
				t.Fatalf("the server has %d bytes of %d", len(r.server.messages()), len(want))
			}
			pass(time.Second)
		}
		t.Logf("the backlog was gone %s after the server's return", time.Since(back))
		r.stop(a)
		if got := r.server.seconds("s.1"); len(got) != 610 {
			t.Errorf("samples of %d seconds, want 610", len(got))
		}
		if n := strings.Count(r.log.String(), "cannot be reached"); n != 1 {
			t.Errorf("the outage was said %d times:\n%s", n, r.log.String())
		}
	})
}

func TestAGoodbyeThatNobodyHearsWaitsInTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.open()
		pass(5 * time.Second)
		r.server.set(true)
		want := r.tell(a, 0, 3)
		begin := time.Now()
		r.stop(a)
		if d := time.Since(begin); d > 3*time.Second {
			t.Errorf("stopping took %s", d)
		}
		r.server.set(false)
		a = r.open()
		if got := a.spool.Places()["f"]; got != "3" {
			t.Errorf("the place is %q", got)
		}
		pass(time.Second)
		if got := r.server.messages(); got != want {
			t.Errorf("the server has %q", got)
		}
		if last := r.server.lastReport(); last == nil || last.Leaving != host.Stopped {
			t.Errorf("no goodbye: %+v", last)
		}
		r.stop(a)
	})
}

func TestAClockThatJumpsLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.open()
		for _, at := range []int64{1e12, 2e12, 1} { // samples from all over time
			_ = a.gatherer.Samples(t.Context(), samples(2, at))
			pass(3 * time.Second)
		}
		r.stop(a)
		if got := r.server.seconds("s.1"); len(got) != 3 {
			t.Errorf("samples at %v", got)
		}
	})
}

func TestTheServerCanAskForEverythingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.open()
		pass(15 * time.Second)
		r.server.mu.Lock()
		before := len(r.server.chunks)
		r.server.want = true
		r.server.mu.Unlock()
		pass(25 * time.Second)
		told := 0
		for _, c := range r.server.chunks[before:] {
			if c.Report != nil && c.Report.Facts != nil {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the facts were told %d times", told)
		}
		r.stop(a)
	})
}

func TestTheAgentSaysWhatItCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.open()
		pass(25 * time.Second)
		for _, name := range []string{"cpu_percent", "memory_bytes", "spool_bytes", "spool_chunks", "sweep_seconds", "entries", "dropped_samples", "refused_chunks", "masked", "send_ms", "errors"} {
			if got := r.server.seconds("agent." + name); len(got) != 2 {
				t.Errorf("agent.%s has %d samples in 25 s", name, len(got))
			}
		}
		r.stop(a)
	})
}
