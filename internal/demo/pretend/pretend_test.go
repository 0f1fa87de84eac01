package pretend

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/chunk"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
)

func spec() Spec {
	return Spec{Name: "git-2", Address: "10.20.0.42", Disks: []string{"sda", "nvme0n1"}, Started: time.Unix(1_700_000_000, 0),
		Services: []Service{{Unit: "git-backend@a.service", Command: "git", Port: 8075, Share: 0.9, Count: 3, Users: []string{"10.20.0.11"}}},
		Links:    []Link{{Unit: "git-backend@a.service", Address: "10.20.0.51", Port: 5432, Sockets: 3, RTT: 0.2}}}
}

func usual() Load {
	return Load{CPU: 30, Memory: 40, Waiting: 2, Read: 1e6, Write: 2e6, Rx: 1e5, Tx: 2e5, Requests: 10}
}

func second(n int64) time.Time { return time.Unix(1_760_000_000+n, 0) }

func TestSeriesAreThoseOfAnAgent(t *testing.T) {
	h := New(spec(), 1)
	seen := map[string]bool{}
	for _, g := range h.gauges {
		if clean, err := metric.Canonical(g.name); err != nil || clean != g.name || seen[g.name] {
			t.Errorf("%q: %v, seen before: %v", g.name, err, seen[g.name])
		}
		seen[g.name] = true
	}
	for _, name := range []string{"cpu.busy", "cpu.core1.user", "pressure.io.some", "disk.nvme0n1.write_bytes", "process.git-backend-a-service.cpu", "saturation.io", "memory.available"} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestNumbersAgreeWithEachOther(t *testing.T) {
	h := New(spec(), 1)
	for n := range int64(100) {
		h.Second(second(n), Load{CPU: float64(n), Memory: 50, Waiting: float64(n), Write: 1e8})
	}
	names := map[metric.ID]string{}
	c := h.TakePast()
	for _, d := range c.Batch.Defs {
		names[d.ID] = d.Name
	}
	for _, p := range c.Batch.Points {
		name := names[p.Series]
		percent := strings.HasPrefix(name, "cpu.") || strings.HasPrefix(name, "pressure.") || strings.HasPrefix(name, "saturation.") || strings.HasSuffix(name, "percent")
		if name == "" || math.IsNaN(p.Value) || p.Value < 0 || percent && p.Value > 110 {
			t.Fatalf("%q is %v", name, p.Value)
		}
	}
}

func TestTwoHostsOfOneSeedAreAlike(t *testing.T) {
	a, b, other := New(spec(), 7), New(spec(), 7), New(spec(), 8)
	for n := range int64(5) {
		a.Second(second(n), usual())
		b.Second(second(n), usual())
	}
	if diff := cmp.Diff(a.Take(second(5), ""), b.Take(second(5), "")); diff != "" {
		t.Error(diff)
	}
	if other.identity == a.identity {
		t.Error("another seed gives the same machine")
	}
}

func TestTheFirstReportTellsAllAndLaterOnesWhatChanges(t *testing.T) {
	h := New(spec(), 1)
	h.Second(second(0), usual())
	first := h.Take(second(0), "").Report
	if first.Facts == nil || len(first.Units) != 4 || len(first.Listeners) != 2 || len(first.Connections) != 2 || len(first.FileSystems) != 1 || len(first.Processes) != 2 {
		t.Errorf("%+v", first)
	}
	h.Second(second(1), usual())
	if next := h.Take(second(1), host.Shutdown).Report; next.Facts != nil || next.Units != nil || len(next.Full) != 5 || next.Leaving != host.Shutdown {
		t.Errorf("%+v", next)
	}
	h.TellAll()
	if asked := h.Take(second(2), "").Report; asked.Facts == nil {
		t.Error("what was asked for is not told")
	}
}

func TestOnlyWhatIsDrawnHasAPast(t *testing.T) {
	h := New(spec(), 1)
	h.Past(second(0), usual())
	past := h.Samples()
	h.TakePast()
	h.Second(second(1), usual())
	if now := h.Samples(); past < 20 || past*3 > now {
		t.Errorf("%d samples of a second past, %d of one now", past, now)
	}
}

func TestASenderPostsWhatAServerCanRead(t *testing.T) {
	d, err := chunk.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c, err := d.Decode(body)
		if err != nil || r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/api/agent/chunks" {
			t.Errorf("%v %v %s", err, r.Header, r.URL)
			return
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"samples":%d,"entries":%d,"node":"git-2","want_report":true}`, len(c.Batch.Points), len(c.Batch.Entries))
	}))
	defer server.Close()
	s, err := NewSender(server.URL, "secret", server.Client())
	if err != nil {
		t.Fatal(err)
	}
	h := New(spec(), 1)
	h.Second(second(0), usual())
	h.Say(second(0), "cron", entry.Info, "hello")
	n := h.Samples()
	told, err := s.Send(t.Context(), h.Take(second(0), ""))
	if err != nil || told.Samples != n || told.Entries != 1 || !told.WantReport {
		t.Errorf("%+v %v", told, err)
	}
	var busy *BusyError
	status = http.StatusTooManyRequests
	if _, err := s.Send(t.Context(), h.Take(second(1), "")); !errors.As(err, &busy) || busy.Error() == "" {
		t.Errorf("a busy server: %v", err)
	}
	status = http.StatusBadRequest
	if _, err := s.Send(t.Context(), h.Take(second(2), "")); err == nil || errors.As(err, &busy) {
		t.Errorf("a refusing server: %v", err)
	}
}

func BenchmarkSecond(b *testing.B) {
	h := New(spec(), 1)
	for n := range b.N {
		h.Second(second(int64(n)), usual())
		if n%2 == 0 {
			h.TakePast()
		}
	}
}
