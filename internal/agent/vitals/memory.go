package vitals

import "os"

// memory reads /proc/meminfo; all series but a share are in bytes.
type memory struct{ c *Collector }

// maxKiB is more than any machine has, and small enough to be added up.
const maxKiB = 1 << 50

func newMemory(c *Collector) *memory { return &memory{c} }

// sizes are what meminfo says, in bytes.
type sizes struct {
	total, free, available, buffers, cached, reclaimable, slab, dirty, shared, swapTotal, swapFree uint64
	hasAvailable                                                                                   bool
}

func (m *memory) read(text []byte) {
	var s sizes
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		if field := s.field(key); field != nil {
			if kib, ok := first(values); ok && kib < maxKiB {
				*field = kib * 1024
				s.hasAvailable = s.hasAvailable || field == &s.available
			}
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

// field is where the value of a key belongs, nil for none of ours.
func (s *sizes) field(key []byte) *uint64 {
	switch string(key) {
	case "MemTotal:":
		return &s.total
	case "MemFree:":
		return &s.free
	case "MemAvailable:":
		return &s.available
	case "Buffers:":
		return &s.buffers
	case "Cached:":
		return &s.cached
	case "SReclaimable:":
		return &s.reclaimable
	case "Slab:":
		return &s.slab
	case "Dirty:":
		return &s.dirty
	case "Shmem:":
		return &s.shared
	case "SwapTotal:":
		return &s.swapTotal
	case "SwapFree:":
		return &s.swapFree
	}
	return nil
}

func (m *memory) emit(s *sizes) {
	used := float64(s.total - min(s.total, s.available))
	m.c.emit("memory.total", float64(s.total))
	m.c.emit("memory.used", used)
	m.c.emit("memory.available", float64(s.available))
	m.c.emit("memory.free", float64(s.free))
	m.c.emit("memory.cached", float64(s.cached+s.reclaimable))
	m.c.emit("memory.buffers", float64(s.buffers))
	m.c.emit("memory.slab", float64(s.slab))
	m.c.emit("memory.dirty", float64(s.dirty))
	m.c.emit("memory.shared", float64(s.shared))
	m.c.emit("memory.swap_total", float64(s.swapTotal))
	m.c.emit("memory.swap_used", float64(s.swapTotal-min(s.swapTotal, s.swapFree)))
	m.c.full.note(memoryFull, m.c.percent("memory.used_percent", 100*used/float64(s.total)), "")
}

// load reads /proc/loadavg: the processes that run or wait, averaged.
type load struct{ c *Collector }

func newLoad(c *Collector) *load { return &load{c} }

func (l *load) read(text []byte) {
	for _, name := range [...]string{"load.1m", "load.5m", "load.15m"} {
		var f []byte
		f, text = nextField(text)
		if v, ok := decimal(f); ok {
			l.c.emit(name, v)
		}
	}
}

// paging reads /proc/vmstat: what the kernel did to give out memory.
type paging struct {
	c                                        *Collector
	faults, major, swapIn, swapOut, oomKills counter
}

func newPaging(c *Collector) *paging {
	page := float64(os.Getpagesize())
	return &paging{
		c: c, faults: rateName("vm.page_faults", 1), major: rateName("vm.major_faults", 1),
		swapIn: rateName("vm.swap_in", page), swapOut: rateName("vm.swap_out", page), oomKills: rateName("vm.oom_kills", 1),
	}
}

func (p *paging) read(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		if k := p.counter(key); k != nil {
			if v, ok := first(values); ok {
				p.c.rate(k, v)
			}
		}
	}
}

func (p *paging) counter(key []byte) *counter {
	switch string(key) {
	case "pgfault":
		return &p.faults
	case "pgmajfault":
		return &p.major
	case "pswpin":
		return &p.swapIn
	case "pswpout":
		return &p.swapOut
	case "oom_kill":
		return &p.oomKills
	}
	return nil
}
