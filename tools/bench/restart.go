package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// restart measures the start after a crash under load.
func (b *bench) restart(ctx context.Context) error {
	b.table("After kill -9 under load", "load", "write-ahead log", "from start to ready (first figure to beat: 1 s)", "CPU ms until then", "resident then")
	samples := func(ctx context.Context, s *server) {
		_ = (load{b.series, 10_000, 1}).send(ctx, s.addrs["graphite"], time.Now()) // until the server is gone
	}
	entries := func(ctx context.Context, s *server) {
		if c, err := b.corpus(b.entries); err == nil {
			_ = sendEntries(ctx, s.addrs["http"], c, b.entries, nil) // until the server is gone
		}
	}
	n := b.entries / 16 // about where a flush is near: the longest log
	return errors.Join(
		b.crash(ctx, fmt.Sprintf("samples of %d series", b.series), samples, samplesTotal, int64(b.series)*int64(b.points)),
		b.crash(ctx, fmt.Sprintf("%d entries", n), entries, entriesTotal, int64(n)))
}

// crash kills a server when its counter reaches n, and starts it again.
func (b *bench) crash(ctx context.Context, what string, work func(context.Context, *server), total string, n int64) error {
	data := filepath.Join(b.work, "restart")
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stop()
	workers.Go(func() { work(working, s) })
	if err := errors.Join(reach(ctx, s.addrs["http"], total, n), s.kill()); err != nil {
		return err
	}
	waiting := size(filepath.Join(data, "wal"))
	if s, err = start(ctx, b.binary, data, quiet); err != nil {
		return err
	}
	used := s.cpu()
	b.row(what, fmt.Sprintf("%d MB", waiting/1e6), milli(s.ready)+" ms", milli(used), mebi(s.resident("VmRSS")))
	return errors.Join(s.stop(), os.RemoveAll(data))
}
