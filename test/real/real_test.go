//go:build real

// Package real drives real programs against the built binary: collectd, rsyslog
// and nginx from Debian's packages, and a browser. test/real/run installs them.
package real

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"patou/test/apptest"
)

var binary string // set by TestMain, never changes afterwards

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "patou-real-*")
	if err == nil {
		binary, err = apptest.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

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

// program runs a real program until the test ends, and shows what it printed
// when the test failed.
func program(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path = filepath.Join("/usr/sbin", name); !exists(path) {
			t.Fatalf("%s is not installed: run test/real/run", name)
		}
	}
	var out strings.Builder
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, out.String())
		}
	})
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
	s := start(t)
	host, port, _ := net.SplitHostPort(s.Addr("syslog"))
	dir := t.TempDir()
	socket := filepath.Join(dir, "log")
	file := write(t, dir, "rsyslog.conf", fmt.Sprintf(`
global(workDirectory=%q)
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket=%q CreatePath="on")
*.* action(type="omfwd" target=%q port=%q protocol="tcp"
           template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted")
`, dir, socket, host, port))
	program(t, "rsyslogd", "-n", "-f", file, "-i", filepath.Join(dir, "pid"))
	apptest.Eventually(t, "rsyslog's socket is there", func() bool { return exists(socket) })
	for level, text := range map[string]string{"err": "card declined", "info": "order placed"} {
		if out, err := exec.Command("logger", "-u", socket, "-t", "shop.checkout", "-p", "local0."+level, text).CombinedOutput(); err != nil {
			t.Fatalf("logger: %v\n%s", err, out)
		}
	}
	apptest.Eventually(t, "both lines are there", func() bool { return len(s.Logs("component:shop.checkout")) == 2 })
	failed := s.Logs("component:shop level:>=error")
	if len(failed) != 1 || failed[0].Message != "card declined" || failed[0].Level != "error" {
		t.Errorf("errors of the shop: %+v", failed)
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
		c, err := net.Dial("tcp", address)
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
	res, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func TestNginxsSpikeLeadsToItsSlowRequests(t *testing.T) {
	s := start(t)
	address := nginx(t, s.Addr("syslog"))
	for i := range 200 {
		fetch(t, address, fmt.Sprintf("/fast/%d", i))
	}
	for i := range 8 {
		fetch(t, address, fmt.Sprintf("/slow/%d", i))
	}
	const p99 = "logs.shop_nginx.request_time.p99"
	apptest.Eventually(t, "all requests are there", func() bool { return len(s.Logs("component:shop_nginx", "limit", "1000")) == 208 })
	high := 0.0
	for _, v := range s.Render(p99, "from", "-10min")[0].Values() {
		high = max(high, v)
	}
	if high < 0.35 {
		t.Errorf("p99 reaches %g s, want the slow requests in it", high)
	}
	found := scopeOf(t, s, p99, "from", "-10min")
	if len(found.Components) != 1 || found.Components[0].Name != "shop_nginx" || found.Slowest != "request_time" {
		t.Fatalf("scope %+v, want nginx's component and its slowest", found)
	}
	slowest := s.Logs(found.Query+" | sort "+found.Slowest+" desc | limit 8", "from", "-10min")
	for _, e := range slowest {
		if !strings.HasPrefix(e.Fields["path"], "/slow/") {
			t.Errorf("among the slowest: %+v", e)
		}
	}
	if len(slowest) != 8 {
		t.Errorf("%d entries, want 8", len(slowest))
	}
}

// TestTheBrowserLeadsFromTheSpikeToTheLines drives the page of the demo with a
// mouse and with keys; the script is the page's own.
func TestTheBrowserLeadsFromTheSpikeToTheLines(t *testing.T) {
	s := apptest.Demo(t, binary, t.TempDir())
	apptest.Eventually(t, "the demo's history is in", func() bool {
		status, _ := s.Get("/render", "target", "logs.edge.nginx.requests", "from", "-10min", "format", "json")
		return status == http.StatusOK && len(s.Logs("component:webapp.backend.git spilling", "from", "-1h", "limit", "1")) == 1
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "run", "--silent", "e2e", "--", (&url.URL{Scheme: "http", Host: s.Addr("http")}).String())
	cmd.Dir = "../../web/ui"
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the browser: %v", err)
	}
}
