package server

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patou/internal/host"
	"patou/internal/record"
	"patou/test/apptest"
)

// The golden directories are what servers of earlier formats left when they
// were killed: flushed files, and records that are in the log alone. All later
// versions must open them. A new one, for a new format, is made beside them by
//
//	go test ./test/server -run Golden -update
//
// after goldenDir was changed; an old one is never written again.
const (
	firstGolden = "testdata/golden"      // before there was a herd
	goldenDir   = "testdata/golden-herd" // with a host in the state
)

// goldenTime is the time of the directory's entries and samples. It is before
// every clock and will be past every usual retention; goldenConfig keeps it.
const goldenTime = 1_720_000_000 // 2024-07-03

const goldenConfig = "vitals: off\njournal: off\nlogs: {retention: 100y, size: 1GiB}\nmetrics: {retention: \"10s:100y\"}\n"

// update has to be known before flags are parsed.
var update = flag.Bool("update", false, "make the golden data directory anew")

func TestGoldenDirectoryIsServed(t *testing.T) {
	if *update {
		makeGolden(t)
	}
	for _, dir := range []string{firstGolden, goldenDir} {
		t.Run(filepath.Base(dir), func(t *testing.T) { openGolden(t, dir) })
	}
}

func openGolden(t *testing.T, dir string) {
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	fsck(t, data)
	s := startGolden(t, data)
	checkGolden(t, s)
	if dir == goldenDir {
		checkGoldenHost(t, s)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.Stderr())
	}
	fsck(t, data)
	s = startGolden(t, data)
	checkGolden(t, s)
	if dir == goldenDir {
		checkGoldenHost(t, s)
	}
}

// fillGoldenHost has an agent tell of its host, and puts that into a group.
func fillGoldenHost(t *testing.T, s *apptest.Server) {
	t.Helper()
	a := newAgent(t, "web01")
	report := &host.Report{
		Facts:       &host.Facts{OS: "Debian GNU/Linux 12", CPUs: 2, Addresses: []string{"192.0.2.7"}},
		Units:       []host.Unit{{Name: "nginx.service", Active: "failed", Enabled: true}},
		Listeners:   []host.Listener{{Group: "nginx.service", Protocol: "tcp", Address: "0.0.0.0", Port: 443}},
		Connections: []host.Connection{{Group: "nginx.service", Remote: "192.0.2.8", Port: 5432, Sockets: 3}},
	}
	if status, body := sendChunk(s, a.encode(record.Batch{}, report)); status != http.StatusOK {
		t.Fatalf("chunk: %d %s", status, body)
	}
	if status, body := s.Post("/api/hosts/web01/group", "application/json", `{"group":"shop"}`); status != http.StatusOK {
		t.Fatalf("group: %d %s", status, body)
	}
}

func checkGoldenHost(t *testing.T, s *apptest.Server) {
	t.Helper()
	status, body := s.Get("/api/hosts/web01")
	if status != http.StatusOK || !contains(body, `"node":"web01"`, `"group":"shop"`, `"group_from":"set"`, `"nginx.service"`, "Debian GNU/Linux 12", `"web.nginx"`) {
		t.Errorf("host: %d %s", status, body)
	}
	status, body = s.Get("/events/get_data", "tags", "herd joined")
	if status != http.StatusOK || strings.Count(body, `"web01 joined"`) != 1 {
		t.Errorf("events of the herd: %d %s", status, body)
	}
}

func startGolden(t *testing.T, data string) *apptest.Server {
	t.Helper()
	return apptest.Start(t, binary, data, "--config", configFile(t, goldenConfig))
}

// goldenLines is a request of 20 lines, half of them an access log's.
func goldenLines(part int) string {
	var b strings.Builder
	for i := range 20 {
		at := time.Unix(goldenTime+int64(part*100+i), 0).UTC().Format(time.RFC3339)
		if i%2 == 0 {
			fmt.Fprintf(&b, "{\"time\":%q,\"component\":\"web.nginx\",\"host\":\"web01\",\"message\":\"request %d.%d\",\"client\":\"192.0.2.1\",\"status\":200,\"request_time\":0.%d}\n", at, part, i, i+1)
		} else {
			fmt.Fprintf(&b, "{\"time\":%q,\"component\":\"app.worker\",\"level\":\"warn\",\"message\":\"job %d.%d\",\"note\":\"ünïcode\"}\n", at, part, i)
		}
	}
	return b.String()
}

// fillGolden sends one part, and waits until its samples can be read.
func fillGolden(t *testing.T, s *apptest.Server, part int) {
	t.Helper()
	key := fmt.Sprintf("golden-%d", part)
	if status, body := s.Post("/api/logs", "application/x-ndjson", goldenLines(part), "Idempotency-Key", key); status != http.StatusOK {
		t.Fatalf("post: %d %s", status, body)
	}
	event := fmt.Sprintf(`{"what":"deploy %d","tags":["golden"],"when":%d,"data":"v%d"}`, part, goldenTime+part*100, part)
	if status, body := s.Post("/events/", "application/json", event); status != http.StatusOK {
		t.Fatalf("event: %d %s", status, body)
	}
	sendTCP(t, s.Addr("graphite"), fmt.Sprintf("golden.load %d.5 %d\n", part, goldenTime+part*100))
	apptest.Eventually(t, "samples are there", func() bool { return len(goldenValues(s, "golden.load")) == part+1 })
}

// makeGolden has a server stop in peace, so that there are files, and another
// one killed, so that there is a log.
func makeGolden(t *testing.T) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	s := startGolden(t, data)
	fillGolden(t, s, 0)
	fillGoldenHost(t, s)
	if code := s.Stop(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, s.Stderr())
	}
	s = startGolden(t, data)
	fillGolden(t, s, 1)
	s.Kill()
	if err := os.RemoveAll(goldenDir); err != nil {
		t.Fatal(err)
	}
	// They are of that process alone.
	err := errors.Join(os.Remove(filepath.Join(data, "lock")), os.Remove(filepath.Join(data, "state.db-shm")), os.CopyFS(goldenDir, os.DirFS(data)))
	if err != nil {
		t.Fatal(err)
	}
}

// goldenValues are the values of a series over the directory's time.
func goldenValues(s *apptest.Server, target string) []float64 {
	series := s.Render(target, "from", fmt.Sprint(goldenTime-60), "until", fmt.Sprint(goldenTime+300))
	if len(series) != 1 {
		return nil
	}
	return series[0].Values()
}

func checkGolden(t *testing.T, s *apptest.Server) {
	t.Helper()
	from, until := fmt.Sprint(goldenTime-60), fmt.Sprint(goldenTime+300)
	requests := s.Logs("component:web.nginx", "from", from, "until", until)
	jobs := s.Logs("component:app.worker level:warn note:ünïcode", "from", from, "until", until)
	if len(requests) != 20 || len(jobs) != 20 {
		t.Fatalf("%d requests and %d jobs, want 20 of each", len(requests), len(jobs))
	}
	if got := requests[0]; got.Message != "request 1.18" || got.Host != "web01" || got.Fields["request_time"] != "0.19" {
		t.Errorf("the newest request is %+v", got)
	}
	sum := 0.0
	for _, v := range goldenValues(s, "logs.web.nginx.requests") {
		sum += v
	}
	if sum != 20 {
		t.Errorf("%g requests were counted, want 20", sum)
	}
	if got := goldenValues(s, "golden.load"); len(got) != 2 || got[0] != 0.5 || got[1] != 1.5 {
		t.Errorf("golden.load is %v", got)
	}
	status, body := s.Get("/events/get_data", "from", from, "until", until, "tags", "golden")
	if status != http.StatusOK || strings.Count(body, `"deploy `) != 2 {
		t.Errorf("events: %d %s", status, body)
	}
}

// TestGoldenDirectoryIsSmall keeps the repository light.
func TestGoldenDirectoryIsSmall(t *testing.T) {
	for dir, most := range map[string]int64{firstGolden: 100_000, goldenDir: 300_000} {
		size, logged := int64(0), false
		err := walkFiles(dir, func(path string) error {
			text, err := os.ReadFile(path)
			size += int64(len(text))
			logged = logged || strings.HasSuffix(path, ".wal") && bytes.Contains(text, []byte("golden-1"))
			return err
		})
		if err != nil || size > most || !logged {
			t.Errorf("%s has %d bytes, its log the second part: %t, %v", dir, size, logged, err)
		}
	}
}
