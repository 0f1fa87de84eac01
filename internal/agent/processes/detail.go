package processes

import (
	"strconv"
)

// detail is what costs more than stat and is looked at within a budget.
type detail struct {
	looked int // turn of the last look, 0 before the first
	fresh  bool
	at     float64 // uptime of the last look, in seconds
	shared int64   // pages, 0 while not known
	files  int     // -1 where they may not be counted
	// read and written are the kernel's counters; known is false where they
	// may not be read.
	known         bool
	read, written uint64
	// readDebt and writtenDebt are what ended children had moved when last
	// looked at: it comes into these counters when they are waited for.
	readDebt, writtenDebt uint64
	readRate, writeRate   float64 // bytes a second, up to the last look
}

func unknown() detail { return detail{files: -1} }

// Looks at details in a sweep: those of active processes first, then the others
// in turn. 256 looks cost 2 ms.
const (
	maxDetails = 256
	maxActive  = 192
)

// details looks at all processes when it is the first sweep, so that nothing of
// what they did before is taken for new later.
func (c *Collector) details() {
	left, active := maxDetails, maxActive
	if c.turn == 1 {
		left, active = len(c.live), len(c.live)
	}
	for _, p := range c.live {
		if active == 0 {
			break
		}
		if p.active && c.examine(p) {
			left, active = left-1, active-1
		}
	}
	if len(c.live) == 0 {
		return
	}
	first := c.next % len(c.live)
	for i := range c.live {
		if left == 0 {
			c.next = first + i
			return
		}
		if c.examine(c.live[(first+i)%len(c.live)]) {
			left--
		}
	}
}

// examine reports whether it looked: the kernel's threads have no details, and
// what has ended but was not waited for has none any more.
func (c *Collector) examine(p *process) bool {
	if p.kernel || p.zombie || p.looked == c.turn {
		return false
	}
	dir := strconv.Itoa(p.pid)
	now := float64(c.ticks) / ticksPerSecond
	if text, err := c.dir.Read(dir + "/statm"); err == nil {
		p.shared = parseShared(text)
	}
	text, err := c.dir.Read(dir + "/io")
	if err == nil {
		p.bytes(text, now, float64(c.before)/ticksPerSecond)
	} else if !ended(err) {
		c.missing("/proc/[pid]/io", err)
	}
	if p.files, err = c.dir.Files(p.pid); err != nil {
		p.files = -1
	}
	p.looked, p.at, p.fresh = c.turn, now, false
	return true
}

// bytes takes a reading of io.
func (p *process) bytes(text []byte, now, before float64) {
	read, written, ok := parseIO(text)
	if !ok {
		return
	}
	since := p.at
	if p.fresh { // it started after the sweep before: all is new
		since = before
	}
	if seconds := now - since; (p.known || p.fresh) && seconds > 0 {
		p.readRate = float64(rise(p.read+p.readDebt, read)) / seconds
		p.writeRate = float64(rise(p.written+p.writtenDebt, written)) / seconds
	}
	p.read, p.written, p.known, p.readDebt, p.writtenDebt = read, written, true, 0, 0
}

// oweBytes tells the nearest living ancestor what an ended process had moved:
// the kernel adds it to the counters of the one that waits.
func (c *Collector) oweBytes(p *process) {
	if !p.known {
		return
	}
	read, written := p.read+p.readDebt, p.written+p.writtenDebt
	for pid, steps := p.parent, 0; pid > 0 && steps < maxAncestors; steps++ {
		a := c.processes[pid]
		switch {
		case a == nil && pid == 1:
			return
		case a == nil:
			pid = 1
		case a.seen == c.turn:
			a.readDebt, a.writtenDebt = a.readDebt+read, a.writtenDebt+written
			return
		default:
			pid = a.parent
		}
	}
}
