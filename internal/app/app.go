// Package app wires the server: it is the only room that sees concrete stores
// and listeners.
//
// Invariant: New opens everything in the order that each part needs, and Stop
// ends it in reverse, so that what was received is in files when it returns. It
// fails with the name of the part that did, and leaves nothing open.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"patou/internal/clock"
	"patou/internal/config"
	"patou/internal/fsx"
	"patou/internal/herd"
	"patou/internal/ingest"
	"patou/internal/ingest/agent"
	"patou/internal/lifecycle"
	"patou/internal/pipeline"
	"patou/internal/store/logs"
	"patou/internal/store/metrics"
	"patou/internal/store/state"
	"patou/internal/telemetry"
	"patou/internal/wal"
)

// Options are what a server is made of.
type Options struct {
	Config  config.Sourced
	Version string
	// Stderr receives the server's log for the operator.
	Stderr io.Writer
	// PickPorts takes a free port where the configured one is in use, and says
	// so.
	PickPorts bool
	// Demo marks a server of the demo; Notes are sentences that the page shows.
	Demo  bool
	Notes []string
}

// App is a server.
type App struct {
	opts  Options
	clock clock.Clock
	log   *slog.Logger
	group *lifecycle.Group
	// telemetry counts what every part does.
	telemetry *telemetry.Set
	started   time.Time
	host      string // this machine's name
	selfLog   *selfLogQueue

	lock      io.Closer
	wal       *wal.Log
	metrics   *metrics.Store
	entries   *logs.Store
	state     *state.Store
	damage    []fsx.Damage // found when opening
	committer *ingest.Committer
	hub       *ingest.Hub
	tap       *ingest.Tap
	admission *ingest.Admission
	samples   *ingest.Metrics
	lines     *ingest.Logs
	herd      *herd.Herd
	chunks    *agent.Receiver
	pipeline  *pipeline.Pipeline

	// front is replaced by a reload, of which one runs at a time.
	front     atomic.Pointer[front]
	reloading sync.Mutex
}

// Listener is a listener that runs.
type Listener struct {
	Name, Addr string
	configured config.Address
}

// New opens the stores of a server and replays what they lack.
func New(ctx context.Context, o Options) (*App, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	visible := slog.NewTextHandler(o.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})
	own := newSelfLog(visible, host)
	a := &App{
		opts: o, clock: clock.Real{}, log: slog.New(own), group: lifecycle.New(), telemetry: &telemetry.Set{},
		started: time.Now(), host: host, selfLog: own.out, hub: &ingest.Hub{},
	}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.group.Stop(ctx))
	}
	return a, nil
}

// open opens the data directory, each part with the way to close it.
func (a *App) open(ctx context.Context) error {
	fs, dir := fsx.OS(), string(a.opts.Config.Data)
	if err := fs.MkdirAll(dir); err != nil {
		return fmt.Errorf("making the data directory %q: %w", dir, err)
	}
	lock, err := fs.Lock(lockFile(dir))
	if err != nil {
		return err
	}
	a.lock = lock
	a.closeLast("lock", lock.Close)
	if a.state, err = state.Open(ctx, stateFile(dir), state.Options{Clock: a.clock}); err != nil {
		return err
	}
	a.closeLast("state", a.state.Close)
	if err := config.CheckListen(&a.opts.Config.Config, a.hasTokens(ctx)); err != nil {
		return err
	}
	a.herd = herd.New(herd.Options{Clock: a.clock, Log: a.log, Store: herdStore{a.state}, Past: a.saturations})
	if err := a.herd.Load(ctx); err != nil {
		a.log.Error("a part of the herd could not be read", "error", err.Error())
	}
	return a.openEngines(ctx, fs, dir)
}

// openEngines opens all that depends on the file system alone: the stores and
// the log, brought to the same record, and the ways into them.
func (a *App) openEngines(ctx context.Context, fs fsx.FS, dir string) error {
	if err := a.openStores(fs, dir); err != nil {
		return err
	}
	if err := a.replay(ctx); err != nil {
		return err
	}
	if err := a.wire(); err != nil {
		return err
	}
	return a.setMask(&a.opts.Config.Config)
}

// closeLast has a close run when everything that starts later has stopped.
func (a *App) closeLast(name string, closing func() error) {
	// Starting nothing cannot fail, and the group has not been stopped.
	_ = a.group.Start(context.Background(), name, nil, func(context.Context) error { return closing() })
}

// openStores opens both stores and the log, which goes on behind what the
// stores have even where it was lost. Damage is served around and told; only a
// directory that cannot be opened at all ends the start.
func (a *App) openStores(fs fsx.FS, dir string) error {
	c := &a.opts.Config.Config
	var err error
	var damage []fsx.Damage
	if a.metrics, damage, err = metrics.Open(fs, metricsDir(dir), metricsOptions(c, a.clock, a.telemetry)); err != nil {
		return fmt.Errorf("opening the metric store: %w", err)
	}
	a.closeLast("metrics", a.metrics.Close)
	a.found(damage)
	if a.entries, damage, err = logs.Open(fs, logsDir(dir), logsOptions(c, a.clock, a.telemetry)); err != nil {
		return fmt.Errorf("opening the log store: %w", err)
	}
	a.closeLast("logs", a.entries.Close)
	a.found(damage)
	next := max(a.metrics.Flushed(), a.entries.Flushed()) + 1
	if a.wal, err = wal.Open(fs, walDir(dir), wal.Options{MinNext: next}); err != nil {
		return fmt.Errorf("opening the write-ahead log: %w", err)
	}
	a.closeLast("write-ahead log", a.wal.Close)
	return nil
}

// found keeps damage for those who ask, and tells the operator.
func (a *App) found(damage []fsx.Damage) {
	for _, d := range damage {
		a.damage = append(a.damage, d)
		if !d.Harmless {
			a.log.Error("a file in the data directory is damaged; what is sound in it is served", "damage", d.String())
		}
	}
	a.telemetry.Counter("store.damage").Add(len(damage))
}

// maxHead bounds what a store holds in memory before it is written: more makes
// neither ingestion faster nor files better.
const maxHead = 64 << 20

// replay brings both stores to the end of the log before anything is received.
func (a *App) replay(ctx context.Context) error {
	head := min(int64(a.opts.Config.Memory)/16, maxHead)
	a.committer = ingest.NewCommitter(a.wal, a.metrics, a.entries, ingest.Options{
		Clock: a.clock, Telemetry: a.telemetry, HeadBytes: head, QueueBytes: head, Applied: a.applied,
	})
	report, err := a.committer.Replay(ctx, a.wal)
	a.found(report.Damage)
	if report.Records > 0 {
		a.log.Info("replayed the write-ahead log", "records", report.Records, "bytes", report.Bytes)
	}
	return err
}

// wire connects the ways of samples and entries to the committer.
func (a *App) wire() error {
	known := a.entries.Components()
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.Name
	}
	newResolver := func() ingest.Resolver { return a.metrics.NewAppender() }
	a.tap = ingest.NewTap(a.clock, a.telemetry)
	a.admission = ingest.NewAdmission(a.clock, a.telemetry, names)
	a.admission.Overflow = func(source, name string) {
		a.log.Warn("a sender makes up components: new ones go to overflow", "source", source, "component", name)
	}
	a.samples = ingest.NewMetrics(a.committer, newResolver, a.checkSampleTime, a.tap, a.telemetry)
	a.pipeline = pipeline.New(pipeline.Options{Masked: a.telemetry.Counter("ingest.masked")})
	a.tap.Mask = a.pipeline.Mask
	a.lines = ingest.NewLogs(a.committer, a.pipeline, a.admission, newResolver, a.checkEntryTime, a.tap, a.clock, a.telemetry)
	return a.wireAgents()
}

// checkEntryTime refuses times, in ns, that no entry can be kept at.
func (a *App) checkEntryTime(now time.Time, ns int64) error {
	return checkTime(now, time.Unix(0, ns), time.Duration(a.opts.Config.Logs.Retention))
}

// checkSampleTime refuses times, in ms, that no series can be kept at.
func (a *App) checkSampleTime(now time.Time, ms int64) error {
	archives := a.opts.Config.Metrics.Retention
	return checkTime(now, time.UnixMilli(ms), time.Duration(archives[len(archives)-1].Keep))
}

// checkTime allows a day ahead, for senders in the wrong time zone; what is
// past every retention would be removed at once.
func checkTime(now, t time.Time, keep time.Duration) error {
	switch {
	case t.After(now.Add(24 * time.Hour)):
		return fmt.Errorf("the time %s is more than a day ahead: is the sender's clock right?", t.UTC().Format(time.RFC3339))
	case t.Before(now.Add(-keep)):
		return fmt.Errorf("the time %s is before all that is kept, which is %s", t.UTC().Format(time.RFC3339), config.Duration(keep))
	}
	return nil
}

// Start begins to receive and to answer.
func (a *App) Start(ctx context.Context) error {
	a.startCommitter()
	f, err := a.newFront(ctx, a.opts.Config.Config, nil)
	if err != nil {
		return err
	}
	a.front.Store(f)
	a.closeLastCtx("listeners", func(ctx context.Context) error {
		a.reloading.Lock()
		defer a.reloading.Unlock()
		return a.front.Load().group.Stop(ctx)
	})
	a.startOwnSeries()
	a.group.Go("herd", a.herd.Run)
	a.group.Go("signals of groups", a.watchSignals)
	a.group.Go("own log", func(ctx context.Context) error {
		return a.selfLog.keep(ctx, a.keepOwnEntries)
	})
	a.startHost(ctx)
	a.log.Info("ready", "version", a.opts.Version, "took", time.Since(a.started).Round(time.Millisecond).String())
	return nil
}

// startCommitter runs the goroutines that write; when they have stopped, what
// they froze is flushed.
func (a *App) startCommitter() {
	a.closeLastCtx("last flush", a.committer.Finish)
	a.group.Go("maintenance", a.committer.Maintain)
	a.group.Go("committer", a.committer.Run)
}

func (a *App) closeLastCtx(name string, closing func(context.Context) error) {
	_ = a.group.Start(context.Background(), name, nil, closing)
}

// Go runs something beside the server until it stops.
func (a *App) Go(name string, run func(ctx context.Context) error) { a.group.Go(name, run) }

// Failed delivers the first failure of a part.
func (a *App) Failed() <-chan error { return a.group.Failed() }

// Stop stops listening, drains, flushes and closes; ctx bounds it.
func (a *App) Stop(ctx context.Context) error { return a.group.Stop(ctx) }

// Listeners are those that run, in the order started.
func (a *App) Listeners() []Listener {
	if f := a.front.Load(); f != nil {
		return f.listeners
	}
	return nil
}

// Addr is the address of one listener, "" when it is off.
func (a *App) Addr(name string) string {
	for _, l := range a.Listeners() {
		if l.Name == name {
			return l.Addr
		}
	}
	return ""
}
