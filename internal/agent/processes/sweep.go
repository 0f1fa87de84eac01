package processes

import (
	"strconv"
	"strings"

	"patou/internal/procfs"
)

// process is what is remembered of one between sweeps.
type process struct {
	pid, parent int
	start       uint64
	comm        string
	kernel      bool
	zombie      bool
	group       *group
	born        int // turn of the first sight
	seen        int // turn of the last one
	threads     int
	pages       int64
	own, waited uint64 // as last seen, in ticks
	// ownRise and waitedRise are by how much they rose in this sweep;
	// waitedRise is what is left of it once debts are paid.
	ownRise, waitedRise uint64
	active              bool // in this sweep: time or memory changed
	detail
}

// regroup is after how many sweeps a process is asked again where it belongs:
// it may be moved.
const regroup = 60

func (c *Collector) stat(pid int) (stat, bool) {
	text, err := c.dir.Read(strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false // it has ended since the listing
	}
	return parseStat(text)
}

// look reads the stat of one process.
func (c *Collector) look(pid int) {
	s, ok := c.stat(pid)
	if !ok {
		return
	}
	p := c.processes[pid]
	if p != nil && p.start != s.start {
		c.owe(p) // the number belongs to another one now
		p = nil
	}
	if p == nil {
		p = c.meet(pid, &s)
	} else {
		p.active = s.own != p.own || s.pages != p.pages
		p.ownRise, p.waitedRise = rise(p.own, s.own), rise(p.waited, s.waited)
		c.place(p, &s)
	}
	p.parent, p.threads, p.pages, p.zombie = s.parent, s.threads, s.pages, s.state == 'Z'
	p.own, p.waited, p.seen = s.own, s.waited, c.turn
	c.live = append(c.live, p)
}

// rise is 0 where a time went back, as the kernel's estimate of user's time may.
func rise(from, to uint64) uint64 { return max(from, to) - from }

// meet is a process seen for the first time. What started since the sweep before
// has used all of its time since then; of an older one that is not known.
func (c *Collector) meet(pid int, s *stat) *process {
	p := &process{pid: pid, start: s.start, kernel: s.kernel, born: c.turn, active: true, detail: unknown()}
	if c.turn > 1 && s.start >= c.before {
		p.ownRise, p.waitedRise, p.fresh = s.own, s.waited, true
	}
	c.processes[pid] = p
	c.assign(p, s)
	return p
}

// place asks again where a process belongs when it became another program, which
// is what systemd does after it moved its child; and now and then.
func (c *Collector) place(p *process, s *stat) {
	if p.comm != string(s.comm) || p.seen == p.born || (c.turn+p.pid)%regroup == 0 {
		c.assign(p, s)
	}
}

func (c *Collector) assign(p *process, s *stat) {
	if p.comm != string(s.comm) {
		p.comm = string(s.comm)
	}
	if name, solid := c.groupName(p.pid, s); p.group == nil || p.group.name != name {
		p.group = c.groups.named(name, solid, c.turn)
	}
}

// kernelGroup takes all threads of the kernel.
const kernelGroup = "kernel"

// groupName reads where a process belongs; solid is false where only its
// program's name tells. It overwrites what s.comm lies in.
func (c *Collector) groupName(pid int, s *stat) (name string, solid bool) {
	if s.kernel {
		return kernelGroup, true
	}
	comm := string(s.comm)
	text, err := c.dir.Read(strconv.Itoa(pid) + "/cgroup")
	if err == nil {
		if m := member(string(text)); m.kind != "" {
			return c.names.of(m), true
		}
	}
	return program(comm), false
}

// program is a group's name by a program's alone. Numbers at the end count
// workers, whose groups would be without end.
func program(comm string) string {
	if name := strings.TrimRight(comm, "0123456789-:/_."); len(name) >= 3 {
		return name
	}
	if comm == "" {
		return "unnamed"
	}
	return comm
}

// debt is what a process that ended had used when it was last seen: given to its
// group already, and soon in its parent's time for children, if that waits.
type debt struct {
	parent int
	ticks  uint64
	turn   int
}

func (c *Collector) owe(p *process) {
	if p.own+p.waited > 0 {
		c.debts = append(c.debts, debt{p.parent, p.own + p.waited, c.turn})
	}
	c.oweBytes(p)
}

// settle finds who ended, and takes what was known of their time out of what
// rose in their ancestors for them. What is left of that rise is of children
// that no sweep saw, and counts.
func (c *Collector) settle() {
	for _, p := range c.processes {
		if p.seen != c.turn {
			c.owe(p)
		}
	}
	open := c.debts[:0]
	for _, d := range c.debts {
		// A child may end between the readings of its parent and of itself:
		// then its time shows a sweep later.
		if d.ticks = c.pay(d); d.ticks > 0 && d.turn == c.turn {
			open = append(open, d)
		}
	}
	c.debts = open
	most := uint64(c.elapsed*ticksPerSecond)*uint64(c.cpus) + 1
	for pid, p := range c.processes {
		if p.seen != c.turn {
			delete(c.processes, pid)
			continue
		}
		// Nothing unseen can have used more than the machine has.
		p.waitedRise = min(p.waitedRise, most)
	}
}

// pay takes a debt from the ancestors that live, the nearest first: who waits
// for an orphan is one of them, process 1 at last.
func (c *Collector) pay(d debt) (left uint64) {
	left = d.ticks
	for pid, steps := d.parent, 0; left > 0 && pid > 0 && steps < maxAncestors; steps++ {
		p := c.processes[pid]
		if p == nil {
			if pid == 1 {
				break
			}
			pid = 1
			continue
		}
		if p.seen == c.turn {
			paid := min(left, p.waitedRise)
			p.waitedRise -= paid
			left -= paid
		}
		pid = p.parent
	}
	return left
}

// maxAncestors bounds the way up: two readings at different moments may make a
// circle of it.
const maxAncestors = 64

// ended reports whether an error is only that of a process that ended.
func ended(err error) bool { return procfs.Gone(err) }
