package why

import (
	"math"
	"slices"
	"strings"

	"patou/internal/component"
)

// The weights of what may be the cause, by how near it stands to what was
// selected. The component itself and what it calls come first: causes travel
// from the called to the caller.
const (
	weightSelf    = 1.0
	weightBelow   = 0.95 // its children, and what it is a part of
	weightHost    = 0.9  // the hosts that it runs on
	weightCallee  = 0.9  // what it calls; what that calls in turn a little less
	weightCaller  = 0.5
	weightBeside  = 0.5 // others on its hosts
	weightPeer    = 0.4 // hosts of the same group
	weightSibling = 0.35
	weightRest    = 0.2
)

// inScope reports whether something is part of what was selected.
func (q *question) inScope(c, host string) bool {
	if c == "" && host != "" {
		return slices.Contains(q.hosts, host)
	}
	for _, own := range q.components {
		if component.Within(c, own) {
			return true
		}
	}
	return c == "" && slices.Contains(q.hosts, host) || len(q.components) == 0 && slices.Contains(q.hosts, host)
}

// graph is who calls whom, and who runs where.
type graph struct {
	calls, called map[string][]string
	// on are the hosts of a component, of the components of a host.
	on, of map[string][]string
}

func (g *graph) link(from, to string) {
	if from == to || from == "" || to == "" || slices.Contains(g.calls[from], to) {
		return
	}
	g.calls[from] = append(g.calls[from], to)
	g.called[to] = append(g.called[to], from)
}

func (g *graph) place(c, host string) {
	if c == "" || host == "" || slices.Contains(g.on[c], host) {
		return
	}
	g.on[c] = append(g.on[c], host)
	g.of[host] = append(g.of[host], c)
}

// The calls that a cause is followed along, and what is left of its weight, or
// of what it explains, after each.
const (
	mostHops = 6
	hopShare = 0.95
)

// hops is how many calls lead from one component to another, 0 for none.
func (g *graph) hops(from, to string) int {
	seen := map[string]bool{from: true}
	ring := []string{from}
	for n := 1; n <= mostHops && len(ring) > 0; n++ {
		var next []string
		for _, c := range ring {
			for _, callee := range g.calls[c] {
				if callee == to {
					return n
				}
				if !seen[callee] {
					seen[callee] = true
					next = append(next, callee)
				}
			}
		}
		ring = next
	}
	return 0
}

// newGraph gathers the links that the herd knows, and those that entries name.
func (q *question) newGraph() *graph {
	g := &graph{calls: map[string][]string{}, called: map[string][]string{}, on: map[string][]string{}, of: map[string][]string{}}
	if q.lines != nil {
		for _, p := range q.lines.places {
			g.place(p[0], p[1])
		}
		for _, l := range q.lines.links {
			g.link(l[0], l[1])
		}
	}
	for _, c := range q.series.changes {
		g.place(c.component, c.host)
	}
	for _, l := range q.kin.Links {
		for _, from := range q.endsOf(g, l.From) {
			for _, to := range q.endsOf(g, l.To) {
				g.link(from, to)
			}
		}
	}
	for _, lists := range []map[string][]string{g.calls, g.called, g.on, g.of} {
		for _, list := range lists {
			slices.Sort(list)
		}
	}
	return g
}

// endsOf are the components that an end of a link stands for: itself, or what
// runs on the hosts of a group.
func (q *question) endsOf(g *graph, name string) []string {
	ends := []string{component.Clean(name)}
	for _, h := range append(slices.Clone(q.kin.Hosts[name]), name) {
		ends = append(ends, g.of[h]...)
	}
	slices.Sort(ends)
	return slices.Compact(ends)
}

// weigh tells how near a component or, where that is "", a host stands.
func (q *question) weigh(g *graph, c, host string) float64 {
	if c == "" {
		return q.weighHost(g, host)
	}
	most := weightRest
	if len(q.components) == 0 {
		for _, h := range append([]string{host}, g.on[c]...) {
			if slices.Contains(q.hosts, h) {
				most = max(most, weightBelow)
			}
		}
	}
	for _, own := range q.components {
		most = max(most, q.weighAgainst(g, c, own))
	}
	return most
}

func (q *question) weighAgainst(g *graph, c, own string) float64 {
	switch {
	case c == own:
		return weightSelf
	case component.Within(c, own) || component.Within(own, c):
		return weightBelow
	}
	most := weightRest
	if hops := g.hops(own, c); hops > 0 {
		most = weightCallee * math.Pow(hopShare, float64(hops-1))
	}
	if slices.Contains(g.called[own], c) {
		most = max(most, weightCaller)
	}
	for _, h := range g.on[own] {
		if slices.Contains(g.on[c], h) {
			most = max(most, weightBeside)
		}
	}
	if i := strings.LastIndexByte(own, '.'); i > 0 && component.Within(c, own[:i]) {
		most = max(most, weightSibling)
	}
	return most
}

func (q *question) weighHost(g *graph, host string) float64 {
	if slices.Contains(q.hosts, host) {
		return weightSelf
	}
	most := weightRest
	for _, own := range q.components {
		for _, h := range g.on[own] {
			if sameHost(h, host) {
				most = max(most, weightHost)
			} else if q.peers(h, host) {
				most = max(most, weightPeer)
			}
		}
	}
	for _, h := range q.hosts {
		if q.peers(h, host) {
			most = max(most, weightPeer)
		}
	}
	return most
}

// sameHost reports whether two names are of one host: as written, or as a node.
func sameHost(a, b string) bool { return a == b || component.Node(a) == component.Node(b) }

// peers reports whether two hosts do the same.
func (q *question) peers(a, b string) bool {
	group := q.kin.Groups[a]
	return group != "" && group == q.kin.Groups[b] && !sameHost(a, b)
}
