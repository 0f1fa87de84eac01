package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The two loads of files: many at rest, and one that grows fast.
const (
	tailedFiles = 10_000
	tailedRate  = 50_000_000 // bytes a second
	tailedFor   = 8          // seconds
)

// tailing measures the agent with files to follow and nothing else.
func (b *bench) tailing(ctx context.Context, s *server) error {
	return errors.Join(b.manyFiles(ctx, s), b.fastFile(ctx, s))
}

const tailOnly = "vitals: off\njournal: off\ntail:\n  - files: [%s/*.log]\n    component: bench\n    start: beginning\n"

func (b *bench) manyFiles(ctx context.Context, s *server) error {
	dir := filepath.Join(b.work, "many")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i := range tailedFiles {
		line := fmt.Appendf(nil, "file %d begins\n", i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.log", i)), line, 0o600); err != nil {
			return err
		}
	}
	a, err := b.agent(ctx, s, fmt.Sprintf(tailOnly, dir))
	if err != nil {
		return err
	}
	return errors.Join(b.watch(ctx, fmt.Sprintf("patou agent, %d files to follow (first figure: 150 MiB)", tailedFiles), a, nil), a.stop())
}

func (b *bench) fastFile(ctx context.Context, s *server) error {
	dir := filepath.Join(b.work, "fast")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "fast.log"))
	if err != nil {
		return err
	}
	a, err := b.agent(ctx, s, fmt.Sprintf(tailOnly, dir))
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	before := a.cpu()
	err = grow(ctx, f)
	a.settle(ctx)
	used := a.cpu() - before
	resident, proportional := a.familyMemory()
	b.row(fmt.Sprintf("patou agent, one file that grows by %d MB a second for %d s (first figure: 50)", tailedRate/1_000_000, tailedFor),
		fmt.Sprintf("%.0f", 100*used.Seconds()/tailedFor), mebi(resident), mebi(proportional))
	return errors.Join(err, f.Close(), a.stop())
}

// grow writes lines of an access log's length at the rate.
func grow(ctx context.Context, f *os.File) error {
	const slices = 20 // a second
	tick := time.NewTicker(time.Second / slices)
	defer tick.Stop()
	var part bytes.Buffer
	for n := range tailedFor * slices {
		part.Reset()
		for i := 0; part.Len() < tailedRate/slices; i++ {
			fmt.Fprintf(&part, "203.0.113.%d - - \"GET /item/%d-%d HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" 0.%03d\n", i%250, n, i, 1000+i%9000, i%1000)
		}
		if _, err := f.Write(part.Bytes()); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
