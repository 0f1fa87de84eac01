package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patou/internal/chunk"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/test/apptest"
)

// agent is a machine that sends chunks as a real agent does.
type agent struct {
	t        testing.TB
	encoder  *chunk.Encoder
	identity host.Identity
	sequence uint64
}

func newAgent(t testing.TB, name string) *agent {
	t.Helper()
	e, err := chunk.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return &agent{t: t, encoder: e, identity: host.Identity{Machine: "machine of " + name, Boot: "boot-1", Instance: "instance of " + name, Name: name}}
}

// next is a chunk with a sample and an entry of this moment.
func (a *agent) next(r *host.Report) []byte {
	a.t.Helper()
	a.sequence++
	now := time.Now()
	c := &chunk.Chunk{Host: a.identity, Sequence: a.sequence, Report: r, Batch: record.Batch{
		Defs:    []metric.Def{{ID: 1, Name: "cpu.user"}, {ID: 2, Name: "agent.cpu_percent"}},
		Points:  []metric.Point{{Series: 1, Time: now.UnixMilli(), Value: float64(a.sequence)}, {Series: 2, Time: now.UnixMilli(), Value: 0.3}},
		Entries: []entry.Entry{{Time: now.UnixNano(), Component: "web.nginx", Level: entry.Info, Message: fmt.Sprintf("line %d", a.sequence)}},
	}}
	b, err := a.encoder.Encode(nil, c)
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

// sendChunk posts a chunk and returns status and answer.
func sendChunk(s *apptest.Server, b []byte) (int, string) {
	return s.Post("/api/agent/chunks", chunk.ContentType, string(b), "Patou-Sent", fmt.Sprint(time.Now().UnixNano()))
}

func TestAChunkIsFiledUnderItsHostOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := apptest.Start(t, binary, data, "--config", configFile(t, "vitals: off\njournal: off\n"))
	a := newAgent(t, "Web-1.example.org")
	b := a.next(&host.Report{Facts: &host.Facts{OS: "Debian GNU/Linux 12", CPUs: 2}, Full: []host.Resource{{Name: "cpu", Percent: 41}}})
	for range 2 {
		status, body := sendChunk(s, b)
		if want := `"node":"web-1_example_org"`; status != http.StatusOK || !contains(body, want, `"entries":1`, `"samples":3`) {
			t.Fatalf("%d %s", status, body)
		}
	}
	if lines := s.Logs("component:web.nginx"); len(lines) != 1 || lines[0].Host != "Web-1.example.org" {
		t.Errorf("entries: %+v", lines)
	}
	for _, name := range []string{"host.web-1_example_org.cpu.user", "patou.agent.web-1_example_org.cpu_percent"} {
		if series := s.Render(name, "from", "-1min"); len(series) != 1 || len(series[0].Values()) != 1 {
			t.Errorf("%s: %+v", name, series)
		}
	}
	var o struct {
		Answer struct{ Lead string }
		Groups []struct {
			Members []struct{ Name, State string }
		}
	}
	_, body := s.Get("/api/overview")
	if err := json.Unmarshal([]byte(body), &o); err != nil || len(o.Groups) != 1 || o.Groups[0].Members[0].State != "joining" || o.Answer.Lead == "" {
		t.Errorf("overview: %v %s", err, body)
	}
	for _, path := range []string{"/api/hosts", "/api/hosts/Web-1.example.org", "/api/hosts/web-1_example_org"} {
		if status, body := s.Get(path); status != http.StatusOK || !contains(body, `"web-1_example_org"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := s.Post("/api/agent/chunks", chunk.ContentType, "nonsense"); status != http.StatusBadRequest || !contains(body, "error") {
		t.Errorf("nonsense: %d %s", status, body)
	}
}

func contains(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
