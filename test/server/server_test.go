// Package server tests the built binary from outside, with Go alone.
package server

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"patou/test/apptest"
)

var binary string // set by TestMain, never changes afterwards

func TestMain(m *testing.M) { os.Exit(apptest.Main(m, &binary)) }

const quiet = "vitals: off\njournal: off\n"

// start runs a server that watches nothing but what the test sends.
func start(t *testing.T, data string, args ...string) *apptest.Server {
	t.Helper()
	return apptest.Start(t, binary, data, append([]string{"--config", configFile(t, quiet)}, args...)...)
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := t.TempDir() + "/patou.yaml"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sendTCP(t *testing.T, addr, text string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestFromASpikeToItsLines(t *testing.T) {
	s := start(t, t.TempDir())
	now := time.Now().Truncate(time.Second)
	var lines strings.Builder
	for i := range 300 {
		took, at := 0.02, now.Add(time.Duration(i-400)*time.Second)
		if i >= 100 && i < 220 {
			took = 2.5 + float64(i)/1000
		}
		fmt.Fprintf(&lines, "{\"time\":%q,\"component\":\"web.nginx\",\"host\":\"web01\",\"message\":\"203.0.113.7 - - [%s] \\\"GET /r%d HTTP/1.1\\\" 200 51 \\\"-\\\" \\\"curl\\\" %.3f\"}\n",
			at.Format(time.RFC3339Nano), at.Format("02/Jan/2006:15:04:05 -0700"), i, took)
	}
	if status, body := s.Post("/api/logs", "application/x-ndjson", lines.String()); status != http.StatusOK || !strings.Contains(body, `"accepted":300`) {
		t.Fatalf("post: %d %s", status, body)
	}
	from, until := fmt.Sprint(now.Add(-300*time.Second).Unix()), fmt.Sprint(now.Add(-180*time.Second).Unix())
	series := s.Render("logs.web.nginx.request_time.p99", "from", "-10min", "until", "now")
	if len(series) != 1 {
		t.Fatalf("render gave %d series", len(series))
	}
	high := 0
	for _, v := range series[0].Values() {
		if v > 2 {
			high++
		}
	}
	if high < 11 || high > 13 {
		t.Errorf("%d slots of 10 s are above 2 s, want 12", high)
	}
	status, body := s.Get("/api/scope", "target", "logs.web.nginx.request_time.p99", "from", from, "until", until)
	if status != http.StatusOK || !strings.Contains(body, `"component:web.nginx client:* status:100..599 request_time:*"`) || !strings.Contains(body, `"slowest":"request_time"`) {
		t.Fatalf("scope: %d %s", status, body)
	}
	entries := s.Logs("component:web.nginx request_time:* | sort request_time desc | limit 5", "from", from, "until", until)
	if len(entries) != 5 || entries[0].Fields["path"] != "/r219" {
		t.Errorf("slowest entries: %+v", entries)
	}
}
