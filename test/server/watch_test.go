package server

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"patou/test/apptest"
)

// watcher is patou agent as a process.
type watcher struct {
	t      *testing.T
	cmd    *exec.Cmd
	exited chan struct{}

	mu  sync.Mutex
	err bytes.Buffer
}

// Write keeps what the agent says.
func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err.Write(p)
}

func (w *watcher) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err.String()
}

// watch starts an agent and waits for its line.
func watch(t *testing.T, env []string, args ...string) *watcher {
	t.Helper()
	w := &watcher{t: t, cmd: exec.Command(binary, append([]string{"agent"}, args...)...), exited: make(chan struct{})}
	w.cmd.Env, w.cmd.Stderr = append(os.Environ(), env...), w
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "patou agent: watching ") {
		t.Fatalf("the agent says %q: %v\n%s", line, err, w.said())
	}
	return w
}

// end sends a signal and waits for the end.
func (w *watcher) end(sig os.Signal) int {
	w.t.Helper()
	begin := time.Now()
	if err := w.cmd.Process.Signal(sig); err != nil {
		w.t.Fatal(err)
	}
	_ = w.cmd.Wait()
	if d := time.Since(begin); d > 5*time.Second {
		w.t.Errorf("the agent ended %s after %v", d, sig)
	}
	return w.cmd.ProcessState.ExitCode()
}

// source is what an agent reads in a test: a journal, by a journalctl that is a
// script, and a file, to both of which the same lines are added all the time.
type source struct {
	t    *testing.T
	file *os.File // of the journal
	log  *os.File // the other
	env  []string
	conf string
	stop chan struct{}
	done sync.WaitGroup
	n    int
}

func newSource(t *testing.T) *source {
	t.Helper()
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nafter=0\nfor a; do case $a in --header) exit 0;; --after-cursor=*) after=${a#*=};; esac; done\nexec tail -n +$((after+1)) -f %s\n", file.Name())
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "app.log"))
	if err != nil {
		t.Fatal(err)
	}
	conf := configFile(t, fmt.Sprintf("tail: [{files: [%s], component: shop.files}]\n", filepath.Join(dir, "*.log")))
	s := &source{t: t, file: file, log: log, conf: conf, env: []string{"PATH=" + dir + ":" + os.Getenv("PATH")}, stop: make(chan struct{})}
	s.done.Go(s.write)
	t.Cleanup(func() { _, _ = file.Close(), log.Close() })
	return s
}

// write adds lines, now one, now many.
func (s *source) write() {
	for {
		var b, plain bytes.Buffer
		for range 1 + rand.IntN(1+rand.IntN(200)) {
			s.n++
			fmt.Fprintf(&plain, "line %d.\n", s.n)
			fmt.Fprintf(&b, "{\"__CURSOR\":\"%d\",\"__REALTIME_TIMESTAMP\":\"%d\",\"_SYSTEMD_UNIT\":\"shop.service\",\"MESSAGE\":\"line %d.\"}\n", s.n, time.Now().UnixMicro(), s.n)
		}
		_, err := s.file.Write(b.Bytes())
		if err == nil {
			_, err = s.log.Write(plain.Bytes())
		}
		if err != nil {
			s.t.Error(err)
			return
		}
		select {
		case <-s.stop:
			return
		case <-time.After(time.Duration(rand.IntN(60)) * time.Millisecond):
		}
	}
}

// end stops the writing and waits until the server has as many lines; it fails
// for each that is missing or there twice.
func (s *source) end(server *apptest.Server) {
	s.t.Helper()
	close(s.stop)
	s.done.Wait()
	s.want(server, "component:shop unit:*")
	s.want(server, "component:shop.files")
}

func (s *source) want(server *apptest.Server, query string) {
	s.t.Helper()
	got := map[string]int{}
	apptest.Eventually(s.t, fmt.Sprintf("all %d lines of %s are there", s.n, query), func() bool {
		clear(got)
		for _, e := range server.Logs(query, "from", "-1h", "limit", "100000") {
			got[e.Message]++
		}
		return len(got) >= s.n
	})
	for message, n := range got {
		if n != 1 {
			s.t.Errorf("%s: %q is there %d times", query, message, n)
		}
	}
	if len(got) != s.n {
		s.t.Errorf("%s: %d lines of %d", query, len(got), s.n)
	}
	s.t.Logf("%s: %d lines", query, s.n)
}

const notVitals = "vitals: off\n"

func TestAnAgentThatIsKilledSendsEachLineOnce(t *testing.T) {
	s := start(t, t.TempDir())
	lines, data := newSource(t), t.TempDir()
	for range crashes {
		w := watch(t, lines.env, "--server", s.URL(""), "--data", data, "--config", lines.conf, "--name", "web-1")
		<-time.After(time.Duration(rand.IntN(400)) * time.Millisecond)
		w.end(syscall.SIGKILL)
	}
	w := watch(t, lines.env, "--server", s.URL(""), "--data", data, "--config", lines.conf, "--name", "web-1")
	lines.end(s)
	if code := w.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d\n%s", code, w.said())
	}
}

func TestAServerThatIsKilledGetsEachLineAndSampleOnce(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	address := s.Addr("http")
	lines := newSource(t)
	w := watch(t, lines.env, "--server", s.URL(""), "--data", t.TempDir(), "--config", lines.conf, "--name", "web-1")
	begin := time.Now().Add(2 * time.Second)
	for range crashes / 4 {
		<-time.After(time.Duration(500+rand.IntN(2000)) * time.Millisecond)
		s.Kill()
		<-time.After(time.Duration(rand.IntN(600)) * time.Millisecond)
		s = start(t, data, "--http", address)
	}
	end := time.Now()
	lines.end(s)
	apptest.Eventually(t, "the samples of the last second are there", func() bool {
		series := s.Render("host.web-1.load.1m", "from", fmt.Sprint(end.Unix()))
		return len(series) == 1 && len(series[0].Values()) > 0
	})
	due := int(end.Sub(begin) / time.Second)
	series := s.Render("host.web-1.load.1m", "from", fmt.Sprint(begin.Unix()), "until", fmt.Sprint(begin.Unix()+int64(due)))
	if len(series) != 1 || len(series[0].Values()) < due-1 { // a tick may fall beside its second
		t.Errorf("samples of %v seconds, want %d: %v\n%s", len(series[0].Values()), due, series, w.said())
	}
	if code := w.end(os.Interrupt); code != 0 {
		t.Errorf("exit code %d\n%s", code, w.said())
	}
	apptest.Eventually(t, "the herd knows that the host left", func() bool {
		_, body := s.Get("/api/hosts")
		return contains(body, `"state":"leaving"`) || contains(body, `"state":"gone"`)
	})
}

func TestASecondAgentInADirectoryIsRefused(t *testing.T) {
	data, config := t.TempDir(), configFile(t, notVitals+"journal: off\n")
	first := watch(t, nil, "--server", "http://127.0.0.1:1", "--data", data, "--config", config)
	out, err := exec.Command(binary, "agent", "--server", "http://127.0.0.1:1", "--data", data, "--config", config).CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("in use by process %d", first.cmd.Process.Pid)) {
		t.Errorf("%v: %s", err, out)
	}
	if code := first.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestATokenThatIsRefusedIsSaidAndShownToNobody(t *testing.T) {
	data := t.TempDir()
	s := apptest.Start(t, binary, data, "--config", configFile(t, quiet+"http: {token: always}\n"))
	w := watch(t, []string{"PATOU_TOKEN=hush-hush"}, "--server", s.URL(""), "--data", t.TempDir(), "--config", configFile(t, "journal: off\n"))
	apptest.Eventually(t, "the agent says that its token is refused", func() bool {
		return strings.Contains(w.said(), "the server refuses this agent's token")
	})
	if strings.Contains(w.said(), "hush-hush") {
		t.Errorf("the log shows the token:\n%s", w.said())
	}
	w.end(syscall.SIGTERM)
	secret, err := exec.Command(binary, "token", "create", "agents", "--scope", "write", "--data", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	w = watch(t, nil, "--server", s.URL(""), "--token-file", file, "--data", t.TempDir(), "--config", configFile(t, "journal: off\n"))
	apptest.Eventually(t, "the server keeps the host", func() bool { return strings.Contains(w.said(), "the server keeps this host as") })
	w.end(syscall.SIGTERM)
}
