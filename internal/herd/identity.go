package herd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"patou/internal/component"
	"patou/internal/entry"
	"patou/internal/host"
)

// ErrFull is returned for a new host where there are maxHosts.
var ErrFull = errors.New("the herd has as many hosts as it can hold: forget some that are gone")

// freshFor is how old the newest of what is sent may be for the sender to be
// taken as speaking of now: a spool that is drained after an outage is not.
const freshFor = 20 * time.Second

// isFresh reports whether a contact tells of now.
func isFresh(c *host.Contact) bool {
	return c.Newest.IsZero() || c.Sent.Sub(c.Newest) < freshFor
}

// Identify says under which node a host is kept; a machine that was never seen
// is a new host from here on. Machine-id and boot-id say who it is; its name is
// a label. See docs/adr/0011-identity-of-a-host.md.
func (h *Herd) Identify(c host.Contact) (host.Known, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := c.Received
	if c.Machine == "" {
		c.Machine = "name:" + c.Name // all that is known of it
	}
	if c.Name == "" {
		c.Name = "host-" + c.Machine[:min(8, len(c.Machine))]
	}
	m := h.match(&c)
	if m == nil {
		if len(h.hosts) >= maxHosts {
			return host.Known{}, ErrFull
		}
		m = h.join(&c)
	}
	if m.Node == "" {
		h.name(m, &c) // its name was taken while it was away
	}
	if isFresh(&c) && !now.Before(m.fresh) {
		h.settle(m, &c)
		m.fresh = now
	}
	m.heard = now
	return host.Known{ID: m.ID, Name: m.Name, Node: m.Node}, nil
}

// match finds the host that speaks, nil for a new one.
func (h *Herd) match(c *host.Contact) *member {
	twins := h.machines[c.Machine]
	best := (*member)(nil)
	for _, m := range twins {
		switch {
		case m.Boot == c.Boot && m.Instance == c.Instance:
			return m
		case m.Instance == c.Instance && !isFresh(c):
			return m // what it kept of the time before it started again
		}
		// Of several the one that was silent the longest is who comes back.
		if !h.speaks(m, c.Received) && m.resembles(c) && (best == nil || m.heard.Before(best.heard)) {
			best = m
		}
	}
	return best
}

// resembles reports whether a contact of the same machine-id may be of the same
// host: its agent's spool, or its name, outlived what else changed. Machines that
// were made of one image, and containers of one kernel, share neither.
func (k *kept) resembles(c *host.Contact) bool {
	return k.Instance == c.Instance || k.Label == clip(c.Name)
}

// speaks reports whether a host is there at this moment: another that has its
// machine-id is then a clone, and one that has its name took it.
func (h *Herd) speaks(m *member, now time.Time) bool {
	return m.State.present() && now.Sub(m.fresh) < absorbAfter
}

// join makes a new host.
func (h *Herd) join(c *host.Contact) *member {
	m := &member{tests: map[string]*problem{}, links: map[linkKey]*link{}, dropped: -1, refused: -1}
	m.kept = kept{
		ID: h.newID(c.Machine), Machine: c.Machine, Boot: c.Boot, Instance: c.Instance,
		First: c.Received, Last: c.Received, Health: Fine, HealthSince: c.Received,
	}
	m.fresh = c.Received
	for _, twin := range h.machines[c.Machine] {
		if h.speaks(twin, c.Received) && (m.Twin == "" || twin.resembles(c)) {
			m.Twin, m.unproven = twin.ID, true
		}
	}
	h.hosts[m.ID] = m
	h.machines[c.Machine] = append(h.machines[c.Machine], m)
	h.name(m, c)
	m.wantReport = true
	m.State = Joining
	h.regroup(m, c.Received)
	h.enter(m, Joining, c.Received, "")
	if !m.unproven {
		h.tell(m, "joined", c.Received, m.Name+" joined", "")
	}
	return m
}

// prove finds out about one that has the machine-id of another who spoke a
// moment before. If both go on, one is a clone; if the other fell silent, it was
// the same machine all along, which started again within seconds.
func (h *Herd) prove(m *member, now time.Time) {
	twin := h.hosts[m.Twin]
	switch {
	case twin == nil:
		m.unproven = false
		h.tell(m, "joined", now, m.Name+" joined", "")
	case twin.fresh.Sub(m.First) >= provenAfter:
		m.unproven = false
		why := "one of the two is a clone."
		if m.Boot == twin.Boot {
			why = "one of the two is a clone or a container, or two agents run on one machine."
		}
		m.note(fmt.Sprintf("It has the machine-id of %s, and both speak: %s", twin.Name, why))
		twin.note(fmt.Sprintf("%s has its machine-id, and both speak: %s", m.Name, why))
		h.dirty(twin)
		h.dirty(m)
		h.tell(m, "joined", m.First, m.Name+" joined", "")
		h.tell(m, "clone", now, fmt.Sprintf("%s has the machine-id of %s", m.Name, twin.Name), "Both speak at once: "+why)
	case now.Sub(twin.fresh) < absorbAfter || !m.fresh.After(twin.fresh):
	case twin.Instance == m.Instance || twin.Label == m.Label:
		h.absorb(twin, m)
	default:
		m.unproven = false
		h.tell(m, "joined", m.First, m.Name+" joined", "")
	}
}

// When both of two with one machine-id are believed to be there, and when the
// silent one is believed to be the other.
const (
	provenAfter = interval / 2
	absorbAfter = 4 * interval
)

// absorb makes of two hosts the one that they are.
func (h *Herd) absorb(m, again *member) {
	h.drop(again)
	if again.Node != "" {
		m.Nodes = lastOf(append(m.Nodes, again.Node), maxNodes)
	}
	c := host.Contact{Identity: host.Identity{Machine: again.Machine, Boot: again.Boot, Instance: again.Instance, Name: again.Label}, Received: again.First}
	m.fresh, m.heard, m.Last = again.fresh, again.heard, again.Last
	h.settle(m, &c)
	m.Report, m.full, m.read, m.skews = again.Report, again.full, again.read, again.skews
	m.tests = again.tests
	if m.State == Late || m.State == Lost {
		h.enter(m, Up, again.Last, "")
	}
	h.regroup(m, again.Last)
}

// newID is short, and the same for the same machine. The machine-id itself is
// nothing to show around.
func (h *Herd) newID(machine string) string {
	for n := uint64(0); ; n++ {
		id := fmt.Sprintf("%016x", xxhash.Sum64String(machine+"#"+strconv.FormatUint(n, 10)))
		if h.hosts[id] == nil {
			return id
		}
	}
}

// shown stands for a machine-id where people see it: the id itself would let
// whoever reads it, and may write, speak as the machine.
func shown(machine string) string {
	sum := sha256.Sum256([]byte("patou machine " + machine))
	return hex.EncodeToString(sum[:8])
}

// settle takes over what a contact says of who a known host is now.
func (h *Herd) settle(m *member, c *host.Contact) {
	switch {
	case m.Boot != c.Boot:
		h.rebooted(m, c)
	case m.Instance != c.Instance:
		m.Instance = c.Instance
		h.dirty(m)
	}
	if m.Label != clip(c.Name) {
		before := m.Name
		h.name(m, c)
		if before != m.Name {
			h.tellSome(m, "renamed", c.Received, before+" is called "+m.Name+" now", "")
		}
	}
}

func (h *Herd) rebooted(m *member, c *host.Contact) {
	announced := m.Goodbye == host.Reboot || m.Goodbye == host.Shutdown
	m.Goodbye = "" // it is back: nothing more is announced
	m.Boot, m.Instance = c.Boot, c.Instance
	m.Report = host.Report{Facts: m.Report.Facts}
	m.wantReport = true
	clear(m.tests)
	h.dirty(m)
	if announced {
		h.tellSome(m, "reboot", c.Received, m.Name+" rebooted", "It had said so.")
		return
	}
	h.tellSome(m, "reboot", c.Received, m.Name+" rebooted without saying so", "It fell silent without goodbye and came back with a new boot-id.")
}

func clip(name string) string { return name[:min(len(name), entry.MaxHost)] }

// name gives a host the name that it calls itself, or one that is free: a name
// belongs to the one who speaks under it; of one who is silent it is taken over.
func (h *Herd) name(m *member, c *host.Contact) {
	label := clip(c.Name)
	name, node := label, component.Node(label)
	for n := 2; ; n++ {
		holder := h.nodes[node]
		if holder == nil || holder == m {
			break
		}
		if m.Twin != holder.ID && !h.speaks(holder, c.Received) && !holder.expected() {
			h.dispossess(holder, c.Received)
			break
		}
		m.note(fmt.Sprintf("The name %s is taken by another machine that speaks.", name))
		name = label + "-" + strconv.Itoa(n)
		node = component.Node(name)
	}
	if m.Node != "" && m.Node != node {
		delete(h.nodes, m.Node)
		if !slices.Contains(m.Nodes, m.Node) {
			m.Nodes = lastOf(append(m.Nodes, m.Node), maxNodes)
		}
	}
	m.Label, m.Name, m.Node = label, name, node
	h.nodes[node] = m
	h.dirty(m)
}

// expected reports whether a silent host said that it will be back.
func (k *kept) expected() bool { return k.State == Leaving && k.Goodbye == host.Reboot }

// dispossess takes the name of a silent host for another machine.
func (h *Herd) dispossess(m *member, now time.Time) {
	delete(h.nodes, m.Node)
	m.note(fmt.Sprintf("Another machine has taken the name %s.", m.Name))
	if m.State != Gone {
		h.enter(m, Gone, now, "another machine has taken its name")
	}
	m.Nodes = lastOf(append(m.Nodes, m.Node), maxNodes)
	m.Node = ""
	h.dirty(m)
}

// Bounds of what a host remembers.
const (
	maxNodes = 20
	maxNotes = 5
)

func lastOf[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }

// note adds a sentence for people, once.
func (k *kept) note(text string) {
	if !slices.Contains(k.Notes, text) {
		k.Notes = lastOf(append(k.Notes, text), maxNotes)
	}
}
