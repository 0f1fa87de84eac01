package vitals

import (
	"bytes"
	"strconv"
)

// processors reads /proc/stat: what the processors spent their time on, in
// percent of it, and what the scheduler did.
type processors struct {
	c     *Collector
	all   cpuTimes
	busy  string
	cores []core

	switches, forks  counter
	running, blocked string
}

// cpuStates are the columns of /proc/stat. Guest's time is in user's too.
func cpuStates() [8]string {
	return [8]string{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"}
}

const (
	idleState   = 3
	iowaitState = 4
)

type cpuTimes [8]counter

// core is one processor's counters under its own name.
type core struct {
	name  string
	times cpuTimes
}

// maxCores bounds the cores that have a series of their own.
const maxCores = 256

func newProcessors(c *Collector) *processors {
	p := &processors{
		c: c, busy: c.prefix + "cpu.busy",
		switches: c.counterOf("processes.context_switches", 1), forks: c.counterOf("processes.forks", 1),
		running: c.prefix + "processes.running", blocked: c.prefix + "processes.blocked",
	}
	for i, state := range cpuStates() {
		p.all[i] = c.counterOf("cpu."+state, 1)
	}
	return p
}

func (p *processors) read(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		switch {
		case bytes.Equal(key, []byte("cpu")):
			p.total(values)
		case bytes.HasPrefix(key, []byte("cpu")):
			p.core(key[3:], values)
		default:
			p.other(key, values)
		}
	}
}

func (p *processors) other(key, values []byte) {
	var v [1]uint64
	if numbers(values, v[:]) != 1 {
		return
	}
	switch string(key) {
	case "ctxt":
		p.c.rate(&p.switches, v[0])
	case "processes":
		p.c.rate(&p.forks, v[0])
	case "procs_running":
		p.c.emit(p.running, float64(v[0]))
	case "procs_blocked":
		p.c.emit(p.blocked, float64(v[0]))
	}
}

// total emits the share of each state, which together are 100.
func (p *processors) total(values []byte) {
	rose, sum, ok := p.spent(&p.all, values)
	if !ok {
		return
	}
	for i := range rose {
		p.c.emit(p.all[i].name, 100*rose[i]/sum)
	}
	p.c.emit(p.busy, 100*busyShare(&rose, sum))
}

func busyShare(rose *[8]float64, sum float64) float64 {
	return (sum - rose[idleState] - rose[iowaitState]) / sum
}

func (p *processors) core(digits, values []byte) {
	n, ok := number(digits)
	if !ok || n >= maxCores {
		return
	}
	for uint64(len(p.cores)) <= n {
		p.cores = append(p.cores, core{name: p.c.prefix + "cpu.core" + strconv.Itoa(len(p.cores)) + ".busy"})
		for i := range p.cores[len(p.cores)-1].times {
			p.cores[len(p.cores)-1].times[i].scale = 1
		}
	}
	k := &p.cores[n]
	if rose, sum, ok := p.spent(&k.times, values); ok {
		p.c.emit(k.name, 100*busyShare(&rose, sum))
	}
}

// spent is what each state rose by and the sum. Iowait may go backwards, by
// the kernel's own words; it counts as not having risen then.
func (p *processors) spent(times *cpuTimes, values []byte) (rose [8]float64, sum float64, ok bool) {
	var v [10]uint64
	n := numbers(values, v[:])
	if n < 4 {
		return rose, 0, false
	}
	if n == 10 { // guest's time was counted as user's and nice's
		v[0] -= min(v[0], v[8])
		v[1] -= min(v[1], v[9])
	}
	for i := range times {
		if r, ok := p.c.advance(&times[i], v[i]); ok {
			rose[i] = r
			sum += r
		}
	}
	return rose, sum, sum > 0
}
