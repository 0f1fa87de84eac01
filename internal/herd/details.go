package herd

import (
	"context"
	"maps"
	"slices"
	"time"

	"patou/internal/component"
	"patou/internal/host"
)

// statesListed is how many changes of a host are shown.
const statesListed = 100

// Host is all that is known of the host with an id or a name; its state is that
// of a moment of the past where at is not zero. Of a host that no agent tells of
// it is what its entries say. ErrUnknown for no host.
func (h *Herd) Host(ctx context.Context, idOrName string, at time.Time) (*HostDetails, error) {
	h.mu.Lock()
	m := h.find(idOrName)
	if m == nil {
		h.mu.Unlock()
		if components, last := h.places.spoke(idOrName); len(components) > 0 {
			return Unwatched(idOrName, last, components), nil
		}
		return nil, ErrUnknown
	}
	d, id := h.details(m), m.ID
	var recent []host.Moment
	for _, one := range h.unsaved.moments {
		if one.Host == id {
			recent = append(recent, one)
		}
	}
	h.mu.Unlock()
	slices.Reverse(recent)
	if h.store != nil {
		old, err := h.store.MomentsOf(ctx, id, statesListed)
		if err != nil {
			return nil, err
		}
		recent = append(recent, old...)
	}
	for _, one := range recent[:min(len(recent), statesListed)] {
		d.States = append(d.States, StateView{time.Unix(0, one.Time).UTC(), State(one.State), Health(one.Health), one.Why})
	}
	if !at.IsZero() {
		d.rewind(at)
	}
	return d, nil
}

// Unwatched is what is known of a host that no agent tells of: its name, when its
// last entry was, and which components wrote from it.
func Unwatched(name string, last time.Time, components []string) *HostDetails {
	node := component.Node(name)
	d := &HostDetails{
		Name: name, Node: node, Nodes: []string{node}, Word: "no agent", Since: last.UTC(), First: last.UTC(), Last: last.UTC(), GroupFrom: "found",
		Components: append([]string{}, components...), Links: []LinkView{}, States: []StateView{},
		Notes: []string{"No agent watches this host: it is known from its log entries alone. Start `patou agent --server URL --token-file FILE` on it to see its vitals, units and links; " +
			"`patou token create NAME --scope write` here makes the token."},
	}
	d.fill(&member{})
	return d
}

// rewind shows the state of the past.
func (d *HostDetails) rewind(at time.Time) {
	for _, s := range d.States {
		if !s.Time.After(at) {
			d.State, d.Health, d.Word, d.Reason, d.Since = s.State, s.Health, word(s.State, s.Health), s.Why, s.Time
			return
		}
	}
}

// find is the host of an id, else the one that has, or last had, a name or node.
func (h *Herd) find(idOrName string) *member {
	if m := h.hosts[idOrName]; m != nil {
		return m
	}
	if m := h.nodes[idOrName]; m != nil {
		return m
	}
	var last *member
	for _, m := range h.hosts {
		if (m.Name == idOrName || m.Label == idOrName) && (last == nil || last.Node == "" && m.Node != "" || m.Last.After(last.Last)) {
			last = m
		}
	}
	return last
}

func (h *Herd) details(m *member) *HostDetails {
	t := m.tile()
	d := &HostDetails{
		ID: m.ID, Name: m.Name, Node: m.Node, Nodes: nodesOf(m), State: m.State, Health: m.Health, Word: t.Word, Reason: t.Reason, Since: t.Since,
		First: m.First.UTC(), Last: m.Last.UTC(), Group: m.group(), GroupReason: m.GroupWhy, GroupFrom: "found",
		SkewMS: float64(m.skews.best().Microseconds()) / 1000, Machine: shown(m.Machine), Boot: m.Boot, Notes: slices.Clone(m.Notes),
		Agent:      AgentView{finite(m.read.AgentCPU), finite(m.read.AgentMemory), finite(m.read.Spool), finite(m.read.SweepSeconds)},
		Components: h.places.of(m.Name), Links: h.hostLinks(m, h.clock.Now()), States: []StateView{},
	}
	if m.GroupSet != "" {
		d.GroupFrom, d.GroupReason = "set", "set by hand; found was "+m.Group+", by "+m.GroupWhy
	}
	if d.Notes == nil {
		d.Notes = []string{}
	}
	d.fill(m)
	return d
}

func nodesOf(m *member) []string {
	out := []string{}
	if m.Node != "" {
		out = append(out, m.Node)
	}
	for _, n := range slices.Backward(m.Nodes) {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func finite(v float64) float64 {
	if v != v {
		return 0
	}
	return v
}

// fill copies what the agent told.
func (d *HostDetails) fill(m *member) {
	r := &m.Report
	if f := r.Facts; f != nil {
		d.Facts = &FactsView{Agent: f.Agent, OS: f.OS, Kernel: f.Kernel, Arch: f.Arch, CPUs: f.CPUs, CPU: f.CPU, Memory: f.Memory, Container: f.Container,
			Addresses: append([]string{}, f.Addresses...), Started: f.Started.UTC(), AgentStarted: f.AgentStarted.UTC(), Labels: map[string]string{}}
		maps.Copy(d.Facts.Labels, f.Labels)
	}
	d.Full = []Fullest{}
	for _, f := range m.full {
		d.Full = append(d.Full, Fullest{f.Name, f.Percent, f.Of})
	}
	d.Units = each(r.Units, func(u host.Unit) UnitView {
		return UnitView{u.Name, u.Active, u.Sub, u.Since.UTC(), u.Enabled, u.Restarts}
	})
	d.Processes = each(r.Processes, func(p host.Process) ProcessView { return ProcessView(p) })
	d.FileSystems = each(r.FileSystems, func(f host.FileSystem) FileSystemView { return FileSystemView(f) })
	d.Listeners = each(r.Listeners, func(l host.Listener) ListenerView { return ListenerView(l) })
}

func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}
