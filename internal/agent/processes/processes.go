// Package processes sums up what the processes of this host need, by what they
// are part of: a systemd unit, a container, a user's sessions, or, without any
// of these, their program's name.
//
// Invariant: each tick of processor time that the kernel counts for a process or
// for a child it waited for is given to one group, once, whether or not the
// child was ever seen; no sample exceeds what the machine has. Series are at
// most those of maxGroups groups and of "other", which takes the rest; a group
// does not come and go from sweep to sweep. A process is its number and its
// start, so that a number used again is noticed. What may not be read is said
// once and left out.
package processes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/procfs"
	"patou/internal/telemetry"
)

// Interval is the time between two sweeps, when nobody says otherwise.
const Interval = 5 * time.Second

// Sink keeps samples. It is called by one goroutine, and keeps no slice.
type Sink interface {
	Samples(ctx context.Context, samples []metric.Sample) error
}

// Options are what a Collector needs.
type Options struct {
	// Root is where proc and sys are; "" is "/".
	Root string
	// Every is asked before each pause how long it is; nil is Interval.
	Every func() time.Duration
	// Sink takes the series process.<group>.….
	Sink Sink
	// Report takes the groups: after the first two sweeps and each third one.
	// The slices are its own to keep.
	Report func(r host.Report)
	// Missing is told once about each thing that cannot be read; may be nil.
	Missing   func(what string, err error)
	Clock     clock.Clock
	Telemetry *telemetry.Set
}

// Collector sweeps over this host's processes. Run is for one goroutine;
// GroupOf may be called by others meanwhile.
type Collector struct {
	options Options
	dropped *telemetry.Counter
	said    map[string]bool
	cpus    int

	mu        sync.Mutex // guards all below, for the length of a sweep
	dir       *procfs.Dir
	ended     bool
	turn      int // counts sweeps from 1
	last      time.Time
	elapsed   float64 // seconds since the sweep before; 0 at the first
	ticks     uint64  // since the boot, at this sweep's begin
	before    uint64  // the same of the sweep before
	pids      []int
	processes map[int]*process
	live      []*process // those of this sweep, in the kernel's order
	debts     []debt
	next      int // where details go on in live
	names     names
	groups    groups
	samples   []metric.Sample
}

// New is a collector of what processes need.
func New(o Options) *Collector {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.Every == nil {
		o.Every = func() time.Duration { return Interval }
	}
	online, _ := os.ReadFile(filepath.Join(o.Root, "sys/devices/system/cpu/online")) // else one
	return &Collector{
		options: o, dropped: o.Telemetry.Counter("processes.dropped"), said: map[string]bool{}, cpus: processors(string(online)),
		processes: map[int]*process{}, names: names{root: o.Root, known: map[membership]string{}}, groups: newGroups(),
	}
}

// Run sweeps until ctx ends. It always returns nil: what fails is told to
// Missing, or counted.
func (c *Collector) Run(ctx context.Context) error {
	defer c.close()
	for {
		c.step(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-c.options.Clock.After(max(time.Second, c.options.Every())):
		}
	}
}

// reportTurns is how many sweeps lie between two reports.
const reportTurns = 3

func (c *Collector) step(ctx context.Context) {
	report, err := c.sweep(c.options.Clock.Now())
	if err != nil {
		c.missing("/proc", err)
		return
	}
	if len(c.samples) > 0 && c.options.Sink.Samples(ctx, c.samples) != nil {
		c.dropped.Add(len(c.samples))
	}
	if report != nil && c.options.Report != nil {
		c.options.Report(host.Report{Processes: report})
	}
}

// sweep looks at all processes once and fills samples. Its report is nil when
// it is not the turn of one.
func (c *Collector) sweep(now time.Time) ([]host.Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.begin(now); err != nil {
		return nil, err
	}
	c.live = c.live[:0]
	for _, pid := range c.pids {
		c.look(pid)
	}
	c.settle()
	c.details()
	c.sum()
	c.emit()
	if c.turn <= 2 || c.turn%reportTurns == 0 {
		return c.report(), nil
	}
	return nil, nil
}

func (c *Collector) begin(now time.Time) (err error) {
	if err = c.open(); err != nil {
		return err
	}
	uptime, err := c.dir.Read("uptime")
	if err != nil {
		return fmt.Errorf("reading since when this host runs: %w", err)
	}
	ticks := parseUptime(uptime)
	if c.pids, err = c.dir.Processes(c.pids[:0]); err != nil {
		return fmt.Errorf("listing this host's processes: %w", err)
	}
	c.turn++
	if c.elapsed = 0; c.turn > 1 {
		c.elapsed = now.Sub(c.last).Seconds()
	}
	c.last, c.before, c.ticks = now, c.ticks, ticks
	return nil
}

// GroupOf is the group that a process belongs to, "" when there is no such
// process. It may wait for the end of a sweep, some milliseconds.
func (c *Collector) GroupOf(pid int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.processes[pid]; p != nil {
		return p.group.name
	}
	if c.ended || c.open() != nil {
		return ""
	}
	s, ok := c.stat(pid)
	if !ok {
		return ""
	}
	name, _ := c.groupName(pid, &s)
	return name
}

func (c *Collector) open() (err error) {
	if c.dir == nil {
		c.dir, err = procfs.Open(c.options.Root)
	}
	if err != nil {
		return fmt.Errorf("reading this host's processes: %w", err)
	}
	return nil
}

func (c *Collector) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended = true; c.dir != nil {
		c.dir.Close()
		c.dir = nil
	}
}

func (c *Collector) missing(what string, err error) {
	if !c.said[what] && c.options.Missing != nil {
		c.options.Missing(what, err)
	}
	c.said[what] = true
}
