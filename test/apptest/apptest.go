// Package apptest starts the built binary as a user would, for tests.
//
// Invariant: a server that Start returned is ready, listens on loopback ports of
// its own, and is gone when the test ends. It fails the test with what the
// server printed.
package apptest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds each wait for something that another process does.
const patience = 30 * time.Second

// Main is the body of a TestMain: it builds the binary, keeps its path in binary
// for the tests, runs them, and returns the exit code.
func Main(m *testing.M, binary *string) int {
	dir, err := os.MkdirTemp("", "patou-test-*")
	if err == nil {
		defer os.RemoveAll(dir)
		*binary, err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build compiles cmd/patou and returns its path, or that of an existing binary
// named by PATOU_BINARY.
func build(dir string) (string, error) {
	if path := os.Getenv("PATOU_BINARY"); path != "" {
		return path, nil
	}
	path := filepath.Join(dir, "patou")
	cmd := exec.Command("go", "build", "-o", path, "patou/cmd/patou")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// Server is a running server.
type Server struct {
	t      testing.TB
	cmd    *exec.Cmd
	addrs  map[string]string
	exited chan struct{}
	status error
	token  string // "" asks without one

	mu             sync.Mutex
	stdout, stderr bytes.Buffer
}

// Start runs "patou serve" with the data directory and more arguments, and
// waits until it is ready. Listeners take free ports; the host's vitals and
// journal are off unless a configuration says otherwise.
func Start(t testing.TB, binary, data string, args ...string) *Server {
	t.Helper()
	s, err := TryStart(t, binary, data, args...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TryStart is Start for servers that may refuse.
func TryStart(t testing.TB, binary, data string, args ...string) (*Server, error) {
	t.Helper()
	args = append([]string{"serve", "--data", data, "--http", "127.0.0.1:0", "--graphite", "127.0.0.1:0", "--syslog", "127.0.0.1:0"}, args...)
	return run(t, binary, args)
}

// Demo runs "patou demo" on free ports.
func Demo(t testing.TB, binary, data string) *Server {
	t.Helper()
	return Run(t, binary, "demo", "--data", data, "--http", "127.0.0.1:0", "--graphite", "127.0.0.1:0", "--syslog", "127.0.0.1:0")
}

// Run runs any command that becomes a server, with these arguments alone.
func Run(t testing.TB, binary string, args ...string) *Server {
	t.Helper()
	s, err := run(t, binary, args)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, binary string, args []string) (*Server, error) {
	s := &Server{t: t, cmd: exec.Command(binary, args...), addrs: map[string]string{}, exited: make(chan struct{})}
	s.cmd.Stderr = writerFunc(func(p []byte) { s.keep(&s.stderr, p) })
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(s.Kill)
	ready := make(chan string, 1)
	go s.watch(stdout, ready)
	select {
	case line := <-ready:
		for word := range strings.FieldsSeq(line) {
			if name, addr, ok := strings.Cut(word, "="); ok {
				s.addrs[name] = addr
			}
		}
		return s, nil
	case <-s.exited:
		return nil, fmt.Errorf("%s %s: %w\n%s", binary, strings.Join(args, " "), s.status, s.Stderr())
	case <-time.After(patience):
		return nil, fmt.Errorf("not ready after %s\n%s", patience, s.Stderr())
	}
}

func (s *Server) watch(stdout io.Reader, ready chan<- string) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		s.keep(&s.stdout, append(lines.Bytes(), '\n'))
		if strings.HasPrefix(lines.Text(), "patou: ready ") {
			ready <- lines.Text()
		}
	}
	s.status = s.cmd.Wait()
	close(s.exited)
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

func (s *Server) keep(b *bytes.Buffer, p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Write(p)
}

// Stdout is what the server has printed to its standard output.
func (s *Server) Stdout() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stdout.String()
}

// Stderr is what the server has printed to its standard error.
func (s *Server) Stderr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stderr.String()
}

// Addr is the address of a listener: "http", "graphite", "syslog".
func (s *Server) Addr(name string) string { return s.addrs[name] }

// URL is an address of the HTTP API.
func (s *Server) URL(path string) string { return "http://" + s.addrs["http"] + path }

// PID is the server's process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the server as a crash would, and waits for its end.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Stop asks the server to stop, and returns its exit code.
func (s *Server) Stop() int {
	s.t.Helper()
	return s.End(syscall.SIGTERM)
}

// End sends a signal that should end the server, and returns its exit code.
func (s *Server) End(sig os.Signal) int {
	s.t.Helper()
	s.Signal(sig)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Fatalf("the server did not stop in %s\n%s", patience, s.Stderr())
	}
	return s.cmd.ProcessState.ExitCode()
}

// Signal sends a signal to the server.
func (s *Server) Signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Post sends a body and returns status and answer.
func (s *Server) Post(path, contentType, body string, headers ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL(path), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.do(req)
}

// Delete asks for something to be taken away.
func (s *Server) Delete(path string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodDelete, s.URL(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(req)
}

// Get asks for a path with parameters, given as name, value, …
func (s *Server) Get(path string, params ...string) (int, string) {
	s.t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		query.Add(params[i], params[i+1])
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL(path)+"?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(req)
}

func (s *Server) do(req *http.Request) (int, string) {
	s.t.Helper()
	if s.token != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	ctx, cancel := context.WithTimeout(req.Context(), patience)
	defer cancel()
	res, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", req.Method, req.URL, err, s.Stderr())
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// Entry is an entry as the API writes it.
type Entry struct {
	Time      time.Time         `json:"time"`
	Component string            `json:"component"`
	Host      string            `json:"host"`
	Level     string            `json:"level"`
	Message   string            `json:"message"`
	Fields    map[string]string `json:"fields"`
	ID        string            `json:"id"`
}

// Logs runs a query and returns the entries.
func (s *Server) Logs(query string, params ...string) []Entry {
	s.t.Helper()
	status, body := s.Get("/api/logs", append([]string{"q", query}, params...)...)
	if status != http.StatusOK {
		s.t.Fatalf("query %q: %d %s", query, status, body)
	}
	var entries []Entry
	for line := range strings.Lines(body) {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatalf("entry %q: %v", line, err)
		}
		entries = append(entries, e)
	}
	return entries
}

// Series is a series as /render writes it.
type Series struct {
	Target     string        `json:"target"`
	Datapoints [][2]*float64 `json:"datapoints"`
}

// Values are the values that are not null.
func (s *Series) Values() []float64 {
	var values []float64
	for _, p := range s.Datapoints {
		if p[0] != nil {
			values = append(values, *p[0])
		}
	}
	return values
}

// Render asks for a target.
func (s *Server) Render(target string, params ...string) []Series {
	s.t.Helper()
	status, body := s.Get("/render", append([]string{"target", target, "format", "json"}, params...)...)
	if status != http.StatusOK {
		s.t.Fatalf("render %q: %d %s", target, status, body)
	}
	var series []Series
	if err := json.Unmarshal([]byte(body), &series); err != nil {
		s.t.Fatalf("render %q: %v: %.200s", target, err, body)
	}
	return series
}

// Eventually asks until the answer is yes; what another process does has no
// signal to wait for.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s still not: %s", patience, what)
		}
	}
}

// UseToken has each request carry this token that says nothing else.
func (s *Server) UseToken(token string) { s.token = token }

// UseLoopback asks a server that listens on all interfaces by loopback.
func (s *Server) UseLoopback() {
	if _, port, ok := strings.Cut(s.addrs["http"], "]:"); ok {
		s.addrs["http"] = "127.0.0.1:" + port
	} else if _, port, ok := strings.Cut(s.addrs["http"], ":"); ok {
		s.addrs["http"] = "127.0.0.1:" + port
	}
}
