// Package vitals reads every second how this host is: processors, memory, load,
// disks, file systems and network interfaces, from the files that Linux offers.
//
// Invariant: once all devices are known, a reading allocates nothing; files stay
// open. What a system does not offer, as in a container, is said once and left
// out. A counter that went backwards or a device that was away gives no sample
// instead of a wrong one.
package vitals

import (
	"context"
	"time"

	"patou/internal/clock"
	"patou/internal/component"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// Interval is the time between two readings.
const Interval = time.Second

// Sink keeps samples. It is called by one goroutine, and keeps no slice.
type Sink interface {
	Samples(ctx context.Context, samples []metric.Sample) error
}

// Options are what a Collector needs.
type Options struct {
	// Host is this host's name: the series are host.<its node>.….
	Host string
	// Root is where proc and sys are; "" is "/".
	Root string
	Sink Sink
	// Missing is told once about each thing that cannot be read; may be nil.
	Missing   func(what string, err error)
	Clock     clock.Clock
	Telemetry *telemetry.Set
	// usage replaces the system's answer in tests.
	usage func(path string) (usage, error)
}

// Collector reads vitals. It is for one goroutine.
type Collector struct {
	options Options
	prefix  string
	readers []reader
	dropped *telemetry.Counter

	tick    int
	last    time.Time
	elapsed float64 // seconds since the reading before; 0 at the first
	millis  int64
	samples []metric.Sample
}

// reader reads one file and emits samples of it.
type reader struct {
	file *procFile
	read func(text []byte)
}

// New is a collector of this host's vitals.
func New(o Options) *Collector {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.usage == nil {
		o.usage = systemUsage
	}
	c := &Collector{options: o, prefix: "host." + component.Node(o.Host) + ".", dropped: o.Telemetry.Counter("vitals.dropped")}
	c.readers = []reader{
		{&procFile{path: "proc/stat"}, newProcessors(c).read},
		{&procFile{path: "proc/meminfo"}, newMemory(c).read},
		{&procFile{path: "proc/loadavg"}, newLoad(c).read},
		{&procFile{path: "proc/diskstats"}, newDisks(c).read},
		{&procFile{path: "proc/net/dev"}, newInterfaces(c).read},
		{&procFile{path: "proc/self/mounts"}, newFileSystems(c).read},
	}
	return c
}

// Run reads every second until ctx ends. It always returns nil: what fails is
// told to Missing, or counted.
func (c *Collector) Run(ctx context.Context) error {
	defer c.close()
	ticker := c.options.Clock.NewTicker(Interval)
	defer ticker.Stop()
	for {
		c.collect(c.options.Clock.Now())
		if len(c.samples) > 0 && c.options.Sink.Samples(ctx, c.samples) != nil {
			c.dropped.Add(len(c.samples))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// collect fills samples with one reading.
func (c *Collector) collect(now time.Time) {
	c.tick++
	if c.elapsed = 0; c.tick > 1 {
		c.elapsed = now.Sub(c.last).Seconds()
	}
	c.last, c.millis, c.samples = now, now.UnixMilli(), c.samples[:0]
	for _, r := range c.readers {
		text, err := r.file.contents(c.options.Root)
		if err != nil {
			c.missing(r.file, err)
			continue
		}
		r.read(text)
	}
}

func (c *Collector) missing(f *procFile, err error) {
	if !f.said && c.options.Missing != nil {
		c.options.Missing("/"+f.path, err)
	}
	f.said = true
}

func (c *Collector) close() {
	for _, r := range c.readers {
		r.file.close()
	}
}

// emit adds a sample.
func (c *Collector) emit(name string, value float64) {
	c.samples = append(c.samples, metric.Sample{Name: name, Time: c.millis, Value: value})
}

// counter is a number of the kernel's that only rises.
type counter struct {
	name  string
	scale float64 // from the kernel's unit to ours
	value uint64
	tick  int // of the reading that value is of
}

// counterOf is a counter whose rate is a series of this name under the host's.
func (c *Collector) counterOf(name string, scale float64) counter {
	return counter{name: c.prefix + name, scale: scale}
}

// advance sets the value and returns by how much it rose since the reading
// before; ok is false when that is not known.
func (c *Collector) advance(k *counter, value uint64) (rose float64, ok bool) {
	ok = k.tick == c.tick-1 && k.tick > 0 && value >= k.value
	rose = float64(value-k.value) * k.scale
	k.value, k.tick = value, c.tick
	return rose, ok
}

// rate emits how fast the counter rises, a second.
func (c *Collector) rate(k *counter, value uint64) {
	if rose, ok := c.advance(k, value); ok && c.elapsed > 0 {
		c.emit(k.name, rose/c.elapsed)
	}
}
