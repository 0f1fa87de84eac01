package sockets

import (
	"cmp"
	"net/netip"
	"slices"

	"patou/internal/host"
)

// maxConnections is how many are reported, the busiest first.
const maxConnections = 2000

// link is what sockets are summed by.
type link struct {
	group   string
	inbound bool
	remote  netip.Addr
	port    uint16
}

// sums are the connections of a sweep; their memory is used again.
type sums struct {
	at   map[link]int // into all
	all  []sum
	rtts []rtt
}

type sum struct {
	link
	sockets int
	counters
	rtt float64
}

type rtt struct {
	sum int
	ms  float64
}

// listen learns which groups listen where. Of several at one port, as with
// SO_REUSEPORT, any that is known will do.
func (c *Collector) listen() {
	clear(c.listening)
	for i := range c.rows {
		if r := &c.rows[i]; r.state == listen && c.listening[place{r.space, r.local}] == "" {
			c.listening[place{r.space, r.local}] = c.known[r.id].group
		}
	}
}

// listenerAt is the group that listens at an address and port, itself or at all
// addresses.
func (c *Collector) listenerAt(space uint64, end netip.AddrPort) string {
	for _, a := range [...]netip.Addr{end.Addr(), netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if group := c.listening[place{space, netip.AddrPortFrom(a, end.Port())}]; group != "" {
			return group
		}
	}
	return ""
}

// listeners reports where someone listens. UDP does not tell who only awaits an
// answer: that has a picked port.
func (c *Collector) listeners() []host.Listener {
	out := []host.Listener{}
	add := func(protocol string, r *row) {
		out = append(out, host.Listener{
			Group: c.known[r.id].group, Protocol: protocol, Address: r.local.Addr().String(), Port: int(r.local.Port()),
		})
	}
	for i := range c.rows {
		if r := &c.rows[i]; r.state == listen && r.space == 0 {
			add("tcp", r)
		}
	}
	for i := range c.datagram {
		if r := &c.datagram[i]; r.local.Port() != 0 && !c.picked(r.local.Port()) {
			add("udp", r)
		}
	}
	slices.SortFunc(out, func(a, b host.Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Address, b.Address), cmp.Compare(b.Group, a.Group))
	})
	return slices.CompactFunc(out, func(a, b host.Listener) bool {
		return a.Port == b.Port && a.Protocol == b.Protocol && a.Address == b.Address && (a.Group == b.Group || b.Group == "")
	})
}

// connections sums up all sockets but those that listen.
func (c *Collector) connections() []host.Connection {
	c.learn()
	s := &c.sums
	clear(s.at)
	s.all, s.rtts = s.all[:0], s.rtts[:0]
	for i := range c.rows {
		if r := &c.rows[i]; r.state != listen {
			c.add(r)
		}
	}
	s.medians()
	slices.SortFunc(s.all, func(a, b sum) int {
		return cmp.Or(cmp.Compare(b.busy(), a.busy()), a.remote.Compare(b.remote), cmp.Compare(a.port, b.port), cmp.Compare(a.group, b.group))
	})
	if len(s.all) > maxConnections {
		c.cut.Add(len(s.all) - maxConnections)
		s.all = s.all[:maxConnections]
	}
	out := make([]host.Connection, len(s.all))
	for i, k := range s.all {
		out[i] = host.Connection{
			Group: k.group, Inbound: k.inbound, Remote: k.remote.String(), Port: int(k.port), Sockets: k.sockets, RTT: k.rtt,
			Retransmits: int64(k.retransmits), Segments: int64(k.segments), Sent: int64(k.sent), Received: int64(k.received),
		}
	}
	return out
}

// busy weighs a socket as 1 KiB.
func (s *sum) busy() uint64 { return s.sent + s.received + 1024*uint64(s.sockets) }

// relearn is after how many sweeps who asks where is learnt anew.
const relearn = 20

// learn remembers who asks where, for connections too short to be seen while
// they have an owner; and what asks within this host.
func (c *Collector) learn() {
	if c.turn%relearn == 0 || len(c.callers) > maxSockets/10 {
		clear(c.callers)
	}
	for i := range c.rows {
		r := &c.rows[i]
		s := c.known[r.id]
		if r.state == listen {
			continue
		}
		if s.inbound && r.state != timeWait {
			if group := c.listenerAt(r.space, r.local); group != "" {
				s.group = group
			}
		}
		if s.inbound || s.group == "" {
			continue
		}
		if before, ok := c.callers[r.remote]; ok && before != s.group {
			c.callers[r.remote] = ""
		} else if !ok {
			c.callers[r.remote] = s.group
		}
	}
}

func (c *Collector) add(r *row) {
	s := c.known[r.id]
	short := r.state == timeWait
	if short && s.born != c.turn { // it was counted while it was open, or waits since the sweep before
		return
	}
	if s.group == "" {
		s.group = c.guess(r, s)
	}
	before := s.counters
	if !short {
		s.counters = r.counters
	}
	if r.remote.Addr().IsLoopback() && !c.within(r, s) {
		return
	}
	k := link{s.group, s.inbound, r.remote.Addr().WithZone(""), r.remote.Port()}
	if s.inbound {
		k.port = r.local.Port()
	}
	at, ok := c.sums.at[k]
	if !ok {
		at = len(c.sums.all)
		c.sums.at[k] = at
		c.sums.all = append(c.sums.all, sum{link: k})
	}
	to := &c.sums.all[at]
	to.sockets++
	if short {
		return
	}
	if r.rtt > 0 {
		c.sums.rtts = append(c.sums.rtts, rtt{at, r.rtt})
	}
	to.rise(&before, &r.counters)
}

// guess attributes a socket that no process holds any more, or that was not
// found: what came in by who listens, what asked by who else asks there.
func (c *Collector) guess(r *row, s *socket) string {
	if s.inbound {
		return c.listenerAt(r.space, r.local)
	}
	return c.callers[r.remote]
}

// within reports whether both ends of a connection inside of this host are known
// and not the same: all else on loopback is nobody's link.
func (c *Collector) within(r *row, s *socket) bool {
	if s.inbound {
		caller, known := c.callers[r.local] // "" is several
		return s.group != "" && known && caller != s.group
	}
	peer := c.listenerAt(r.space, r.remote)
	return s.group != "" && peer != "" && peer != s.group
}

// rise adds by how much the counters of a socket rose.
func (k *counters) rise(from, to *counters) {
	k.retransmits += max(from.retransmits, to.retransmits) - from.retransmits
	k.segments += max(from.segments, to.segments) - from.segments
	k.sent += max(from.sent, to.sent) - from.sent
	k.received += max(from.received, to.received) - from.received
}

// medians gives each connection the middle of its sockets' round-trip times.
func (s *sums) medians() {
	slices.SortFunc(s.rtts, func(a, b rtt) int { return cmp.Or(cmp.Compare(a.sum, b.sum), cmp.Compare(a.ms, b.ms)) })
	for from := 0; from < len(s.rtts); {
		to := from
		for to < len(s.rtts) && s.rtts[to].sum == s.rtts[from].sum {
			to++
		}
		s.all[s.rtts[from].sum].rtt = s.rtts[(from+to-1)/2].ms
		from = to
	}
}
