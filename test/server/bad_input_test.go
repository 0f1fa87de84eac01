package server

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"patou/test/apptest"
)

func walkFiles(dir string, visit func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return visit(path)
	})
}

// rejected waits until the tap holds a refused line with this reason.
func rejected(t *testing.T, s *apptest.Server, reason string) {
	t.Helper()
	apptest.Eventually(t, "refused with "+reason, func() bool {
		out, _ := exec.Command(binary, "tap", "--rejected", "--server", s.URL(""), "-o", "ndjson").Output()
		return strings.Contains(string(out), reason)
	})
}

func hasValues(s *apptest.Server, target string, n int) func() bool {
	return func() bool {
		series := s.Render(target, "from", "-1h")
		return len(series) == 1 && len(series[0].Values()) == n
	}
}

func TestABadLineNeverTakesItsNeighboursAlong(t *testing.T) {
	s := start(t, t.TempDir())
	f := func(name, bad, reason string) {
		t.Helper()
		sendTCP(t, s.Addr("graphite"), fmt.Sprintf("before.%s 1 -1\n%s\nafter.%s 2 -1\n", name, bad, name))
		apptest.Eventually(t, name+": the neighbours are there", hasValues(s, "before."+name, 1))
		apptest.Eventually(t, name+": the neighbours are there", hasValues(s, "after."+name, 1))
		if reason != "" {
			rejected(t, s, reason)
		}
	}
	f("nan", "x NaN -1", "NaN")
	f("inf", "x +Inf -1", "infinite")
	f("words", "this is not a sample line", "three fields")
	f("old", "x 1 100", "1970")
	f("future", fmt.Sprintf("x 1 %d", int64(4102444800)), "2100")
	f("utf8", "x\xff\xfe.y 1 -1", "")
	f("reserved", "logs.web.requests 1 -1", "written by Patou itself")
	f("long", strings.Repeat("x", 1<<20), "")
}

func TestAClientThatStopsInMidLineLosesThatLineAlone(t *testing.T) {
	s := start(t, t.TempDir())
	sendTCP(t, s.Addr("graphite"), "whole.line 1 -1\nhalf.li")
	apptest.Eventually(t, "the whole line is there", hasValues(s, "whole.line", 1))
	if got := s.Render("half.li"); len(got) != 0 {
		t.Errorf("half a line became a series: %+v", got)
	}
}

func TestHalfAPacketIsRefusedAlone(t *testing.T) {
	s := start(t, t.TempDir())
	c, err := net.Dial("udp", s.Addr("graphite"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "udp.whole 1 -1\nudp.half 2")
	apptest.Eventually(t, "the whole line of the packet is there", hasValues(s, "udp.whole", 1))
	rejected(t, s, "udp.half")
}

func TestTenThousandSilentConnectionsDisturbNobody(t *testing.T) {
	s := start(t, t.TempDir())
	before := resident(t, s.PID())
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for range 10_000 {
		c, err := net.Dial("tcp", s.Addr("graphite"))
		if err != nil {
			break // this process may hold fewer files than that
		}
		open = append(open, c)
	}
	sendHTTP := func() int {
		status, _ := s.Post("/api/logs", "application/x-ndjson", "{\"component\":\"a\",\"message\":\"served\"}\n")
		return status
	}
	if status := sendHTTP(); status != http.StatusOK {
		t.Errorf("others get %d", status)
	}
	grown := resident(t, s.PID()) - before
	t.Logf("%d silent connections cost %d KiB each", len(open), grown/max(1, int64(len(open))))
	if grown > 300<<10 {
		t.Errorf("%d silent connections cost %d MiB", len(open), grown>>10)
	}
}

// resident is a process's resident memory in KiB.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("this system has no /proc")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func TestAPageOfAnotherSiteCannotPost(t *testing.T) {
	s := start(t, t.TempDir())
	f := func(name string, want int, headers ...string) {
		t.Helper()
		if status, body := s.Post("/api/logs", "application/x-ndjson", "{\"component\":\"a\",\"message\":\"evil\"}\n", headers...); status != want {
			t.Errorf("%s: %d %s, want %d", name, status, body, want)
		}
	}
	f("another origin", http.StatusForbidden, "Origin", "https://evil.example")
	f("cross-site fetch", http.StatusForbidden, "Sec-Fetch-Site", "cross-site")
	status, body := s.Post("/api/logs", "text/plain", "{\"component\":\"a\",\"message\":\"evil\"}\n")
	if status != http.StatusUnsupportedMediaType {
		t.Errorf("a form's content type: %d %s", status, body)
	}
	if got := s.Logs("evil"); len(got) != 0 {
		t.Errorf("%d entries of another site were kept", len(got))
	}
	req, _ := http.NewRequest(http.MethodGet, s.URL("/api/info"), nil)
	req.Host = "evil.example"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a rebound name is served: %d", res.StatusCode)
	}
}

func TestAWrongConfigurationNamesPlaceAndRemedy(t *testing.T) {
	f := func(text string, wants ...string) {
		t.Helper()
		path := configFile(t, text)
		out, err := exec.Command(binary, "config", "check", "--config", path).CombinedOutput()
		if err == nil {
			t.Errorf("%q is accepted", text)
		}
		for _, want := range append(wants, path+":") {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q: %q does not say %q", text, out, want)
			}
		}
	}
	f("lissten:\n  http: 127.0.0.1:0\n", ":1:1", `"listen"`)
	f("listen:\n  htp: 127.0.0.1:0\n", ":2:3", `"http"`)
	f("logs:\n  retention: often\n", ":2:14", "30d")
	f("listen: {graphite: \"0.0.0.0:2003\"}\n", "allow")
}

func TestNumbersOfAnySizeComeBackAsSent(t *testing.T) {
	s := start(t, t.TempDir())
	var lines bytes.Buffer
	values := []string{"-1.5", "1e308", "-1e-300", "9007199254740993", "0.1", "123456789.123456"}
	for i, v := range values {
		fmt.Fprintf(&lines, "size.n%d %s -1\n", i, v)
	}
	sendTCP(t, s.Addr("graphite"), lines.String())
	for i, v := range values {
		apptest.Eventually(t, v+" is there", hasValues(s, fmt.Sprintf("size.n%d", i), 1))
		want, _ := strconv.ParseFloat(v, 64)
		if got := s.Render(fmt.Sprintf("size.n%d", i), "from", "-1h")[0].Values()[0]; got != want {
			t.Errorf("%s came back as %g", v, got)
		}
	}
}
