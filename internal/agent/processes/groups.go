package processes

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"

	"patou/internal/component"
	"patou/internal/host"
	"patou/internal/metric"
)

const (
	// maxGroups is how many groups have series of their own.
	maxGroups = 60
	// hold is for how many sweeps a group keeps its series at least: when its
	// processes have ended, with zeros, and when busier ones come.
	hold = 12
	// trial is for how many sweeps a group that is only a program's name must
	// be there before it has series: what runs for a moment gets none.
	trial = 3
	// other is the group of all that have none.
	other = "other"
)

// group is what belongs together, and its sums of one sweep.
type group struct {
	name  string
	node  string // of its series
	solid bool   // a unit, container or the like: not only a program's name
	born  int
	seen  int // turn in which it last had processes
	shown bool
	since int     // turn in which it was first shown
	score float64 // how busy, over the last sweeps
	total
}

// total is the sum over the processes of a group.
type total struct {
	command        string // of the busiest
	top            uint64 // its ticks
	count, threads int
	ticks          uint64
	private        int64 // pages of one process alone
	shared         int64 // of the one that shares most
	read, written  float64
	files          int
	// moved and opened say whether read and files are known of any.
	moved, opened bool
}

func (t *total) add(p *process) {
	if ticks := p.ownRise + p.waitedRise; t.count == 0 || ticks > t.top {
		t.command, t.top = p.comm, ticks
	}
	t.count++
	t.threads += p.threads
	t.ticks += p.ownRise + p.waitedRise
	shared := min(p.shared, p.pages)
	t.private += p.pages - shared
	t.shared = max(t.shared, shared)
	if p.known {
		t.moved = true
		t.read += p.readRate
		t.written += p.writeRate
	}
	if p.files >= 0 {
		t.opened = true
		t.files += p.files
	}
}

// join adds the sums of another group.
func (t *total) join(o *total) {
	if t.count == 0 || o.top > t.top {
		t.command, t.top = o.command, o.top
	}
	t.count, t.threads, t.ticks = t.count+o.count, t.threads+o.threads, t.ticks+o.ticks
	t.private, t.shared = t.private+o.private+o.shared, 0
	t.read, t.written, t.files = t.read+o.read, t.written+o.written, t.files+o.files
	t.moved, t.opened = t.moved || o.moved, t.opened || o.opened
}

// memory is in bytes. What processes share counts once, at the largest: a
// hundred servers of a database have its buffers together, not each.
func (t *total) memory() int64 { return (t.private + t.shared) * int64(os.Getpagesize()) }

// groups keeps who is shown.
type groups struct {
	byNode map[string]*group
	byName map[string]*group
	shown  []*group
	other  *group
	spare  []*group // for choosing
	series map[*group]*[7]string
}

func newGroups() groups {
	g := groups{byNode: map[string]*group{}, byName: map[string]*group{}, series: map[*group]*[7]string{}}
	g.other = &group{name: other, node: other}
	return g
}

// named finds or makes a group. Names that give one node of a series are one
// group under the first of them.
func (s *groups) named(name string, solid bool, turn int) *group {
	if g := s.byName[name]; g != nil {
		return g
	}
	node := component.Node(strings.NewReplacer(".", "-", ":", "-", "/", "-", "@", "-").Replace(name))
	if node == other {
		node += "-program"
	}
	g := s.byNode[node]
	if g == nil {
		g = &group{name: name, node: node, born: turn, solid: solid}
		s.byNode[node] = g
	}
	s.byName[name] = g
	return g
}

// sum adds up the sweep's processes and decides which groups are shown.
func (c *Collector) sum() {
	s := &c.groups
	for _, g := range s.byNode {
		g.total = total{}
	}
	for _, p := range c.live {
		p.group.add(p)
		p.group.seen = c.turn
	}
	for _, g := range s.byNode {
		// Ticks of a hundredth, and memory at one point for 100 MiB.
		now := float64(g.ticks)/max(1, c.elapsed) + float64(g.memory())/(100<<20)
		if g.score = 0.7*g.score + 0.3*now; c.turn == 1 {
			g.score = now
		}
	}
	s.forget(c.turn)
	s.choose(c.turn)
	s.other.total = total{}
	for _, g := range s.byNode {
		if !g.shown {
			s.other.join(&g.total)
		}
	}
}

// forget drops groups whose processes have all ended: those shown once they
// have been at zero for a while.
func (s *groups) forget(turn int) {
	gone := func(g *group) bool { return g.seen < turn && (!g.shown || g.seen+hold <= turn) }
	n := len(s.byNode)
	s.shown = slices.DeleteFunc(s.shown, gone)
	maps.DeleteFunc(s.byNode, func(_ string, g *group) bool { return gone(g) })
	if len(s.byNode) < n {
		maps.DeleteFunc(s.byName, func(_ string, g *group) bool { return gone(g) })
		maps.DeleteFunc(s.series, func(g *group, _ *[7]string) bool { return g != s.other && gone(g) })
	}
}

// choose fills free places with the busiest groups, and gives a place to another
// only when that one is much busier than who has had it for a while.
func (s *groups) choose(turn int) {
	waiting := s.spare[:0]
	for _, g := range s.byNode {
		if !g.shown && (g.solid || g.born == 1 || turn-g.born >= trial) {
			waiting = append(waiting, g)
		}
	}
	s.spare = waiting
	slices.SortFunc(waiting, func(a, b *group) int { return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(a.node, b.node)) })
	for _, g := range waiting {
		if len(s.shown) >= maxGroups {
			weakest := s.weakest(turn)
			if weakest < 0 || g.rank() <= 1.5*s.shown[weakest].rank()+0.5 {
				break
			}
			s.shown[weakest].shown = false
			s.shown = slices.Delete(s.shown, weakest, weakest+1)
		}
		g.shown, g.since = true, turn
		s.shown = append(s.shown, g)
	}
	slices.SortFunc(s.shown, func(a, b *group) int { return cmp.Compare(a.node, b.node) })
}

// rank prefers what an operator named to what only runs.
func (g *group) rank() float64 {
	if g.solid {
		return g.score + 1
	}
	return g.score
}

// weakest is the place of the least busy group that may be given up, -1 for
// none.
func (s *groups) weakest(turn int) int {
	at := -1
	for i, g := range s.shown {
		if turn-g.since >= hold && (at < 0 || g.rank() < s.shown[at].rank()) {
			at = i
		}
	}
	return at
}

// seriesOf makes the names of a group's series once.
func (s *groups) seriesOf(g *group) *[7]string {
	names := s.series[g]
	if names == nil {
		names = new([7]string)
		for i, what := range [...]string{"cpu", "memory", "count", "threads", "read_bytes", "write_bytes", "files"} {
			names[i] = "process." + g.node + "." + what
		}
		s.series[g] = names
	}
	return names
}

// emit fills samples. A rate needs a sweep before.
func (c *Collector) emit() {
	c.samples = c.samples[:0]
	for _, g := range c.groups.shown {
		c.emitGroup(g)
	}
	if len(c.groups.byNode) > len(c.groups.shown) || c.groups.series[c.groups.other] != nil {
		c.emitGroup(c.groups.other)
	}
}

func (c *Collector) emitGroup(g *group) {
	names := c.groups.seriesOf(g)
	emit := func(i int, value float64) {
		c.samples = append(c.samples, metric.Sample{Name: names[i], Time: c.last.UnixMilli(), Value: value})
	}
	emit(1, float64(g.memory()))
	emit(2, float64(g.count))
	emit(3, float64(g.threads))
	if c.elapsed > 0 {
		emit(0, c.percent(g))
	}
	if c.elapsed > 0 && (g.moved || g.count == 0) {
		emit(4, g.read)
		emit(5, g.written)
	}
	if g.opened || g.count == 0 {
		emit(6, float64(g.files))
	}
}

// percent is of one processor; ticks are counted with a tick's grain.
func (c *Collector) percent(g *group) float64 {
	if c.elapsed <= 0 {
		return 0
	}
	return min(float64(g.ticks)/ticksPerSecond/c.elapsed, float64(c.cpus)) * 100
}

// report is all that is shown, and the rest as one, the busiest first.
func (c *Collector) report() []host.Process {
	out := make([]host.Process, 0, len(c.groups.shown)+1)
	for _, g := range slices.Concat(c.groups.shown, []*group{c.groups.other}) {
		if g.count == 0 {
			continue
		}
		p := host.Process{
			Group: g.name, Command: g.command, Count: g.count, Threads: g.threads,
			CPU: c.percent(g), Memory: g.memory(), Read: -1, Write: -1, Files: -1,
		}
		if g.moved {
			p.Read, p.Write = g.read, g.written
		}
		if g.opened {
			p.Files = g.files
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b host.Process) int { return cmp.Compare(b.CPU, a.CPU) })
	return out
}
