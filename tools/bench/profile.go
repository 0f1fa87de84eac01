package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// profiled builds the server with one more file, profile.go.txt, which the
// server itself does not carry.
func (b *bench) profiled(ctx context.Context) (binary string, err error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(root, "cmd/patou/profile.go"): filepath.Join(root, "tools/bench/profile.go.txt"),
	}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.work, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", err
	}
	binary = filepath.Join(b.work, "patou-profiled")
	out, err := exec.CommandContext(ctx, "go", "build", "-overlay", file, "-o", binary, "./cmd/patou").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the server with a profile: %w\n%s", err, out)
	}
	return binary, nil
}

// profiles says which functions ingestion spends its CPU time in.
func (b *bench) profiles(ctx context.Context) error {
	if !b.profile {
		return nil
	}
	binary, err := b.profiled(ctx)
	if err != nil {
		return err
	}
	l := load{b.series, b.points, 1}
	samples := func(s *server) error {
		return errors.Join(l.send(ctx, s.addrs["graphite"], time.Now()), reach(ctx, s.addrs["http"], samplesTotal, l.samples()))
	}
	entries := func(s *server) error {
		c, err := b.corpus(b.entries)
		if err != nil {
			return err
		}
		return sendEntries(ctx, s.addrs["http"], c, b.entries, nil)
	}
	return errors.Join(b.profileOf(ctx, binary, "samples", samples), b.profileOf(ctx, binary, "entries", entries))
}

func (b *bench) profileOf(ctx context.Context, binary, what string, work func(*server) error) error {
	data, file := filepath.Join(b.work, "profile"), filepath.Join(b.work, what+".prof")
	s, err := start(ctx, binary, data, quiet, "PATOU_BENCH_PROFILE="+file)
	if err != nil {
		return err
	}
	if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return err
	}
	if err := errors.Join(work(s), s.cmd.Process.Signal(syscall.SIGUSR2)); err != nil {
		return err
	}
	err = until(ctx, file, func() (bool, error) {
		_, err := os.Stat(file)
		return err == nil, nil
	})
	if err := errors.Join(err, s.stop(), os.RemoveAll(data)); err != nil {
		return err
	}
	return b.top(ctx, binary, file, what)
}

// top prints the ten functions that the profile met most.
func (b *bench) top(ctx context.Context, binary, file, what string) error {
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=10", binary, file).Output()
	if err != nil {
		return fmt.Errorf("reading the profile: %w", err)
	}
	b.table("Where the ingestion of "+what+" spends its CPU time", "function", "itself", "with what it calls")
	_, rows, _ := strings.Cut(string(out), "cum%\n")
	for line := range strings.Lines(rows) {
		if f := strings.Fields(line); len(f) >= 6 {
			b.row("`"+strings.Join(f[5:], " ")+"`", f[1], f[4])
		}
	}
	return nil
}
