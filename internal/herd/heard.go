package herd

import (
	"cmp"
	"math"
	"time"

	"patou/internal/host"
)

// Heard takes what an agent told of its host, in chunk's order. News is false
// for a repeat: it says that the host lives, and what it says again changes
// nothing. The result asks the agent to report everything.
func (h *Herd) Heard(id string, c host.Contact, r *host.Report, read host.Readings, news bool) (wantReport bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.hosts[id]
	if m == nil {
		return true // it was forgotten in between; the next chunk makes it anew
	}
	now := c.Received
	m.heard, m.Last = now, now
	fresh := isFresh(&c)
	if r = bounded(r); r != nil {
		h.report(m, r, now, fresh)
	}
	leaving := host.Leaving("")
	if r != nil {
		leaving = r.Leaving
	}
	if fresh && leaving != "" {
		h.goodbye(m, leaving, now)
	} else {
		h.alive(m, now)
		m.Goodbye = cmp.Or(leaving, m.Goodbye) // what it could not say in time
	}
	if fresh {
		m.skews.add(c.Sent.Sub(now))
		m.read = known(m.read, read)
		h.judge(m, now, news, read)
	}
	h.settleHealth(m, now)
	want := m.wantReport
	m.wantReport = false
	return want
}

// alive moves the state of a host that speaks.
func (h *Herd) alive(m *member, now time.Time) {
	switch m.State {
	case Late:
		h.onTime(m, now)
	case Lost:
		silent := now.Sub(m.Since).Round(time.Second)
		m.Goodbye = ""
		h.enter(m, Up, now, "")
		h.tellSome(m, "returned", now, m.Name+" is back", "It was lost for "+silent.String()+".")
	case Leaving, Gone:
		if m.State == Gone {
			h.tellSome(m, "returned", now, m.Name+" is back", "It had left.")
		}
		m.Goodbye = ""
		h.enter(m, Joining, now, "")
	case Joining, Up:
	}
}

func (h *Herd) goodbye(m *member, l host.Leaving, now time.Time) {
	if m.State == Leaving && m.Goodbye == l {
		return
	}
	m.Goodbye = l
	h.enter(m, Leaving, now, leftBecause(l))
	// Of an agent that was stopped it is told when it does not come back at once:
	// most are only started anew.
	if what := map[host.Leaving]string{host.Shutdown: " is shut down", host.Reboot: " reboots"}[l]; what != "" {
		h.tellSome(m, "left", now, m.Name+what, "")
	}
}

// report takes over the parts of a report.
func (h *Herd) report(m *member, r *host.Report, now time.Time, fresh bool) {
	t := &m.Report
	grouping := false
	if r.Facts != nil {
		t.Facts, grouping = r.Facts, true
	}
	if r.Units != nil {
		h.unitsChanged(m, r.Units, now)
		t.Units, grouping = r.Units, true
	}
	if r.Processes != nil {
		t.Processes = r.Processes
	}
	if r.FileSystems != nil {
		h.fileSystems(m, r.FileSystems, now)
		t.FileSystems = r.FileSystems
	}
	if r.Listeners != nil {
		t.Listeners, grouping = r.Listeners, true
		m.served()
	}
	if r.Connections != nil && fresh {
		h.connections(m, r.Connections, now)
	}
	if r.Full != nil && fresh {
		m.full = r.Full
	}
	if grouping {
		h.graph.stale = true
		h.regroup(m, now)
		h.dirty(m)
	}
}

// known keeps the last of each reading.
func known(old, read host.Readings) host.Readings {
	keep := func(old, v float64) float64 {
		if math.IsNaN(v) {
			return old
		}
		return v
	}
	read.AgentCPU, read.AgentMemory = keep(old.AgentCPU, read.AgentCPU), keep(old.AgentMemory, read.AgentMemory)
	read.SweepSeconds, read.Spool = keep(old.SweepSeconds, read.SweepSeconds), keep(old.Spool, read.Spool)
	read.MemoryTotal, read.MemoryAvailable = keep(old.MemoryTotal, read.MemoryTotal), keep(old.MemoryAvailable, read.MemoryAvailable)
	return read
}

// skews are the last differences of an agent's clock to the server's. What was
// sent arrives later and never earlier, so the largest is the nearest.
type skews struct {
	last [8]time.Duration
	n    int
}

func (s *skews) add(d time.Duration) {
	s.last[s.n%len(s.last)] = d
	s.n++
}

// best is by how much the host's clock is ahead.
func (s *skews) best() time.Duration {
	best := time.Duration(math.MinInt64)
	for _, d := range s.last[:min(s.n, len(s.last))] {
		best = max(best, d)
	}
	if s.n == 0 {
		return 0
	}
	return best
}
