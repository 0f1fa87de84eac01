//go:build real

// Package real drives real programs against the built binary: collectd, rsyslog
// and nginx from Debian's packages, and a browser. test/real/run installs them.
package real

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"patou/test/apptest"
)

var binary string // set by TestMain, never changes afterwards

func TestMain(m *testing.M) { os.Exit(apptest.Main(m, &binary)) }

func start(t *testing.T) *apptest.Server {
	t.Helper()
	file := write(t, t.TempDir(), "patou.yaml", "vitals: off\njournal: off\n")
	return apptest.Start(t, binary, t.TempDir(), "--config", file)
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// stopTime is what a real program may take to end, and commandTime what a
// command may that is run to its end.
const stopTime, commandTime = 10 * time.Second, 30 * time.Second

// program runs a real program until the test ends, and shows what it printed
// when the test failed. A program that ends by itself fails the test.
func program(t *testing.T, name string, args ...string) {
	t.Helper()
	var out strings.Builder // read when the program has ended
	cmd := exec.Command(find(t, name), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = stopTime // a child that keeps the output open is not waited for
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		select {
		case <-ended:
			t.Errorf("%s has ended by itself: %s", name, cmd.ProcessState)
		default:
			end(cmd, ended)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, out.String())
		}
	})
}

// end asks a process to end, and makes it.
func end(cmd *exec.Cmd, ended <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(stopTime):
		_ = cmd.Process.Kill()
		<-ended
	}
}

// find looks for a program where daemons are too, which is on few users' PATH.
func find(t *testing.T, name string) string {
	t.Helper()
	if filepath.IsAbs(name) && exists(name) {
		return name
	}
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	t.Fatalf("%s is not installed: test/real/run installs it", name)
	return ""
}

// run runs a command to its end.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	runIn(t, ".", commandTime, name, args...)
}

// runIn runs a command in a directory, for so long at most, and returns what it
// printed.
func runIn(t *testing.T, dir string, patience time.Duration, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, find(t, name), args...)
	cmd.Dir, cmd.WaitDelay = dir, stopTime
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), errors.Join(err, ctx.Err()), out)
	}
	return string(out)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// scope is the answer of /api/scope, as far as tests look at it.
type scope struct {
	Components []struct{ Name, How string }
	Hosts      []struct{ Name, How string }
	Query      string
	Order      string
	Slowest    string
}

func scopeOf(t *testing.T, s *apptest.Server, target string, params ...string) scope {
	t.Helper()
	status, body := s.Get("/api/scope", append([]string{"target", target}, params...)...)
	if status != http.StatusOK {
		t.Fatalf("scope of %s: %d %s", target, status, body)
	}
	var found scope
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestCollectdsSeriesLeadToItsHost(t *testing.T) {
	s := start(t)
	host, port, _ := net.SplitHostPort(s.Addr("graphite"))
	dir := t.TempDir()
	file := write(t, dir, "collectd.conf", fmt.Sprintf(`
Hostname "shop-1.example.org"
FQDNLookup false
Interval 1
BaseDir %q
PIDFile %q
LoadPlugin cpu
LoadPlugin load
LoadPlugin write_graphite
<Plugin write_graphite>
  <Node "patou">
    Host %q
    Port %q
    Protocol "tcp"
    Prefix "collectd."
    EscapeCharacter "_"
  </Node>
</Plugin>
`, dir, filepath.Join(dir, "pid"), host, port))
	program(t, "collectd", "-f", "-C", file)
	// The host is known by what it logs, as on any real system.
	s.Post("/api/logs", "application/x-ndjson", `{"component":"sshd","host":"shop-1.example.org","message":"session opened"}`+"\n")
	target := "collectd.shop-1_example_org.cpu-0.cpu-user"
	apptest.Eventually(t, "collectd's CPU series has values", func() bool {
		series := s.Render(target, "from", "-5min")
		return len(series) == 1 && len(series[0].Values()) > 0
	})
	found := scopeOf(t, s, target, "from", "-5min")
	if len(found.Hosts) != 1 || found.Hosts[0].Name != "shop-1.example.org" {
		t.Errorf("the scope of %s is %+v, want the host", target, found)
	}
}

func TestRsyslogsLinesAreFound(t *testing.T) {
	for _, framing := range []string{"octet-counted", "traditional"} {
		t.Run(framing, func(t *testing.T) { rsyslogsLinesAreFound(t, framing) })
	}
}

func rsyslogsLinesAreFound(t *testing.T, framing string) {
	s := start(t)
	host, port, _ := net.SplitHostPort(s.Addr("syslog"))
	dir := t.TempDir()
	socket := filepath.Join(dir, "log")
	file := write(t, dir, "rsyslog.conf", fmt.Sprintf(`
global(workDirectory=%q)
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket=%q CreatePath="on")
*.* action(type="omfwd" target=%q port=%q protocol="tcp"
           template="RSYSLOG_SyslogProtocol23Format" TCP_Framing=%q)
`, dir, socket, host, port, framing))
	program(t, "rsyslogd", "-n", "-f", file, "-i", filepath.Join(dir, "pid"))
	apptest.Eventually(t, "rsyslog's socket is there", func() bool { return exists(socket) })
	for level, text := range map[string]string{"err": "card declined", "info": "order placed"} {
		run(t, "logger", "-u", socket, "-t", "shop.checkout", "-p", "local0."+level, text)
	}
	apptest.Eventually(t, "both lines are there", func() bool { return len(s.Logs("component:shop.checkout")) == 2 })
	failed := s.Logs("component:shop level:>=error")
	if len(failed) != 1 || failed[0].Message != "card declined" || failed[0].Level != "error" {
		t.Fatalf("errors of the shop: %+v", failed)
	}
	name, err := os.Hostname()
	if name, _, _ = strings.Cut(name, "."); err != nil || !strings.EqualFold(failed[0].Host, name) {
		t.Errorf("the host is %q, want %q (%v)", failed[0].Host, name, err)
	}
}

// nginx runs nginx with a slow location behind it and returns its address.
func nginx(t *testing.T, syslog string) string {
	t.Helper()
	backend := slowBackend(t)
	port, dir := freePort(t), t.TempDir()
	file := write(t, dir, "nginx.conf", fmt.Sprintf(`
daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 512; }
http {
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
  access_log syslog:server=%[2]s,tag=shop_nginx,severity=info timed;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen 127.0.0.1:%[3]s;
    location / { return 200 "fast"; }
    location /slow { proxy_pass http://%[4]s; }
  }
}
`, dir, syslog, port, backend))
	program(t, "nginx", "-c", file, "-p", dir)
	address := "127.0.0.1:" + port
	apptest.Eventually(t, "nginx answers", func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return address
}

// slowBackend takes its time for each answer.
func slowBackend(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(400 * time.Millisecond)
		fmt.Fprint(w, "slow")
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

func fetch(t *testing.T, address, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", path, res.Status, err)
	}
}

func TestNginxsSpikeLeadsToItsSlowRequests(t *testing.T) {
	const p99, fast, slow = "logs.shop_nginx.request_time.p99", 200, 8
	s := start(t)
	address := nginx(t, s.Addr("syslog"))
	for i := range fast {
		fetch(t, address, fmt.Sprintf("/fast/%d", i))
	}
	// The spike is in a slot of its own, so that there is a calm one beside it.
	calm := time.Now().Truncate(slot)
	apptest.Eventually(t, "the calm slot is over", func() bool { return time.Now().After(calm.Add(slot)) })
	for i := range slow {
		fetch(t, address, fmt.Sprintf("/slow/%d", i))
	}
	apptest.Eventually(t, "all requests are there", func() bool { return len(s.Logs("component:shop_nginx", "limit", "1000")) == fast+slow })
	from, until := spike(t, s.Render(p99, "from", "-10min")[0])

	found := scopeOf(t, s, p99, "from", from, "until", until)
	if len(found.Components) != 1 || found.Components[0].Name != "shop_nginx" || found.Order != "slowest" || found.Slowest != "request_time" {
		t.Fatalf("scope %+v, want nginx's component, slowest first", found)
	}
	slowest := s.Logs(found.Query+" | sort "+found.Slowest+" desc | limit 8", "from", from, "until", until)
	if len(slowest) != slow {
		t.Errorf("%d entries, want %d", len(slowest), slow)
	}
	last := math.Inf(1)
	for _, e := range slowest {
		took, err := strconv.ParseFloat(e.Fields["request_time"], 64)
		if err != nil || took > last || !strings.HasPrefix(e.Fields["path"], "/slow/") {
			t.Errorf("among the slowest, after %g s: %+v", last, e)
		}
		last = took
	}
}

// slot is the step at which series of logs are kept.
const slot = 10 * time.Second

// spike returns the time of the slots that are high, and fails when none is low
// or none is high.
func spike(t *testing.T, p99 apptest.Series) (from, until string) {
	t.Helper()
	first, last, low := math.Inf(1), 0.0, 0
	for _, p := range p99.Datapoints {
		switch {
		case p[0] == nil:
		case *p[0] >= 0.35:
			first, last = min(first, *p[1]), *p[1]
		case *p[0] < 0.1:
			low++
		}
	}
	if last == 0 || low == 0 {
		t.Fatalf("p99 does not spike: %v", p99.Values())
	}
	return strconv.FormatFloat(first, 'f', 0, 64), strconv.FormatFloat(last+slot.Seconds(), 'f', 0, 64)
}

// TestTheBrowserLeadsFromTheSpikeToTheLines drives the page of the demo with a
// mouse and with keys; the script is the page's own. Its pictures are left in
// test-results, or where PATOU_PICTURES says.
func TestTheBrowserLeadsFromTheSpikeToTheLines(t *testing.T) {
	pictures := os.Getenv("PATOU_PICTURES")
	if pictures == "" {
		pictures = "../../test-results"
	}
	pictures, err := filepath.Abs(pictures)
	if err != nil {
		t.Fatal(err)
	}
	s := apptest.Demo(t, binary, t.TempDir())
	apptest.Eventually(t, "the demo's history is in", func() bool { return strings.Contains(s.Stdout(), "patou: open ") })
	page := url.URL{Scheme: "http", Host: s.Addr("http"), Path: "/"}
	t.Logf("\n%s", runIn(t, "../../web/ui", 12*time.Minute, "npm", "run", "--silent", "e2e", "--", page.String(), pictures))
	for _, name := range []string{"explore-light.png", "explore-dark.png", "explore-small.png", "overview-light.png", "host-dark.png", "cause-light.png"} {
		if !exists(filepath.Join(pictures, name)) {
			t.Errorf("there is no picture %s in %s", name, pictures)
		}
	}
}
