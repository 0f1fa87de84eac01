package herd

import (
	"cmp"
	"slices"
	"time"
)

// graph is who calls whom, worked out from the links of all hosts when it is
// asked for and they have changed.
type graph struct {
	stale bool
	at    time.Time
	hosts int // there were then
	ends  *ends
	edges []edge
	links []GroupLink
	calls map[string]map[string]bool // groups by group, for the order
}

// graphEvery is how often the graph is worked out at most, and graphPerHost by
// how much less often for each host: that of 2,000 takes some 50 ms.
const (
	graphEvery   = 3 * time.Second
	graphPerHost = 5 * time.Millisecond
)

// edge is a link seen from the caller: both ends' reports of it are one.
type edge struct {
	from, to *member // nil for external ends
	address  string  // of the external end
	port     int
	group    string // of processes, at the end that tells
	stats    link
	toldBy   [2]bool // caller, called
}

type edgeKey struct {
	from, to *member
	address  string
	port     int
}

// currentEnds is the table of addresses, a few seconds old at most.
func (h *Herd) currentEnds() *ends {
	h.refreshGraph()
	return h.graph.ends
}

func (h *Herd) refreshGraph() {
	now := h.clock.Now()
	g := &h.graph
	every := graphEvery + time.Duration(g.hosts)*graphPerHost
	if g.ends != nil && (!g.stale || now.Sub(g.at) < every && !now.Before(g.at)) {
		return
	}
	*g = graph{at: now, hosts: len(h.hosts), ends: h.newEnds(), calls: map[string]map[string]bool{}}
	g.edges = h.edges(g.ends, now)
	g.links = h.groupLinks(g)
}

// edges joins the reports of all hosts.
func (h *Herd) edges(e *ends, now time.Time) []edge {
	byKey := map[edgeKey]*edge{}
	for _, m := range h.hosts {
		if m.State == Gone {
			continue
		}
		for k, l := range m.links {
			if l.faded(now) {
				if now.Sub(l.Last) > forgetLink {
					delete(m.links, k)
				}
				continue
			}
			join(byKey, m, k, l, e.find(m, k))
		}
	}
	out := make([]edge, 0, len(byKey))
	for _, one := range byKey {
		out = append(out, *one)
	}
	return out
}

// join adds what one host tells of a link to the edge that it is part of.
func join(byKey map[edgeKey]*edge, m *member, k linkKey, l *link, peer *member) {
	key, side := edgeKey{from: m, to: peer, port: k.Port}, 0
	if k.Inbound {
		key.from, key.to, side = peer, m, 1
	}
	if peer == nil && !k.Inbound {
		key.address = k.Remote
	}
	e := byKey[key]
	if e == nil {
		e = &edge{from: key.from, to: key.to, address: key.address, port: k.Port, group: k.Group}
		byKey[key] = e
	}
	if peer == nil && k.Inbound {
		e.address = oneAddress(e, k.Remote)
	}
	s := *l
	if k.Inbound {
		s.Sent, s.Received = s.Received, s.Sent // as the caller sees it
	}
	switch {
	case e.toldBy[side]:
		e.stats.sum(&s)
	case e.toldBy[1-side]: // what the caller says counts
		sockets, last := max(e.stats.Sockets, s.Sockets), later(e.stats.Last, s.Last)
		if side == 0 {
			e.stats = s
		}
		e.stats.Sockets, e.stats.Last = sockets, last
	default:
		e.stats = s
	}
	e.toldBy[side] = true
}

// oneAddress is the address of an external caller, "" for several.
func oneAddress(e *edge, address string) string {
	if !e.toldBy[1] || e.address == address {
		return address
	}
	return ""
}

func (l *link) sum(o *link) {
	total := l.Sockets + o.Sockets
	if total > 0 {
		l.RTT = (l.RTT*float64(l.Sockets) + o.RTT*float64(o.Sockets)) / float64(total)
	}
	l.Sockets = total
	l.Retransmits, l.Segments, l.Sent, l.Received = l.Retransmits+o.Retransmits, l.Segments+o.Segments, l.Sent+o.Sent, l.Received+o.Received
	l.Last = later(l.Last, o.Last)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

type groupLinkKey struct {
	from, to, address string
	port              int
}

// groupLinks sums the edges of hosts up by groups; what stays within a host is
// left out.
func (h *Herd) groupLinks(g *graph) []GroupLink {
	byKey := map[groupLinkKey]*groupFlow{}
	for i := range g.edges {
		e := &g.edges[i]
		if e.from == e.to {
			continue
		}
		key := groupLinkKey{end(e.from), end(e.to), "", e.port}
		if e.from == nil || e.to == nil {
			key.address = e.address
		}
		f := byKey[key]
		if f == nil {
			f = &groupFlow{}
			byKey[key] = f
		}
		f.add(e)
		if e.from != nil && e.to != nil && key.from != key.to && !everywhere(program(e.group)) {
			if g.calls[key.from] == nil {
				g.calls[key.from] = map[string]bool{}
			}
			g.calls[key.from][key.to] = true
		}
	}
	return listLinks(byKey)
}

func end(m *member) string {
	if m == nil {
		return external
	}
	return m.group()
}

// groupFlow is what flows between two groups.
type groupFlow struct {
	rtts []float64
	sum  link
	both bool
}

func (f *groupFlow) add(e *edge) {
	f.rtts = append(f.rtts, e.stats.RTT)
	f.sum.sum(&e.stats)
	f.both = f.both || e.toldBy == [2]bool{true, true}
}

// maxGroupLinks bounds the list; those with most sockets stay.
const maxGroupLinks = 1000

func listLinks(byKey map[groupLinkKey]*groupFlow) []GroupLink {
	out := make([]GroupLink, 0, len(byKey))
	for k, f := range byKey {
		out = append(out, GroupLink{From: k.from, To: k.to, Address: k.address, Port: k.port, Sockets: f.sum.Sockets, RTT: round(median(f.rtts)),
			RetransmitPercent: round(share(f.sum.Retransmits, f.sum.Segments)), Sent: round(f.sum.Sent), Received: round(f.sum.Received), Confirmed: f.both, Last: f.sum.Last.UTC()})
	}
	if len(out) > maxGroupLinks {
		slices.SortFunc(out, func(a, b GroupLink) int { return cmp.Compare(b.Sockets, a.Sockets) })
		out = out[:maxGroupLinks]
	}
	slices.SortFunc(out, func(a, b GroupLink) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Address, b.Address))
	})
	return out
}

// Links are who calls whom, by group.
func (h *Herd) Links() []GroupLink {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refreshGraph()
	return append([]GroupLink{}, h.graph.links...)
}

// hostLinks are the links of one host.
func (h *Herd) hostLinks(m *member, now time.Time) []LinkView {
	h.refreshGraph()
	type key struct {
		linkKey
		peer string
	}
	byKey := map[key]*LinkView{}
	var rows []*LinkView
	for k, l := range m.links {
		if l.faded(now) {
			continue
		}
		peer := h.graph.ends.find(m, k)
		row := key{linkKey{k.Remote, k.Port, k.Inbound, k.Group}, end(peer)}
		if peer != nil || k.Inbound {
			row.Remote = "" // the members of a group are one row, and so is all the world
		}
		v := byKey[row]
		if v == nil {
			v = &LinkView{Direction: "to", Peer: row.peer, PeerHosts: []string{}, Address: k.Remote, Port: k.Port, Group: k.Group, Last: l.Last.UTC()}
			if k.Inbound {
				v.Direction = "from"
			}
			byKey[row], rows = v, append(rows, v)
		}
		v.add(l)
		if peer != nil && !slices.Contains(v.PeerHosts, peer.Name) {
			v.PeerHosts = append(v.PeerHosts, peer.Name)
			v.Confirmed = v.Confirmed || h.confirmed(m, peer, k)
		}
		if v.Address != k.Remote {
			v.Address = ""
		}
	}
	return sortLinks(rows)
}

// add counts one remote end; retransmits are a share of those so far.
func (v *LinkView) add(l *link) {
	total := v.Sockets + l.Sockets
	if total > 0 {
		old := float64(v.Sockets) / float64(total)
		v.RTT = v.RTT*old + l.RTT*(1-old)
		v.RetransmitPercent = v.RetransmitPercent*old + share(l.Retransmits, l.Segments)*(1-old)
	}
	v.Sockets = total
	v.Sent += l.Sent
	v.Received += l.Received
	v.Last = later(v.Last, l.Last.UTC())
}

// confirmed reports whether the other end tells of the link too.
func (h *Herd) confirmed(m, peer *member, k linkKey) bool {
	for o := range peer.links {
		if o.Port == k.Port && o.Inbound != k.Inbound && h.graph.ends.find(peer, o) == m {
			return true
		}
	}
	return false
}

func sortLinks(rows []*LinkView) []LinkView {
	out := make([]LinkView, len(rows))
	for i, v := range rows {
		slices.SortFunc(v.PeerHosts, natural)
		v.RTT, v.RetransmitPercent, v.Sent, v.Received = round(v.RTT), round(v.RetransmitPercent), round(v.Sent), round(v.Received)
		out[i] = *v
	}
	slices.SortFunc(out, func(a, b LinkView) int {
		return cmp.Or(cmp.Compare(b.Direction, a.Direction), cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Address, b.Address))
	})
	return out
}
