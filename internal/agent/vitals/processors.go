package vitals

import (
	"bytes"
	"strconv"
)

// processors reads /proc/stat: what the processors spent their time on, in
// percent of it, and what the scheduler did.
type processors struct {
	c     *Collector
	all   [8]counter
	cores []core

	switches, forks counter
}

// cpuStates are the columns of /proc/stat. Guest's time is in user's too.
func cpuStates() [8]string {
	return [8]string{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"}
}

const (
	idleState   = 3
	iowaitState = 4
)

// core is one processor's counters and the names of its series.
type core struct {
	busy  string
	times [8]counter
}

// maxCores bounds the cores that have a series of their own, coresByState those
// that have one for each state.
const maxCores, coresByState = 256, 64

func newProcessors(c *Collector) *processors {
	p := &processors{
		c: c, switches: rateName("processes.context_switches", 1), forks: rateName("processes.forks", 1),
	}
	for i, state := range cpuStates() {
		p.all[i] = rateName("cpu."+state, 1)
	}
	return p
}

func newCore(n int) core {
	prefix := "cpu.core" + strconv.Itoa(n) + "."
	k := core{busy: prefix + "busy"}
	for i, state := range cpuStates() {
		k.times[i] = rateName(prefix+state, 1)
	}
	return k
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
	v, ok := first(values)
	if !ok {
		return
	}
	switch string(key) {
	case "ctxt":
		p.c.rate(&p.switches, v)
	case "processes":
		p.c.rate(&p.forks, v)
	case "procs_running":
		p.c.emit("processes.running", float64(v))
	case "procs_blocked":
		p.c.emit("processes.blocked", float64(v))
	}
}

// total emits the share of each state, which together are 100.
func (p *processors) total(values []byte) {
	rose, sum, ok := p.spent(&p.all, values)
	if !ok {
		return
	}
	for i := range rose {
		p.c.percent(p.all[i].name, 100*rose[i]/sum)
	}
	busy := p.c.percent("cpu.busy", busyPercent(&rose, sum))
	p.c.full.note(cpuFull, busy, "")
}

func busyPercent(rose *[8]float64, sum float64) float64 {
	return 100 * (sum - rose[idleState] - rose[iowaitState]) / sum
}

func (p *processors) core(digits, values []byte) {
	n, ok := number(digits)
	if !ok || n >= maxCores {
		return
	}
	for uint64(len(p.cores)) <= n {
		p.cores = append(p.cores, newCore(len(p.cores)))
	}
	k := &p.cores[n]
	rose, sum, ok := p.spent(&k.times, values)
	if !ok {
		return
	}
	p.c.percent(k.busy, busyPercent(&rose, sum))
	for i := range rose {
		if n < coresByState {
			p.c.percent(k.times[i].name, 100*rose[i]/sum)
		}
	}
}

// spent is what each state rose by and the sum. Iowait may go backwards, by
// the kernel's own words; it counts as not having risen then.
func (p *processors) spent(times *[8]counter, values []byte) (rose [8]float64, sum float64, ok bool) {
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
