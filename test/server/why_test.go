package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"patou/test/apptest"
)

// reasons is the part of an answer that is looked at here.
type reasons struct {
	Rows []struct {
		Kind, Sentence, Component string
		Evidence                  []struct{ Kind, Sentence string }
	}
	Suffers  []string
	Quiet    bool
	Note     string
	Compared struct{ Series, Entries, Events int }
}

// TestTheDemoIsExplained asks why of the demo's hour of history, which went
// through the receivers and the pipeline like anything else.
func TestTheDemoIsExplained(t *testing.T) {
	s := apptest.Demo(t, binary, t.TempDir())
	t.Cleanup(func() { t.Log(s.Stderr()) })
	// The last thing of the history is its last request, a moment ago.
	apptest.Eventually(t, "the history is in", func() bool { return len(s.Logs("component:edge.nginx", "from", "-2s", "limit", "1")) == 1 })
	deployed := badDeploy(t, s)
	t.Run("the deploy comes first", func(t *testing.T) { explained(t, s, deployed) })
	t.Run("the command says so", func(t *testing.T) { explainedByCommand(t, s, deployed) })
	t.Run("quiet windows stay quiet", func(t *testing.T) { quietBefore(t, s, deployed) })
}

// badDeploy is when the history's bad version came, in seconds.
func badDeploy(t *testing.T, s *apptest.Server) int64 {
	t.Helper()
	_, body := s.Get("/events/get_data", "from", "-2h")
	var events []struct {
		When int64
		What string
	}
	if err := json.Unmarshal([]byte(body), &events); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.HasPrefix(e.What, "deploy git-backend") {
			return e.When
		}
	}
	t.Fatalf("no bad deploy in %s", body)
	return 0
}

func askWhy(t *testing.T, s *apptest.Server, target string, from, until int64) *reasons {
	t.Helper()
	status, body := s.Get("/api/why", "target", target, "from", strconv.FormatInt(from, 10), "until", strconv.FormatInt(until, 10))
	a := &reasons{}
	if err := json.Unmarshal([]byte(body), a); status != http.StatusOK || err != nil {
		t.Fatalf("%d %v %s", status, err, body)
	}
	return a
}

func explained(t *testing.T, s *apptest.Server, deployed int64) {
	for _, target := range []string{
		"logs.webapp.backend.git.request_time.p99", "logs.edge.nginx.request_time.p99", "logs.edge.nginx.status.5xx",
		"alias(movingAverage(webapp.backend.git.workers.busy, 2), 'busy')",
	} {
		a := askWhy(t, s, target, deployed+4, deployed+124)
		if len(a.Rows) < 2 || a.Rows[0].Kind != "event" || !strings.HasPrefix(a.Rows[0].Sentence, "deploy git-backend 4.18.2") {
			t.Fatalf("%s: %+v", target, a)
		}
		isNew := func(kind, component, sentence string) bool {
			return kind == "pattern" && component == "webapp.backend.git" && strings.Contains(sentence, "says something new") && strings.Contains(sentence, "reached, spilling to disk")
		}
		found := slices.ContainsFunc(a.Rows[0].Evidence, func(e struct{ Kind, Sentence string }) bool {
			return isNew(e.Kind, a.Rows[0].Component, e.Sentence)
		})
		if !found {
			t.Errorf("%s: the new pattern is no evidence: %+v", target, a.Rows)
		}
		// The edge's few errors fall into slots by the time of the test's start, and
		// may be too few to say that it suffers; that it is slow is plain.
		told := slices.Contains(a.Suffers, "edge.nginx") || target == "logs.edge.nginx.status.5xx"
		if !told || slices.Contains(a.Suffers, "webapp.backend.git") {
			t.Errorf("%s: suffers %v: %+v", target, a.Suffers, a.Rows)
		}
	}
	rows := askWhy(t, s, "logs.webapp.backend.git.request_time.p99", deployed+4, deployed+124).Rows
	if !slices.ContainsFunc(rows[1:], func(r struct {
		Kind, Sentence, Component string
		Evidence                  []struct{ Kind, Sentence string }
	}) bool {
		return r.Kind == "pattern" && strings.Contains(r.Sentence, "spilling to disk")
	}) {
		t.Errorf("the new pattern is no row: %+v", rows)
	}
}

func explainedByCommand(t *testing.T, s *apptest.Server, deployed int64) {
	why := func(from, until int64) (string, error) {
		out, err := exec.CommandContext(t.Context(), binary, "why", "logs.webapp.backend.git.request_time.p99", "--server", s.URL(""),
			"--from", strconv.FormatInt(from, 10), "--until", strconv.FormatInt(until, 10), "-o", "table").Output()
		return string(out), err
	}
	out, err := why(deployed+4, deployed+124)
	if err != nil || !strings.Contains(out, " 1 deploy git-backend 4.18.2") || !strings.Contains(out, "Suffers: ") || !strings.Contains(out, "█") {
		t.Errorf("%v\n%s", err, out)
	}
	var ended *exec.ExitError
	if out, err := why(deployed-600, deployed-480); !errors.As(err, &ended) || ended.ExitCode() != 1 {
		t.Errorf("a quiet window: %v\n%s", err, out)
	}
}

// quietBefore asks over windows in which nothing happened. Traffic walks at
// random, so that a few in a hundred may have a finding.
func quietBefore(t *testing.T, s *apptest.Server, deployed int64) {
	asked, found := 0, 0
	for _, length := range []int64{60, 120, 180} {
		for from := deployed - 1080; from+length < deployed-60; from += length {
			for _, target := range []string{"logs.webapp.backend.git.request_time.p99", "logs.edge.nginx.request_time.p99", "webapp.backend.git.workers.busy"} {
				a := askWhy(t, s, target, from, from+length)
				if asked++; !a.Quiet {
					found++
					t.Logf("%s for %d s from %d: %s", target, length, from, a.Rows[0].Sentence)
				}
			}
		}
	}
	if t.Logf("%d of %d quiet windows have a finding", found, asked); asked < 50 || found > asked/12 {
		t.Errorf("%d of %d quiet windows have a finding", found, asked)
	}
}
