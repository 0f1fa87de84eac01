package herd

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"patou/internal/host"
)

// Overview is the herd now, but for the events, which are not the keeper's.
func (h *Herd) Overview() *Overview {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Now()
	o := &Overview{Now: now.UTC(), At: now.UTC(), Groups: []Group{}, Events: []RecentEvent{}}
	byName := map[string]*Group{}
	for _, m := range h.shown(now) {
		g := o.place(byName, m.group(), m.tile())
		if now.Sub(m.First) < 24*time.Hour {
			g.Joined++
		}
		if m.State == Gone || m.State == Lost {
			g.Left++
		}
	}
	h.describe(o, byName)
	o.Answer = h.answer(o, now)
	return o
}

func newGroup(name string) *Group {
	return &Group{Name: name, Calls: []string{}, CalledBy: []string{}, Signals: []Signal{}, Members: []Member{}}
}

// describe gives the groups what is known of them, in order.
func (h *Herd) describe(o *Overview, byName map[string]*Group) {
	h.refreshGraph()
	for _, name := range order(sorted(byName), h.graph.calls, func(name string) int { return h.rank(byName[name]) }) {
		g := byName[name]
		h.explain(g)
		for to := range h.graph.calls[name] {
			if called := byName[to]; called != nil {
				g.Calls = append(g.Calls, to)
				called.CalledBy = append(called.CalledBy, name)
			}
		}
		if s := h.signals[name]; s != nil {
			g.Signals = s
		}
		o.Groups = append(o.Groups, *g)
	}
	for i := range o.Groups {
		g := &o.Groups[i]
		g.CalledBy = byName[g.Name].CalledBy
		slices.Sort(g.Calls)
		slices.Sort(g.CalledBy)
	}
}

// rank is the place that a group's function usually has.
func (h *Herd) rank(g *Group) int {
	if r := role(g.Name); r != otherRole {
		return r
	}
	for i := range g.Members {
		if e := h.hosts[g.Members[i].ID].evidence; e != nil && e.function != "" {
			return role(e.function)
		}
	}
	return otherRole
}

// whatListed bounds the programs that say what a group is.
const whatListed = 3

// explain says what runs on a group's members, and why they are one.
func (h *Herd) explain(g *Group) {
	runs, whys := map[string]int{}, map[string]int{}
	for i := range g.Members {
		m := h.hosts[g.Members[i].ID]
		why := m.GroupWhy
		if m.GroupSet != "" {
			why = "set by hand"
		}
		whys[why]++
		if m.evidence == nil {
			continue
		}
		for _, p := range m.evidence.names {
			runs[p]++
		}
	}
	g.What = strings.Join(mostOf(runs, whatListed), ", ")
	if most := mostOf(whys, 1); len(most) > 0 {
		g.Why = most[0]
	}
}

// mostOf are the most frequent, of equals the first by name.
func mostOf(counts map[string]int, n int) []string {
	names := sorted(counts)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	return names[:min(n, len(names))]
}

// shown are the hosts in the view, in order of name.
func (h *Herd) shown(now time.Time) []*member {
	out := make([]*member, 0, len(h.hosts))
	for _, m := range h.hosts {
		if m.shown(now) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *member) int { return cmp.Or(natural(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return out
}

// natural orders names so that web-2 stands before web-10.
func natural(a, b string) int {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		x, y := digits(a[i:]), digits(b[j:])
		if x > 0 && y > 0 {
			m, n := strings.TrimLeft(a[i:i+x], "0"), strings.TrimLeft(b[j:j+y], "0")
			if c := cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n)); c != 0 {
				return c
			}
			i, j = i+x, j+y
			continue
		}
		if a[i] != b[j] {
			return cmp.Compare(a[i], b[j])
		}
		i, j = i+1, j+1
	}
	return cmp.Or(cmp.Compare(len(a)-i, len(b)-j), strings.Compare(a, b))
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// group is the host's group: the one that people chose, else the one found.
func (m *member) group() string { return cmp.Or(m.GroupSet, m.Group, "unnamed") }

// tile is the host as the overview shows it.
func (m *member) tile() Member {
	v := Member{ID: m.ID, Name: m.Name, State: m.State, Health: m.Health, Word: word(m.State, m.Health), Full: fullest(m.full), Reason: m.Reason, Since: m.Since.UTC()}
	if m.State != Up && m.State != Joining {
		v.Full = nil // what it was is not what it is
		v.Reason = m.Why
	} else if m.Health != Fine {
		v.Since = m.HealthSince.UTC()
	}
	return v
}

func word(s State, health Health) string {
	if s == Up && health != Fine {
		return string(health)
	}
	return string(s)
}

func fullest(all []host.Resource) *Fullest {
	if len(all) == 0 {
		return nil
	}
	most := slices.MaxFunc(all, func(a, b host.Resource) int { return cmp.Compare(a.Percent, b.Percent) })
	return &Fullest{Name: most.Name, Percent: round(most.Percent), Of: most.Of}
}

// add counts one host.
func (c *Counts) add(m *Member) {
	c.Hosts++
	switch m.State {
	case Joining:
		c.Joining++
	case Up:
		c.Up++
	case Late:
		c.Late++
	case Leaving:
		c.Leaving++
	case Gone:
		c.Gone++
	case Lost:
		c.Lost++
	}
	if !m.State.present() {
		return
	}
	switch m.Health {
	case Warn:
		c.Warn++
	case Crit:
		c.Crit++
	case Fine:
	}
}

// Count is how many hosts are in a state.
func (h *Herd) Count(s State) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, m := range h.hosts {
		if m.State == s {
			n++
		}
	}
	return n
}

// Hosts are all that are shown, in order of name.
func (h *Herd) Hosts() []ListedHost {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []ListedHost{}
	for _, m := range h.shown(h.clock.Now()) {
		out = append(out, ListedHost{
			ID: m.ID, Name: m.Name, Node: m.Node, Group: m.group(), State: m.State, Health: m.Health, Word: word(m.State, m.Health),
			Last: m.Last.UTC(), Full: fullest(m.full), ComponentCount: len(h.places.of(m.Name)),
		})
	}
	return out
}
