package pretend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// gauge is one series of a host.
type gauge struct {
	name  string
	value func(m *moment) float64
	// every is how many seconds lie between two samples; 0 is 1.
	every int
	// essential ones have a past.
	essential bool
}

// set makes the second's own numbers, from which the series follow.
func (m *moment) set(h *Host, l Load) {
	m.Host, m.Load = h, l
	work, disk := m.work.next(h.rand), m.disk.next(h.rand)
	m.CPU = min(99.5, max(0.3, m.near(l.CPU*(1+0.14*work), 0.25)))
	m.Waiting = min(100, m.near(l.Waiting*(1+0.12*disk), 0.2))
	m.Read, m.Write = m.near(l.Read*(1+0.25*disk), 0.5), m.near(l.Write*(1+0.25*disk), 0.5)
	m.Rx, m.Tx = m.near(l.Rx*(1+0.18*work), 0.3), m.near(l.Tx*(1+0.18*work), 0.3)
	m.Requests *= 1 + 0.18*work
	m.Memory *= 1 + 0.01*disk
	m.util = min(100, m.Waiting*1.2+(m.Read+m.Write)/2e6)
	m.idle = 100 - m.CPU
	runs := m.CPU/100*float64(h.Cores) + m.Waiting/60
	for _, one := range []struct {
		to      *float64
		seconds float64
	}{{&m.load1, 60}, {&m.load5, 300}, {&m.load15, 900}} {
		if h.ticks == 0 {
			*one.to = l.CPU/100*float64(h.Cores) + l.Waiting/60 // it ran before
		}
		*one.to += (runs - *one.to) / one.seconds
	}
}

// wander is a number about 0 that drifts, as work does that comes in spells of
// half a minute: nothing on a machine is as steady as an average.
type wander float64

func (w *wander) next(r *rand.Rand) float64 {
	const keeps = 0.967
	*w = wander(keeps*float64(*w) + math.Sqrt(1-keeps*keeps)*r.NormFloat64())
	return max(-2.5, min(2.5, float64(*w)))
}

// near is a number that wavers by a share of itself.
func (m *moment) near(v, share float64) float64 {
	return v * (1 + share*(m.rand.Float64()+m.rand.Float64()-1))
}

// part is a gauge that is a wavering part of something.
func part(name string, share float64, of func(m *moment) float64) gauge {
	return gauge{name: name, value: func(m *moment) float64 { return m.near(share*of(m), 0.1) }}
}

// fixed is a gauge that always has one value.
func fixed(name string, v float64) gauge {
	return gauge{name: name, value: func(*moment) float64 { return v }}
}

func exact(name string, of func(m *moment) float64) gauge { return gauge{name: name, value: of} }

func kept(all ...gauge) []gauge {
	for i := range all {
		all[i].essential = true
	}
	return all
}

func busy(m *moment) float64     { return m.CPU }
func waiting(m *moment) float64  { return m.Waiting }
func requests(m *moment) float64 { return m.Requests }
func rx(m *moment) float64       { return m.Rx }
func tx(m *moment) float64       { return m.Tx }
func read(m *moment) float64     { return m.Read }
func write(m *moment) float64    { return m.Write }
func util(m *moment) float64     { return m.util }
func used(m *moment) float64     { return m.Memory / 100 * float64(m.Spec.Memory) }

// crowded is how long processes wait for a processor, in percent.
func crowded(m *moment) float64 { return max(0, m.CPU-55) * 1.4 }

// allGauges are the series that docs/vitals.md lists.
func (h *Host) allGauges() []gauge {
	all := h.processors()
	all = append(all, h.memory()...)
	for i, disk := range h.Disks {
		all = append(all, disks(component(disk), 1/float64(i+1))...)
	}
	for i, name := range h.Interfaces {
		all = append(all, interfaces(component(name), 1/float64(i+1))...)
	}
	all = append(all, h.volumes()...)
	all = append(all, network()...)
	all = append(all, kept(
		exact("saturation.cpu", func(m *moment) float64 { return max(m.CPU, crowded(m)) }),
		exact("saturation.memory", func(m *moment) float64 { return m.Memory }),
		exact("saturation.io", func(m *moment) float64 { return max(m.Waiting, m.util) }),
		exact("saturation.network", func(m *moment) float64 { return max(m.Rx, m.Tx) / 125e6 * 100 }))...)
	all = append(all, fixed("saturation.disk", volumeUsed))
	all = append(all, self()...)
	for i := range h.Services {
		all = append(all, process(&h.Services[i])...)
	}
	return all
}

func component(s string) string { return strings.Map(plain, s) }

func plain(r rune) rune {
	if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
		return r
	}
	return '-'
}

func (h *Host) processors() []gauge {
	all := kept(part("cpu.user", 0.70, busy), part("cpu.system", 0.22, busy), exact("cpu.busy", busy),
		part("cpu.iowait", 0.3, waiting), exact("pressure.cpu.some", crowded),
		exact("pressure.io.some", waiting), part("pressure.io.full", 0.7, waiting), fixed("pressure.memory.some", 0),
		exact("load.1m", func(m *moment) float64 { return m.load1 }))
	all = append(all, part("cpu.nice", 0.01, busy), exact("cpu.idle", func(m *moment) float64 { return max(0, m.idle-0.3*m.Waiting) }),
		part("cpu.irq", 0.01, busy), part("cpu.softirq", 0.06, busy), fixed("cpu.steal", 0),
		fixed("pressure.cpu.full", 0), fixed("pressure.memory.full", 0),
		exact("load.5m", func(m *moment) float64 { return m.load5 }), exact("load.15m", func(m *moment) float64 { return m.load15 }),
		exact("processes.running", func(m *moment) float64 { return math.Ceil(m.load1) }), exact("processes.blocked", func(m *moment) float64 { return math.Floor(m.Waiting / 25) }),
		part("processes.forks", 0.4, requests), part("processes.context_switches", 90, func(m *moment) float64 { return 10 + m.CPU }))
	for core := range h.Cores {
		name := fmt.Sprintf("cpu.core%d.", core)
		all = append(all, part(name+"user", 0.70, busy), fixed(name+"nice", 0), part(name+"system", 0.22, busy), exact(name+"idle", func(m *moment) float64 { return m.idle }),
			part(name+"iowait", 0.3, waiting), fixed(name+"irq", 0), part(name+"softirq", 0.06, busy), fixed(name+"steal", 0), exact(name+"busy", busy))
	}
	return all
}

func (h *Host) memory() []gauge {
	total := float64(h.Memory)
	all := kept(exact("memory.used", used), exact("memory.used_percent", func(m *moment) float64 { return m.Memory }),
		exact("memory.available", func(m *moment) float64 { return total - used(m) }))
	return append(all, fixed("memory.total", total), part("memory.free", 0.4, func(m *moment) float64 { return total - used(m) }),
		part("memory.cached", 0.5, func(m *moment) float64 { return total - used(m) }), fixed("memory.buffers", total/200), fixed("memory.slab", total/60),
		part("memory.dirty", 2, write), fixed("memory.shared", total/300), fixed("memory.swap_total", 0), fixed("memory.swap_used", 0),
		part("vm.page_faults", 45, func(m *moment) float64 { return 3 + m.CPU }), part("vm.major_faults", 0.05, waiting),
		fixed("vm.swap_in", 0), fixed("vm.swap_out", 0), fixed("vm.oom_kills", 0))
}

func disks(name string, share float64) []gauge {
	p := "disk." + name + "."
	all := kept(part(p+"read_bytes", share, read), part(p+"write_bytes", share, write), part(p+"util", share, util))
	return append(all, part(p+"reads", share/32e3, read), part(p+"writes", share/48e3, write),
		exact(p+"read_ms", func(m *moment) float64 { return 0.4 + m.Waiting/8 }), exact(p+"write_ms", func(m *moment) float64 { return 0.9 + m.Waiting/3 }),
		part(p+"queue", share/20, waiting))
}

func interfaces(name string, share float64) []gauge {
	p := "network." + name + "."
	return append(kept(part(p+"rx_bytes", share, rx), part(p+"tx_bytes", share, tx)), part(p+"rx_packets", share/900, rx), part(p+"tx_packets", share/900, tx),
		fixed(p+"rx_errors", 0), fixed(p+"tx_errors", 0), fixed(p+"rx_dropped", 0), fixed(p+"tx_dropped", 0))
}

// volumeUsed is how full the file system is, in percent.
const volumeUsed = 41

const volumeSize = 80 << 30

func (h *Host) volumes() []gauge {
	const p = "filesystem.root."
	return []gauge{fixed(p+"total", volumeSize), fixed(p+"used", volumeSize*volumeUsed/100), fixed(p+"available", volumeSize*(100-volumeUsed)/100),
		fixed(p+"used_percent", volumeUsed), fixed(p+"files_percent", 12), fixed(p+"read_only", 0)}
}

func network() []gauge {
	return []gauge{part("tcp.segments_in", 1/900.0, rx), part("tcp.segments_out", 1/900.0, tx), part("tcp.retransmits", 0.01, requests),
		part("tcp.opened", 0.2, requests), part("tcp.accepted", 0.3, requests), fixed("tcp.failed", 0), part("tcp.established", 3, requests),
		part("tcp.resets", 0.01, requests), fixed("tcp.resets_sent", 0), fixed("tcp.receive_errors", 0), fixed("tcp.listen_overflows", 0), fixed("tcp.listen_drops", 0),
		fixed("tcp.syn_cookies", 0), fixed("tcp.timeouts", 0), part("tcp.time_wait", 4, requests), fixed("tcp.orphans", 0), part("tcp.memory", 9000, requests),
		part("udp.received", 0.1, requests), part("udp.sent", 0.1, requests), fixed("udp.receive_errors", 0), fixed("udp.buffer_errors", 0), fixed("udp.no_port", 0),
		part("sockets.used", 12, func(m *moment) float64 { return 20 + m.Requests }), part("sockets.tcp", 4, requests), fixed("sockets.udp", 4),
		fixed("softnet.dropped", 0), fixed("softnet.squeezed", 0), part("files.open", 60, func(m *moment) float64 { return 30 + m.Requests }), fixed("files.max", 9e6), fixed("files.percent", 0.1)}
}

// self is what the agent says of itself.
func self() []gauge {
	all := []gauge{part("agent.cpu_percent", 0.3, func(*moment) float64 { return 1 }), fixed("agent.memory_bytes", 21<<20), fixed("agent.spool_bytes", 0), fixed("agent.spool_chunks", 0),
		part("agent.sweep_ms", 0.6, func(*moment) float64 { return 1 }), fixed("agent.sweep_seconds", 1), fixed("agent.dropped_samples", 0)}
	for i := range all {
		all[i].every = 10
	}
	return all
}

func process(s *Service) []gauge {
	p := "process." + component(s.Unit) + "."
	all := []gauge{part(p+"cpu", s.Share, func(m *moment) float64 { return m.CPU * float64(m.Cores) }),
		part(p+"memory", s.Share*0.7, used), fixed(p+"count", float64(s.Count)), fixed(p+"threads", float64(4*s.Count)),
		part(p+"read_bytes", s.Share, read), part(p+"write_bytes", s.Share, write), part(p+"files", 4*s.Share, func(m *moment) float64 { return 40 + m.Requests })}
	for i := range all {
		all[i].every = 5
	}
	return all
}
