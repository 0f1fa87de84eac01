package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a server under measurement.
type server struct {
	cmd   *exec.Cmd
	data  string
	addrs map[string]string
	ready time.Duration // from the start of the process
}

// start runs "patou serve" with its listeners on free ports.
func start(ctx context.Context, binary, data string, quiet bool) (*server, error) {
	args := []string{"serve", "--data", data, "--http", "127.0.0.1:0", "--graphite", "127.0.0.1:0", "--syslog", "127.0.0.1:0"}
	if quiet {
		file := filepath.Join(filepath.Dir(data), "quiet.yaml")
		if err := os.WriteFile(file, []byte("vitals: off\njournal: off\n"), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--config", file)
	}
	s := &server{cmd: exec.CommandContext(ctx, binary, args...), data: data, addrs: map[string]string{}}
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server ended before it was ready: %w", err)
	}
	s.ready = time.Since(began)
	for word := range strings.FieldsSeq(line) {
		if name, addr, ok := strings.Cut(word, "="); ok {
			s.addrs[name] = addr
		}
	}
	return s, nil
}

// stop ends the server and waits.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return s.cmd.Wait()
}

// cpu is the time, user and system, that the process has used. The kernel counts
// it in ticks of 10 ms.
func (s *server) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is a line of /proc/PID/status in bytes: VmRSS or VmHWM.
func (s *server) memory(key string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// settle waits until the server has been idle for a second.
func (s *server) settle(ctx context.Context) {
	for before := time.Duration(-1); ; {
		now := s.cpu()
		if now-before < 20*time.Millisecond && before >= 0 {
			return
		}
		before = now
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// get asks once and returns how long the answer took, and its size.
func (s *server) get(ctx context.Context, path string, query url.Values) (time.Duration, int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addrs["http"]+path+"?"+query.Encode(), nil)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	n, err := discard(res)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", path, res.Status)
	}
	return time.Since(began), n, err
}

// size is the bytes of all files below a directory.
func size(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
