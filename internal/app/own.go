package app

import (
	"context"
	"runtime"
	"time"

	"patou/internal/entry"
	"patou/internal/herd"
	"patou/internal/metric"
)

// ownEvery is how often Patou writes its own numbers as series.
const ownEvery = 10 * time.Second

// startOwnSeries writes every counter and gauge as a series under patou.
func (a *App) startOwnSeries() {
	a.telemetry.Gauge("memory.heap", func() float64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	})
	a.telemetry.Gauge("goroutines", func() float64 { return float64(runtime.NumGoroutine()) })
	a.telemetry.Gauge("store.metrics.head", func() float64 { return float64(a.metrics.HeadBytes()) })
	a.telemetry.Gauge("store.logs.head", func() float64 { return float64(a.entries.HeadBytes()) })
	a.telemetry.Gauge("store.wal", func() float64 { return float64(a.wal.Size()) })
	a.telemetry.Gauge("log.dropped", func() float64 { return float64(a.selfLog.dropped.Load()) })
	for _, s := range []herd.State{herd.Joining, herd.Up, herd.Late, herd.Leaving, herd.Lost} {
		a.telemetry.Gauge("herd."+string(s), func() float64 { return float64(a.herd.Count(s)) })
	}
	a.group.Go("own series", a.writeOwnSeries)
}

func (a *App) writeOwnSeries(ctx context.Context) error {
	out := a.samples.OwnSource("patou")
	tick := a.clock.NewTicker(ownEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C():
		case <-ctx.Done():
			return nil
		}
		now := a.clock.Now().UnixMilli()
		readings := a.telemetry.Read()
		samples := make([]metric.Sample, len(readings))
		for i, r := range readings {
			samples[i] = metric.Sample{Name: "patou." + r.Name, Time: now, Value: r.Value}
		}
		// A server that cannot keep its own numbers says so elsewhere.
		_ = out.Samples(ctx, samples)
	}
}

// keepOwnEntries files the server's own log by the way that all entries take.
func (a *App) keepOwnEntries(ctx context.Context, entries []entry.Entry) error {
	return a.lines.Entries(ctx, "patou", "patou", entries)
}
