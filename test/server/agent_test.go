package server

import (
	"bytes"
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
	now := time.Now()
	return a.encode(record.Batch{
		Defs:    []metric.Def{{ID: 1, Name: "cpu.user"}, {ID: 2, Name: "agent.cpu_percent"}, {ID: 3, Name: "saturation.io"}},
		Points:  []metric.Point{{Series: 1, Time: now.UnixMilli(), Value: float64(a.sequence + 1)}, {Series: 2, Time: now.UnixMilli(), Value: 0.3}, {Series: 3, Time: now.UnixMilli(), Value: 43}},
		Entries: []entry.Entry{{Time: now.UnixNano(), Component: "web.nginx", Level: entry.Info, Message: fmt.Sprintf("line %d", a.sequence+1)}},
	}, r)
}

// encode makes the next chunk of a batch and a report.
func (a *agent) encode(batch record.Batch, r *host.Report) []byte {
	a.t.Helper()
	a.sequence++
	b, err := a.encoder.Encode(nil, &chunk.Chunk{Host: a.identity, Sequence: a.sequence, Report: r, Batch: batch})
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
		if want := `"node":"web-1_example_org"`; status != http.StatusOK || !contains(body, want, `"entries":1`, `"samples":4`) {
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

// herdOf asks for the overview.
type herdOf struct {
	Replay bool
	Answer struct{ State, Lead, Rest string }
	Groups []struct {
		Name    string
		Signals []struct {
			Name   string
			State  string
			Value  *float64
			Target string
			Spark  []*float64
		}
		Members []struct {
			Name, State, Health, Reason string
			Full                        *struct {
				Name    string
				Percent float64
			}
		}
	}
	Events []struct{ Kind, What, Host string }
}

func overview(t *testing.T, s *apptest.Server, at string) herdOf {
	t.Helper()
	var o herdOf
	status, body := s.Get("/api/overview", "at", at)
	if err := json.Unmarshal([]byte(body), &o); err != nil || status != http.StatusOK {
		t.Fatalf("overview: %d %v %s", status, err, body)
	}
	return o
}

// TestAKilledServerLosesNothingOfAnAgent kills the server again and again while
// an agent sends, which repeats what was not answered.
func TestAKilledServerLosesNothingOfAnAgent(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	config := configFile(t, "vitals: off\njournal: off\n")
	a, sent := newAgent(t, "web-1"), 0
	for range 4 {
		s := apptest.Start(t, binary, data, "--config", config)
		stop := make(chan struct{})
		time.AfterFunc(400*time.Millisecond, func() { s.Kill(); close(stop) })
		for running := true; running; {
			b := a.next(nil)
			for running && !delivered(s, b) {
				select {
				case <-stop:
					running = false
				default:
				}
			}
			if !running { // it is repeated to the next server
				again := apptest.Start(t, binary, data, "--config", config)
				if !delivered(again, b) {
					t.Fatal("the repeat was not taken")
				}
				again.Kill()
			}
			sent++
		}
	}
	s := apptest.Start(t, binary, data, "--config", config)
	seen := map[string]int{}
	for _, e := range s.Logs("component:web.nginx | limit 100000", "limit", "100000") {
		seen[e.Message]++
	}
	for i := range sent {
		if n := seen[fmt.Sprintf("line %d", i+1)]; n != 1 {
			t.Errorf("line %d is there %d times", i+1, n)
		}
	}
	if len(seen) != sent {
		t.Errorf("%d entries of %d", len(seen), sent)
	}
	if status, body := sendChunk(s, a.next(nil)); status != http.StatusOK {
		t.Errorf("the next chunk: %d %s", status, body)
	}
	if o := overview(t, s, ""); len(o.Groups) != 1 || len(o.Groups[0].Members) != 1 {
		t.Errorf("the herd is %+v", o)
	}
	t.Logf("%d chunks over 4 kills", sent)
}

// delivered sends a chunk to a server that may be gone.
func delivered(s *apptest.Server, b []byte) bool {
	req, err := http.NewRequest(http.MethodPost, s.URL("/api/agent/chunks"), bytes.NewReader(b))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", chunk.ContentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func TestTheHerdOutlivesItsServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	config := configFile(t, "vitals: off\njournal: off\n")
	s := apptest.Start(t, binary, data, "--config", config)
	a := newAgent(t, "web-1")
	report := &host.Report{
		Facts: &host.Facts{OS: "Debian", Addresses: []string{"10.0.0.2"}}, Full: []host.Resource{{Name: "io", Percent: 43, Of: "sda"}},
		Units:       []host.Unit{{Name: "nginx.service", Active: "failed", Enabled: true}},
		Listeners:   []host.Listener{{Group: "nginx.service", Protocol: "tcp", Address: "0.0.0.0", Port: 443}},
		Connections: []host.Connection{{Group: "nginx.service", Remote: "203.0.113.5", Port: 5432, Sockets: 2}},
	}
	if status, body := sendChunk(s, a.next(report)); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	joined := time.Now()
	if status, body := s.Post("/api/hosts/web-1/group", "application/json", `{"group":"shop"}`); status != http.StatusOK {
		t.Fatalf("group: %d %s", status, body)
	}
	if code := s.Stop(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, s.Stderr())
	}
	s = apptest.Start(t, binary, data, "--config", config)
	o := overview(t, s, "")
	if len(o.Groups) != 1 || o.Groups[0].Name != "shop" || o.Groups[0].Members[0].Health != "warn" || o.Answer.Lead != "nginx.service failed on web-1." {
		t.Errorf("after a start: %+v", o)
	}
	var told []string
	for _, e := range o.Events {
		told = append(told, e.Kind+" "+e.Host)
	}
	if got := strings.Join(told, ", "); strings.Count(got, "joined web-1") != 1 || strings.Count(got, "unit-failed web-1") != 1 {
		t.Errorf("events: %s", got)
	}
	_, links := s.Get("/api/links")
	_, details := s.Get("/api/hosts/web-1")
	if !contains(links, `"from":"shop"`, `"to":"external"`, `"port":5432`) || !contains(details, `"group_from":"set"`, `"joining"`, "web.nginx") {
		t.Errorf("links %s\nhost %s", links, details)
	}
	past := overview(t, s, fmt.Sprint(joined.Unix()+1))
	if !past.Replay || len(past.Groups) != 1 || past.Groups[0].Members[0].State != "joining" || past.Groups[0].Members[0].Full == nil || past.Groups[0].Members[0].Full.Percent != 43 {
		t.Errorf("the past: %+v", past)
	}
	if o := overview(t, s, fmt.Sprint(joined.Unix()-60)); len(o.Groups) != 0 {
		t.Errorf("before it joined: %+v", o)
	}
	if status, day := s.Get("/api/overview/day"); status != http.StatusOK || !contains(day, `"warn"]`, `"kind":"joined"`) || strings.Count(day, `"fine"`) < 286 {
		t.Errorf("the day: %d %s", status, day)
	}
	if status, body := s.Delete("/api/hosts/web-1"); status != http.StatusConflict {
		t.Errorf("forgetting one that is there: %d %s", status, body)
	}
}

func TestAGroupShowsWhatItsComponentsDo(t *testing.T) {
	s := apptest.Start(t, binary, filepath.Join(t.TempDir(), "data"), "--config", configFile(t, "vitals: off\njournal: off\n"))
	if status, body := sendChunk(s, newAgent(t, "web-1").next(nil)); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var lines strings.Builder
	for i := range 200 {
		fmt.Fprintf(&lines, `{"time":%q,"component":"web.nginx","host":"web-1","message":"x","client":"192.0.2.1","status":%d,"request_time":0.25}`+"\n",
			time.Now().Add(-time.Duration(i)*time.Second/2).UTC().Format(time.RFC3339Nano), 200+300*(i%10/9))
	}
	if status, body := s.Post("/api/logs", "application/x-ndjson", lines.String()); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	apptest.Eventually(t, "signals are there", func() bool { return len(overview(t, s, "").Groups[0].Signals) == 3 })
	for i, sig := range overview(t, s, "").Groups[0].Signals {
		low, high := []float64{0.5, 8, 0.2}[i], []float64{2.5, 12, 0.3}[i]
		if sig.Name != []string{"requests", "errors", "p99"}[i] || sig.Value == nil || *sig.Value < low || *sig.Value > high || len(sig.Spark) != 30 {
			t.Errorf("%+v is not within %g and %g", sig, low, high)
		}
		if sig.Name == "errors" && sig.State == "fine" {
			t.Errorf("%g percent of errors are fine", *sig.Value)
		}
		if series := s.Render(sig.Target, "from", "-5min"); len(series) != 1 {
			t.Errorf("%s draws %d series", sig.Target, len(series))
		}
	}
}
