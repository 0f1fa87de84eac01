package server

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"patou/test/apptest"
)

const ndjson = "application/x-ndjson"

func TestARepeatedKeyDoublesNothingEvenOverARestart(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	send := func(body string) string {
		t.Helper()
		status, answer := s.Post("/api/logs", ndjson, body, "Idempotency-Key", "agent-7:42")
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		return answer
	}
	first := send("{\"component\":\"a\",\"message\":\"one\"}\nnot json\n")
	if again := send("{\"component\":\"a\",\"message\":\"two\"}\n"); again != first {
		t.Errorf("the repeat got %s, the first %s", again, first)
	}
	s.Kill()
	s = start(t, data)
	if again := send("{\"component\":\"a\",\"message\":\"three\"}\n"); again != first {
		t.Errorf("after a crash the repeat got %s, the first %s", again, first)
	}
	s.Stop()
	s = start(t, data)
	if again := send("{\"component\":\"a\",\"message\":\"four\"}\n"); again != first {
		t.Errorf("after a flush the repeat got %s, the first %s", again, first)
	}
	if got := s.Logs("component:a"); len(got) != 1 || got[0].Message != "one" {
		t.Errorf("entries %+v, want the first alone", got)
	}
}

func TestBeyondLoopbackNothingIsOpenWithoutALock(t *testing.T) {
	data := t.TempDir()
	_, err := apptest.TryStart(t, binary, data, "--http", "0.0.0.0:0")
	if err == nil || !strings.Contains(err.Error(), "patou token create") {
		t.Fatalf("HTTP beyond loopback without a token: %v", err)
	}
	_, err = apptest.TryStart(t, binary, data, "--graphite", "0.0.0.0:0")
	if err == nil || !strings.Contains(err.Error(), "allow: {graphite: [") {
		t.Fatalf("graphite beyond loopback without allow: %v", err)
	}
	token := func(name, scope string) string {
		out, err := exec.Command(binary, "token", "create", name, "--scope", scope, "--data", data).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	write, read := token("agent", "write"), token("reader", "read")
	s := start(t, data, "--http", "0.0.0.0:0")
	s.UseLoopback()
	f := func(want int, secret string) {
		t.Helper()
		headers := []string{}
		if secret != "" {
			headers = append(headers, "Authorization", "Bearer "+secret)
		}
		if status, body := s.Post("/api/logs", ndjson, "{\"message\":\"x\"}\n", headers...); status != want {
			t.Errorf("%d %s, want %d", status, body, want)
		}
	}
	f(http.StatusUnauthorized, "")
	f(http.StatusUnauthorized, "patou_wrong")
	f(http.StatusForbidden, read)
	f(http.StatusOK, write)
}

func TestTheLongHistoryKeepsItsPercentiles(t *testing.T) {
	s := start(t, t.TempDir())
	var lines strings.Builder
	at := time.Now().Add(-time.Minute).Format("02/Jan/2006:15:04:05 -0700")
	for i := range 2000 {
		took := 0.010
		if i%100 == 99 {
			took = 1.5 // one in a hundred
		}
		fmt.Fprintf(&lines, "{\"component\":\"p\",\"message\":\"10.0.0.1 - - [%s] \\\"GET / HTTP/1.1\\\" 200 1 \\\"-\\\" \\\"-\\\" %.3f\"}\n", at, took)
	}
	if status, body := s.Post("/api/logs", ndjson, lines.String()); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	f := func(view string, low, high float64) {
		t.Helper()
		series := s.Render("logs.p.request_time."+view, "from", "-1h", "maxDataPoints", "1")
		if len(series) != 1 || len(series[0].Values()) != 1 {
			t.Fatalf("%s: %+v", view, series)
		}
		if v := series[0].Values()[0]; v < low || v > high {
			t.Errorf("%s over all is %g, want %g to %g", view, v, low, high)
		}
	}
	f("p50", 0.0099, 0.0101)
	f("p95", 0.0099, 0.0101)
	f("max", 1.5, 1.5)
	f("count", 2000, 2000)
	f("mean", 0.0248, 0.0250)
}
