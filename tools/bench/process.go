package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program under measurement.
type process struct {
	cmd *exec.Cmd
}

// launch starts a program, which ends with ctx at the latest.
func launch(ctx context.Context, name string, args ...string) *process {
	p := &process{cmd: exec.CommandContext(ctx, name, args...)}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 30 * time.Second
	return p
}

// stop ends the program and waits.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.cmd.Wait()
}

// kill ends the program as a failure would; nothing is flushed.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // it says that the program was killed
	return nil
}

// cpu is the time, user and system, that the process has used. The kernel counts
// it in ticks of 10 ms.
func (p *process) cpu() time.Duration { return cpuOf(p.cmd.Process.Pid) }

func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is a line of /proc/PID/status in bytes: VmRSS for memory in use now,
// VmHWM for the most there was.
func (p *process) resident(key string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	return kibibytes(string(text), key+":")
}

// kibibytes is the number of a line that begins with key, in bytes.
func kibibytes(text, key string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// settle waits until the program has been idle for two seconds, two minutes at
// most.
func (p *process) settle(ctx context.Context) {
	const quiet = 40 * time.Millisecond
	before := -time.Hour
	for range 60 {
		now := p.cpu()
		if now-before < quiet {
			return
		}
		before = now
		if pause(ctx, 2*time.Second) != nil {
			return
		}
	}
}

// pause waits, or fails when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until asks every 50 ms whether something has come true.
func until(ctx context.Context, what string, ask func() (bool, error)) error {
	const patience = 5 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		done, err := ask()
		if err != nil || done {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

// server is a Patou.
type server struct {
	*process
	addrs map[string]string
	ready time.Duration // from the start of the process
}

// quiet is the configuration of a server that watches nothing by itself.
const quiet = "vitals: off\njournal: off\n"

// start runs "patou serve" with its listeners on free ports.
func start(ctx context.Context, binary, data, configuration string, env ...string) (*server, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(data), filepath.Base(data)+".yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	s := &server{addrs: map[string]string{}, process: launch(ctx, binary, "serve", "--config", file, "--data", data,
		"--http", "127.0.0.1:0", "--graphite", "127.0.0.1:0", "--syslog", "127.0.0.1:0")}
	s.cmd.Env = append(os.Environ(), env...)
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

// freeAddr is a loopback address that nothing listens on, for programs that
// cannot choose a port themselves.
func freeAddr(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
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
