package herd

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"patou/internal/component"
	"patou/internal/host"
	"patou/internal/metric"
)

// Bounds and times of links.
const (
	// linksEvery is how often agents tell of their connections.
	linksEvery = 30 * time.Second
	// maxLinks bounds what a host remembers; maxLinkSeries bounds the peers it
	// has series of.
	maxLinks      = 500
	maxLinkSeries = 60
	// fadeAfter usual gaps without being seen a link is shown no more, after
	// an hour at the earliest; forgetLink is when it is forgotten.
	fadeAfter  = 7
	fadeAtMost = time.Hour
	forgetLink = 8 * 24 * time.Hour
)

// external is the name of all that no agent tells of.
const external = "external"

// linkKey tells the links of one host apart.
type linkKey struct {
	Remote  string `json:"remote"`
	Port    int    `json:"port"`
	Inbound bool   `json:"inbound,omitempty"`
	Group   string `json:"group"` // of processes
}

// link is what a host has to one remote end, per second where it flows.
type link struct {
	Sockets     int     `json:"sockets"`
	RTT         float64 `json:"rtt"`
	Retransmits float64 `json:"retransmits"`
	Segments    float64 `json:"segments"`
	Sent        float64 `json:"sent"`
	Received    float64 `json:"received"`
	// Last is when it was last seen, Gap its longest usual absence.
	Last time.Time     `json:"last"`
	Gap  time.Duration `json:"gap"`
}

// keptLink is a link as it is kept.
type keptLink struct {
	linkKey
	link
}

// faded reports whether a link was not seen for longer than it usually is not.
func (l *link) faded(now time.Time) bool {
	return now.Sub(l.Last) > max(fadeAtMost, fadeAfter*l.Gap)
}

// sinceReport is the time that the numbers of a report of connections are for.
func (m *member) sinceReport(now time.Time) time.Duration {
	if d := now.Sub(m.linksAt); !m.linksAt.IsZero() && d > time.Second && d < 10*linksEvery {
		return d
	}
	return linksEvery
}

// connections takes over a new list of connections.
func (h *Herd) connections(m *member, list []host.Connection, now time.Time) {
	seconds := m.sinceReport(now).Seconds()
	seen, groups := map[linkKey]bool{}, m.groupsAtEnds(list)
	for i := range list {
		c := &list[i]
		key := linkKey{plainAddress(c.Remote), c.Port, c.Inbound, ""}
		nameless := key
		key.Group = cmp.Or(c.Group, groups[nameless])
		if key != nameless {
			delete(m.links, nameless)
		}
		l := m.links[key]
		switch {
		case l == nil && len(m.links) >= maxLinks && !m.forgetOldest(now):
			continue
		case l == nil:
			l = &link{Gap: linksEvery}
			m.links[key] = l
			h.dirty(m)
		case !seen[key]:
			l.Gap = max(l.Gap*9/10, now.Sub(l.Last))
		}
		was := *l
		*l = link{Gap: l.Gap, Last: now, RTT: c.RTT, Sockets: c.Sockets, Retransmits: float64(c.Retransmits) / seconds, Segments: float64(c.Segments) / seconds,
			Sent: float64(c.Sent) / seconds, Received: float64(c.Received) / seconds}
		if seen[key] { // the same end twice, as by two addresses that are one
			l.Sockets += was.Sockets
			l.Retransmits, l.Segments, l.Sent, l.Received = l.Retransmits+was.Retransmits, l.Segments+was.Segments, l.Sent+was.Sent, l.Received+was.Received
		}
		seen[key] = true
	}
	m.linksAt = now
	h.graph.stale = true
}

// groupsAtEnds are the processes that have connections to each end, by a key
// without them: sockets whose process could not be found, as it had closed them or
// had just begun, are theirs. Of several it is those told of last.
func (m *member) groupsAtEnds(list []host.Connection) map[linkKey]string {
	out := map[linkKey]string{}
	if !slices.ContainsFunc(list, func(c host.Connection) bool { return c.Group == "" }) {
		return out
	}
	last := map[linkKey]time.Time{}
	for k, l := range m.links {
		end := k
		end.Group = ""
		if k.Group != "" && (out[end] == "" || l.Last.After(last[end]) || l.Last.Equal(last[end]) && k.Group < out[end]) {
			out[end], last[end] = k.Group, l.Last
		}
	}
	for i := range list {
		if c := &list[i]; c.Group != "" {
			out[linkKey{plainAddress(c.Remote), c.Port, c.Inbound, ""}] = c.Group
		}
	}
	return out
}

// forgetOldest makes room by forgetting the link that was not seen the longest,
// if that faded.
func (m *member) forgetOldest(now time.Time) bool {
	var oldest linkKey
	var last *link
	for k, l := range m.links {
		if last == nil || l.Last.Before(last.Last) {
			oldest, last = k, l
		}
	}
	if last == nil || !last.faded(now) {
		return false
	}
	delete(m.links, oldest)
	return true
}

// plainAddress is an address in its one form.
func plainAddress(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return s
}

// ends find the host behind an address.
type ends struct {
	byAddress map[string][]*member
}

// newEnds is the table of all hosts that are there.
func (h *Herd) newEnds() *ends {
	e := &ends{byAddress: map[string][]*member{}}
	for _, m := range h.hosts {
		if m.Report.Facts == nil || m.State == Gone {
			continue
		}
		for _, a := range m.Report.Facts.Addresses {
			a = plainAddress(a)
			e.byAddress[a] = append(e.byAddress[a], m)
		}
	}
	return e
}

// find is the host at the other end of a link, nil where none is known or
// several could be: private networks of containers have the same addresses on
// each host.
func (e *ends) find(m *member, k linkKey) *member {
	if isLoopback(k.Remote) {
		return m
	}
	all := e.byAddress[k.Remote]
	if slices.Contains(all, m) {
		return m
	}
	if k.Inbound || len(all) <= 1 {
		return only(all)
	}
	var listening []*member
	for _, o := range all {
		if o.listens(k.Remote, k.Port) {
			listening = append(listening, o)
		}
	}
	return only(listening)
}

func only(all []*member) *member {
	if len(all) == 1 {
		return all[0]
	}
	return nil
}

func (m *member) listens(address string, port int) bool {
	return slices.ContainsFunc(m.Report.Listeners, func(l host.Listener) bool {
		return l.Port == port && (l.Address == "" || l.Address == "0.0.0.0" || l.Address == "::" || l.Address == "*" || plainAddress(l.Address) == address)
	})
}

// clockSkew is by how much the host's clock is ahead, in seconds.
const clockSkew = "clock.skew"

// Derive gives the samples that the server adds to a chunk: the skew of the
// host's clock, and its links by peer and port.
func (h *Herd) Derive(id string, c host.Contact, r *host.Report) []metric.Sample {
	if !isFresh(&c) {
		return nil
	}
	at := c.Newest
	if at.IsZero() {
		at = c.Sent
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.hosts[id]
	if m == nil {
		return nil
	}
	skew := c.Sent.Sub(c.Received)
	if m.skews.n > 0 {
		skew = max(skew, m.skews.best())
	}
	out := []metric.Sample{{Name: clockSkew, Time: at.UnixMilli(), Value: skew.Seconds()}}
	if r != nil && len(r.Connections) > 0 {
		out = h.linkSamples(out, m, r.Connections, at.UnixMilli(), m.sinceReport(c.Received).Seconds())
	}
	return out
}

// flow is what a host has with one peer at one port.
type flow struct {
	rtts                                   []float64
	sockets                                int
	retransmits, segments, sent, receiveds float64
}

func (f *flow) add(c *host.Connection) {
	f.rtts = append(f.rtts, c.RTT)
	f.sockets += c.Sockets
	f.retransmits += float64(c.Retransmits)
	f.segments += float64(c.Segments)
	f.sent += float64(c.Sent)
	f.receiveds += float64(c.Received)
}

func (h *Herd) linkSamples(out []metric.Sample, m *member, list []host.Connection, ms int64, seconds float64) []metric.Sample {
	e := h.currentEnds()
	flows := map[string]*flow{}
	for i := range list {
		c := &list[i]
		name := peerNode(m, e.find(m, linkKey{plainAddress(c.Remote), c.Port, c.Inbound, c.Group}), c) + "_" + strconv.Itoa(c.Port)
		f := flows[name]
		if f == nil {
			if len(flows) >= maxLinkSeries {
				continue
			}
			f = &flow{}
			flows[name] = f
		}
		f.add(c)
	}
	for _, name := range sorted(flows) {
		f := flows[name]
		add := func(what string, v float64) {
			out = append(out, metric.Sample{Name: "link." + name + "." + what, Time: ms, Value: v})
		}
		add("rtt", median(f.rtts))
		add("sockets", float64(f.sockets))
		add("retransmits", f.retransmits/seconds)
		add("retransmit_percent", share(f.retransmits, f.segments))
		add("sent", f.sent/seconds)
		add("received", f.receiveds/seconds)
	}
	return out
}

// peerNode names the other end in series.
func peerNode(m, peer *member, c *host.Connection) string {
	switch {
	case peer == m:
		return "self"
	case peer != nil:
		return component.Node(peer.group())
	case c.Inbound:
		return external // anybody may call; a name each would be without end
	}
	return component.Node(c.Remote)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// round keeps three digits behind the point: what is beyond is noise.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// share is a part in percent.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(100, 100*part/whole)
}

// keepLinks puts the links into what is kept, the newest of many.
func (m *member) keepLinks() {
	m.Links = m.Links[:0]
	for k, l := range m.links {
		m.Links = append(m.Links, keptLink{k, *l})
	}
	slices.SortFunc(m.Links, func(a, b keptLink) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Remote, b.Remote), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Group, b.Group))
	})
	m.Links = m.Links[:min(len(m.Links), maxKeptLinks)]
}

// maxKeptLinks bounds the links that outlive the server.
const maxKeptLinks = 100
