package why

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/why/shift"
)

// finding is a row before it is ranked.
type finding struct {
	Reason
	weight, surprise float64
	// factor is what its kind counts; bonus lifts what is the cause by
	// construction above all statistics.
	factor, bonus float64
	onset         int64
	// harm is set where it shows requests that became slow or failed, and
	// strength is by how much.
	harm     bool
	strength float64
}

func (q *question) newFinding(kind, c, host string, onset int64, p float64) *finding {
	f := &finding{factor: 1, onset: onset, surprise: shift.Surprise(p)}
	f.Kind, f.Component, f.Host, f.Time = kind, c, host, stamp(onset)
	f.Chance, f.ChanceText = max(min(p, 1), 1e-6), chanceText(p)
	f.Strong, f.Evidence = []string{}, []Evidence{}
	return f
}

// similarity from which on two series of one part are one row.
const similarity = 0.85

// seriesFindings makes a row of each group of series that moved as one.
func (q *question) seriesFindings(g *graph, kept []*change) []*finding {
	var out []*finding
	for _, c := range q.cluster(kept) {
		f := q.seriesFinding(c)
		f.weight = q.weigh(g, c.component, c.host)
		if f.weight < weightCaller {
			// Far away, what moves like the selected curve is nearer.
			f.weight = max(f.weight, weightBeside*c.alike*c.alike)
			if c.state != "" {
				f.weight = 0 // things come and go elsewhere all the time
			}
		}
		q.comparePeers(f, c, kept)
		out = append(out, f)
	}
	return out
}

// cluster puts changes of one part that move together under the first of them.
func (q *question) cluster(kept []*change) []*change {
	leaders := map[string][]*change{}
	var out []*change
	for _, c := range kept {
		if q.isDrawn(c.name) {
			continue
		}
		key := c.component + "\x00" + c.host + "\x00" + c.state
		if c.component == "" && c.host == "" {
			key += parent(c.name)
		}
		if to := q.leader(leaders[key], c); to != nil {
			to.similar = append(to.similar, c.name)
			continue
		}
		leaders[key] = append(leaders[key], c)
		out = append(out, c)
	}
	return out
}

func (q *question) leader(leaders []*change, c *change) *change {
	for _, l := range leaders[:min(len(leaders), 8)] {
		family := parent(l.name) == parent(c.name) && l.Z > 0 == (c.Z > 0) && max(l.onset-c.onset, c.onset-l.onset) <= q.grid.length()/4
		if c.state != "" || family || math.Abs(shift.Alike(l.values, c.values)) >= similarity {
			return l
		}
	}
	return nil
}

// parent is a name without its last node.
func parent(name string) string {
	path, _, _ := strings.Cut(name, ";")
	if i := strings.LastIndexByte(path, '.'); i > 0 {
		return path[:i]
	}
	return path
}

// subject is a series' name within what it is about.
func subject(c *change) string {
	name := strings.TrimPrefix(c.name, "logs.")
	if c.component != "" && strings.HasPrefix(name, c.component+".") {
		return name[len(c.component)+1:]
	}
	if rest, ok := strings.CutPrefix(c.name, "host."); ok {
		if _, rest, ok = strings.Cut(rest, "."); ok {
			return rest
		}
	}
	return name
}

// whose is how a sentence calls a component or host.
func whose(c *change) string {
	switch {
	case c.component != "":
		return c.component
	case c.host != "":
		return c.host
	}
	return "This series"
}

func (q *question) seriesFinding(c *change) *finding {
	kind := KindSeries
	switch {
	case isLink(c.name):
		kind = KindLink
	case strings.HasPrefix(c.name, "check."):
		kind = KindCheck
	case strings.HasPrefix(c.name, "host.") || c.component == "" && c.host != "":
		kind = KindVitals
	}
	f := q.newFinding(kind, c.component, c.host, q.grid.time(c.onset), c.q)
	f.Strong = []string{subject(c)}
	f.Similar = len(c.similar)
	f.harm, f.strength = isHarm(c), math.Abs(c.Z)
	f.factor *= meaning(c)
	q.describe(f, c)
	f.Spark = q.spark(c.values)
	f.Link = q.graphOf(append([]string{c.name}, c.similar[:min(len(c.similar), 7)]...))
	return f
}

// isLink reports whether a series tells of a host's connections to a peer:
// host.NODE.link.PEER.rtt.
func isLink(name string) bool {
	nodes := strings.SplitN(name, ".", 4)
	return len(nodes) == 4 && nodes[0] == "host" && nodes[2] == "link"
}

// describe writes the sentence of a change.
func (q *question) describe(f *finding, c *change) {
	similar := ""
	if n := len(c.similar); n > 0 {
		similar = fmt.Sprintf(" and %d similar", n)
	}
	at := q.clockTime(q.grid.time(c.onset))
	switch c.state {
	case "new":
		f.Value = "new"
		f.Sentence = fmt.Sprintf("%s: %s%s began at %s; there were no values in the %s before.", whose(c), subject(c), similar, at, span(q.baseLength()))
		return
	case "gone":
		f.Value = "gone"
		f.Sentence = fmt.Sprintf("%s: %s%s ended at %s; there was a value all the time before.", whose(c), subject(c), similar, at)
		return
	}
	write, before, after := unit(c.name), c.Before, c.After
	per := ""
	if c.rate {
		per = "/s"
	}
	verb := "rose"
	if c.Z < 0 {
		verb = "fell"
	}
	f.Value = difference(write, before, after) + per
	f.Sentence = fmt.Sprintf("%s: %s%s %s from %s%s to %s%s at %s", whose(c), subject(c), similar, verb, write(before), per, write(after), per, at)
	if t := times(before, after); t != "" {
		f.Sentence += ", " + t
	}
	f.Sentence += "."
}

// difference is a difference with its sign.
func difference(write func(float64) string, before, after float64) string {
	d := after - before
	if d < 0 {
		return "\u2212" + write(-d)
	}
	return "+" + write(d)
}

func (q *question) baseLength() time.Duration { return q.Base.Duration() }

// What a series counts by what it means: that requests became faster, or that
// somebody asks more, is rarely why something else became worse.
const (
	betterShare  = 0.5
	trafficShare = 0.6
	otherShare   = 0.9
)

func meaning(c *change) float64 {
	opposite := *c
	opposite.Z = -c.Z
	switch {
	case isHarm(c):
		return 1
	case isHarm(&opposite):
		return betterShare
	case isTraffic(c.name):
		return trafficShare
	}
	return otherShare
}

// isHarm reports whether a change is what users would complain of.
func isHarm(c *change) bool {
	name := strings.ToLower(c.name)
	up := c.Z > 0
	for _, bad := range []string{"request_time", "latency", "duration", "response_time", "5xx", "error", "fail", "timeout"} {
		if strings.Contains(name, bad) {
			return up
		}
	}
	for _, good := range []string{"availability", "success"} {
		if strings.Contains(name, good) {
			return !up
		}
	}
	return false
}

// comparePeers tells of a host's change whether the others of its group show
// it too: then the host is not the reason.
func (q *question) comparePeers(f *finding, c *change, kept []*change) {
	group := q.kin.Groups[c.host]
	if c.host == "" || group == "" {
		return
	}
	peers, with := 0, 0
	for _, h := range q.kin.Hosts[group] {
		if sameHost(h, c.host) {
			continue
		}
		peers++
		if slices.ContainsFunc(kept, func(o *change) bool {
			return sameHost(o.host, h) && subject(o) == subject(c) && o.Z > 0 == (c.Z > 0)
		}) {
			with++
		}
	}
	switch {
	case peers == 0:
	case 2*with >= peers:
		f.factor *= 0.7
		f.Sentence += fmt.Sprintf(" %d of its %d peers in %s show it too.", with, peers, group)
	default:
		f.Sentence += fmt.Sprintf(" %d of its %d peers in %s show it.", with, peers, group)
	}
}

// graphOf leads to a graph of series, the window and what was before it.
func (q *question) graphOf(names []string) Way {
	return Way{Kind: "graph", Targets: names, From: stamp(q.Window.From - q.Window.Duration().Nanoseconds()), Until: stamp(q.Window.Until + q.Window.Duration().Nanoseconds()/2)}
}

// mostSpark is how many values a spark has.
const mostSpark = 60

// spark makes a small graph of values on the grid.
func (q *question) spark(values []float64) *Curve {
	from := max(q.grid.window.Until-4*q.grid.length(), 0)
	per := (len(values)-from-1)/mostSpark + 1
	s := &Curve{
		From: stamp(q.grid.time(from)), StepMS: int64(per) * q.grid.step / 1e6,
		Window: []string{stamp(q.Window.From), stamp(q.Window.Until)}, Values: []*float64{},
	}
	for i := from; i < len(values); i += per {
		sum, n := 0.0, 0
		for _, v := range values[i:min(i+per, len(values))] {
			if !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		if n == 0 {
			s.Values = append(s.Values, nil)
			continue
		}
		mean := roundTo(sum/float64(n), 6)
		s.Values = append(s.Values, &mean)
	}
	return s
}
