// Package units follows the states of systemd's units: what runs, what failed,
// and what was started again and again.
//
// Invariant: a signal only says which unit to ask about, so that what is reported
// is what systemd said last, whatever order its signals came in; a list of all
// now and then finds what no signal told. Each report is complete. A connection
// that ends is made again with a growing pause; where there is no systemd, that
// is said once and Run ends.
package units

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

const (
	// Interval is the time between two samples of unit.failed.
	Interval = time.Second
	// relistTime is the time between two lists of all units.
	relistTime = 5 * time.Minute
	// settleTime is how long changes are gathered before systemd is asked.
	settleTime = 250 * time.Millisecond
	// callTime bounds each question: systemd is busy while it reloads.
	callTime = 25 * time.Second
)

// Pauses between a connection's end and the next one.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// Sink keeps samples. It is called by one goroutine, and keeps no slice.
type Sink interface {
	Samples(ctx context.Context, samples []metric.Sample) error
}

// Options are what a Watcher needs.
type Options struct {
	// Root is where run is; "" is "/".
	Root string
	// Address is the bus, "unix:path=…"; "" is the system's.
	Address string
	// Sink takes the series unit.failed while systemd is heard.
	Sink Sink
	// Report takes all units worth telling of, whenever one has changed. The
	// slice is its own to keep.
	Report func(r host.Report)
	// Missing is told once why units can't be followed; may be nil.
	Missing   func(what string, err error)
	Clock     clock.Clock
	Telemetry *telemetry.Set
	// dial replaces the bus in tests.
	dial func(ctx context.Context) (manager, error)
}

// manager is systemd, as far as it is asked.
type manager interface {
	// list gives the units that are loaded, all or those named.
	list(ctx context.Context, names []string) ([]loaded, error)
	// files gives the states of unit files by name: enabled, static, ….
	files(ctx context.Context) (map[string]string, error)
	// detail asks for what no list says.
	detail(ctx context.Context, u *loaded) (detail, error)
	// changes tells of units; it is closed when the connection has ended.
	changes() <-chan change
	close()
}

// loaded is a unit as systemd's lists have it.
type loaded struct {
	name, load, active, sub string
	path                    string // of its object
}

// detail is what is asked for each unit alone.
type detail struct {
	since    time.Time
	restarts int
}

// change says that something happened to one unit; without a name, to many.
type change struct {
	name string
	gone bool
}

// errNoSystemd is why a machine has no units.
var errNoSystemd = errors.New("systemd does not run here")

// Watcher follows this host's units. It is for one goroutine.
type Watcher struct {
	options  Options
	dropped  *telemetry.Counter
	restarts *telemetry.Counter
	said     bool
	heard    bool // the last connection gave a list
	keeper   *keeper
	reported []host.Unit
}

// New is a watcher of this host's units.
func New(o Options) *Watcher {
	if o.Root == "" {
		o.Root = "/"
	}
	w := &Watcher{options: o, dropped: o.Telemetry.Counter("units.dropped"), restarts: o.Telemetry.Counter("units.restarts")}
	if o.dial == nil {
		w.options.dial = w.dialBus
	}
	return w
}

// Run follows units until ctx ends, or there is no systemd; it then returns nil.
func (w *Watcher) Run(ctx context.Context) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		w.heard = false
		err := w.watch(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the connection was ended by us
		}
		w.missing(err)
		if errors.Is(err, errNoSystemd) {
			return nil
		}
		if w.heard {
			pause = firstPause
		}
		w.restarts.Inc()
		select {
		case <-ctx.Done():
			return nil
		case <-w.options.Clock.After(pause):
		}
	}
}

// dialBus takes the system's bus, or systemd's own socket where there is none.
func (w *Watcher) dialBus(ctx context.Context) (manager, error) {
	run := filepath.Join(w.options.Root, "run")
	if w.options.Address != "" {
		return connect(ctx, w.options.Address, true)
	}
	if _, err := os.Stat(filepath.Join(run, "systemd/system")); err != nil {
		return nil, errNoSystemd
	}
	bus, own := filepath.Join(run, "dbus/system_bus_socket"), filepath.Join(run, "systemd/private")
	if _, err := os.Stat(bus); err != nil {
		return connect(ctx, "unix:path="+own, false)
	}
	return connect(ctx, "unix:path="+bus, true)
}

// watch follows units over one connection, to its end.
func (w *Watcher) watch(ctx context.Context) error {
	m, err := w.options.dial(ctx)
	if err != nil {
		return err
	}
	defer m.close()
	w.keeper = newKeeper()
	if err := w.relist(ctx, m); err != nil {
		return err
	}
	w.heard = true
	return w.follow(ctx, m)
}

func (w *Watcher) follow(ctx context.Context, m manager) (err error) {
	ticker := w.options.Clock.NewTicker(Interval)
	defer ticker.Stop()
	relist := w.options.Clock.After(relistTime)
	var settle <-chan time.Time // nil while nothing has changed
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case c, ok := <-m.changes():
			if !ok {
				return errors.New("the connection to systemd has ended")
			}
			if w.keeper.note(c) && settle == nil {
				settle = w.options.Clock.After(settleTime)
			}
		case <-settle:
			settle = nil
			err = w.refresh(ctx, m)
		case <-relist:
			relist = w.options.Clock.After(relistTime)
			err = w.relist(ctx, m)
		case <-ticker.C():
			w.sample(ctx)
		}
	}
	return err
}

// relist asks for all units, and for what each file says.
func (w *Watcher) relist(ctx context.Context, m manager) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	files, err := m.files(ctx)
	if err != nil {
		return fmt.Errorf("asking systemd for its units' files: %w", err)
	}
	all, err := m.list(ctx, nil)
	if err != nil {
		return fmt.Errorf("asking systemd for its units: %w", err)
	}
	w.keeper.replace(all, files)
	w.details(ctx, m)
	return nil
}

// refresh asks for the units that something happened to.
func (w *Watcher) refresh(ctx context.Context, m manager) error {
	if w.keeper.all {
		return w.relist(ctx, m)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if names := w.keeper.noted(); len(names) > 0 {
		some, err := m.list(ctx, names)
		if err != nil {
			return fmt.Errorf("asking systemd for units that changed: %w", err)
		}
		w.keeper.update(names, some)
	}
	w.details(ctx, m)
	return nil
}

// details asks for the rest of what is worth telling and was not asked, and
// reports if anything is new. A unit that has gone meanwhile has none.
func (w *Watcher) details(ctx context.Context, m manager) {
	for _, u := range w.keeper.lacking() {
		if d, err := m.detail(ctx, &u.loaded); err == nil {
			u.detail = d
		}
		u.asked = true
	}
	if now := w.keeper.report(); !equal(now, w.reported) {
		w.reported = now
		w.options.Report(host.Report{Units: now})
	}
}

func (w *Watcher) sample(ctx context.Context) {
	s := [...]metric.Sample{{Name: "unit.failed", Time: w.options.Clock.Now().UnixMilli(), Value: float64(w.keeper.failed())}}
	if w.options.Sink.Samples(ctx, s[:]) != nil {
		w.dropped.Inc()
	}
}

func (w *Watcher) missing(err error) {
	if !w.said && w.options.Missing != nil {
		w.options.Missing("units", fmt.Errorf("following this host's units: %w", err))
	}
	w.said = true
}
