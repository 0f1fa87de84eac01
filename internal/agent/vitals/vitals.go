// Package vitals reads how this host is, each second, from the files that Linux
// offers: processors, pressure, memory, disks, file systems, the network and its
// protocols, sockets and open files. It also says once which host this is.
//
// Invariant: once all devices are known, a reading allocates nothing; files stay
// open. What a system does not offer, as in a container, is said once and left
// out. A counter that went backwards or a device that was away gives no sample
// instead of a wrong one, and no share is below 0 or above 100. Nothing here
// asks another machine, so nothing waits for one.
//
// docs/vitals.md lists the series.
package vitals

import (
	"context"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// Interval is the time between two readings of Run.
const Interval = time.Second

// Sink keeps samples. It is called by one goroutine, and keeps no slice.
type Sink interface {
	Samples(ctx context.Context, samples []metric.Sample) error
}

// Options are what a Collector needs.
type Options struct {
	// Root is where the host's proc, sys and file systems are seen; "" is "/".
	// Another one is that of a host seen from within a container.
	Root string
	// Sink is given what Run reads; Read needs none.
	Sink Sink
	// Report is given, after each reading, how full the host is, and its file
	// systems when they changed or ReportInterval has passed; may be nil. What
	// it is given is the Collector's own again when it returns: copy to keep.
	Report func(host.Report)
	// Missing is told once about each thing that cannot be read; may be nil.
	Missing   func(what string, err error)
	Clock     clock.Clock
	Telemetry *telemetry.Set
	// usage replaces the system's answer in tests.
	usage func(path string, u *usage) error
}

// Collector reads vitals. It is for one goroutine.
type Collector struct {
	options Options
	readers []reader
	mounts  *fileSystems
	full    *saturation
	dropped *telemetry.Counter

	tick    int     // of this reading, from 1
	elapsed float64 // seconds since this file's reading before; 0 at its first
	now     time.Time
	millis  int64
	samples []metric.Sample
	buf     []byte // of the file that is being read
}

// New is a collector of this host's vitals. Close it after Read; Run closes it
// by itself.
func New(o Options) *Collector {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.usage == nil {
		o.usage = systemUsage
	}
	c := &Collector{options: o, dropped: o.Telemetry.Counter("vitals.dropped"), buf: make([]byte, 16<<10)}
	c.full, c.mounts = newSaturation(c), newFileSystems(c)
	c.readers = c.allReaders()
	return c
}

// Run reads every second until ctx ends. It always returns nil: what fails is
// told to Missing, or counted.
func (c *Collector) Run(ctx context.Context) error {
	defer c.Close()
	ticker := c.options.Clock.NewTicker(Interval)
	defer ticker.Stop()
	for {
		if samples := c.Read(); len(samples) > 0 && c.options.Sink.Samples(ctx, samples) != nil {
			c.dropped.Add(len(samples))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// Read is one reading, for who keeps the time itself. The samples are valid
// until the next one. Rates need two readings, of any distance.
func (c *Collector) Read() []metric.Sample {
	c.tick++
	c.now = c.options.Clock.Now()
	c.millis, c.samples = c.now.UnixMilli(), c.samples[:0]
	for i := range c.readers {
		c.readFile(&c.readers[i])
	}
	c.mounts.measure()
	c.full.emit()
	if c.options.Report != nil {
		c.report()
	}
	return c.samples
}

func (c *Collector) report() {
	r := host.Report{Full: c.full.resources, FileSystems: c.mounts.due(c.now)}
	if len(r.Full) > 0 || r.FileSystems != nil {
		c.options.Report(r)
	}
}

// Close closes the files. Read opens them again.
func (c *Collector) Close() {
	for i := range c.readers {
		c.readers[i].file.close()
	}
}

// emit adds a sample.
func (c *Collector) emit(name string, value float64) {
	c.samples = append(c.samples, metric.Sample{Name: name, Time: c.millis, Value: value})
}

// percent adds a share of 100 and returns what it added: clocks that do not
// agree to the millisecond must not make it more than all.
func (c *Collector) percent(name string, value float64) float64 {
	value = min(max(value, 0), 100)
	c.emit(name, value)
	return value
}

func (c *Collector) missing(what string, err error) {
	if c.options.Missing != nil {
		c.options.Missing(what, err)
	}
}

// counter is a number of the kernel's that only rises.
type counter struct {
	name  string
	scale float64 // from the kernel's unit to ours
	value uint64
	tick  int // of the reading that value is of
}

// advance sets the value and returns by how much it rose since the reading
// before; ok is false when that is not known.
func (c *Collector) advance(k *counter, value uint64) (rose float64, ok bool) {
	ok = k.tick == c.tick-1 && k.tick > 0 && value >= k.value
	rose = float64(value-k.value) * k.scale
	k.value, k.tick = value, c.tick
	return rose, ok
}

// speed is how fast the counter rises, a second.
func (c *Collector) speed(k *counter, value uint64) (perSecond float64, ok bool) {
	rose, ok := c.advance(k, value)
	if !ok || c.elapsed <= 0 {
		return 0, false
	}
	return rose / c.elapsed, true
}

// rate emits how fast the counter rises, a second.
func (c *Collector) rate(k *counter, value uint64) {
	if v, ok := c.speed(k, value); ok {
		c.emit(k.name, v)
	}
}

// rateName is a counter that rate makes a series of.
func rateName(name string, scale float64) counter { return counter{name: name, scale: scale} }
