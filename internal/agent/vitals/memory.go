package vitals

import "strconv"

// memory reads /proc/meminfo; all series are in bytes.
type memory struct {
	c                                           *Collector
	total, used, available, free, cached        string
	buffers, dirty, swapTotal, swapUsed, shared string
}

func newMemory(c *Collector) *memory {
	name := func(s string) string { return c.prefix + "memory." + s }
	return &memory{
		c: c, total: name("total"), used: name("used"), available: name("available"), free: name("free"),
		cached: name("cached"), buffers: name("buffers"), dirty: name("dirty"), shared: name("shared"),
		swapTotal: name("swap_total"), swapUsed: name("swap_used"),
	}
}

// sizes are what meminfo says, in bytes.
type sizes struct {
	total, free, available, buffers, cached, reclaimable, dirty, shared, swapTotal, swapFree uint64
	hasAvailable                                                                             bool
}

func (m *memory) read(text []byte) {
	var s sizes
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		var kib [1]uint64
		if numbers(values, kib[:]) == 1 {
			s.set(key, kib[0]*1024)
		}
	}
	if s.total == 0 {
		return
	}
	if !s.hasAvailable { // kernels before 3.14
		s.available = s.free + s.buffers + s.cached
	}
	m.emit(&s)
}

func (s *sizes) set(key []byte, size uint64) {
	switch string(key) {
	case "MemTotal:":
		s.total = size
	case "MemFree:":
		s.free = size
	case "MemAvailable:":
		s.available, s.hasAvailable = size, true
	case "Buffers:":
		s.buffers = size
	case "Cached:":
		s.cached = size
	case "SReclaimable:":
		s.reclaimable = size
	case "Dirty:":
		s.dirty = size
	case "Shmem:":
		s.shared = size
	case "SwapTotal:":
		s.swapTotal = size
	case "SwapFree:":
		s.swapFree = size
	}
}

func (m *memory) emit(s *sizes) {
	m.c.emit(m.total, float64(s.total))
	m.c.emit(m.used, float64(s.total-min(s.total, s.available)))
	m.c.emit(m.available, float64(s.available))
	m.c.emit(m.free, float64(s.free))
	m.c.emit(m.cached, float64(s.cached+s.reclaimable))
	m.c.emit(m.buffers, float64(s.buffers))
	m.c.emit(m.dirty, float64(s.dirty))
	m.c.emit(m.shared, float64(s.shared))
	m.c.emit(m.swapTotal, float64(s.swapTotal))
	m.c.emit(m.swapUsed, float64(s.swapTotal-min(s.swapTotal, s.swapFree)))
}

// load reads /proc/loadavg: the processes that run or wait, averaged.
type load struct {
	c     *Collector
	names [3]string
}

func newLoad(c *Collector) *load {
	return &load{c: c, names: [3]string{c.prefix + "load.1m", c.prefix + "load.5m", c.prefix + "load.15m"}}
}

func (l *load) read(text []byte) {
	for _, name := range l.names {
		var f []byte
		f, text = nextField(text)
		if v, err := strconv.ParseFloat(string(f), 64); err == nil { // no allocation: it does not escape
			l.c.emit(name, v)
		}
	}
}
