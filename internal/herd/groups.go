package herd

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"patou/internal/host"
)

// What evidence for a group is worth. One who labels a host means it; those who
// name hosts alike that do the same mean a group; a service that starts by
// itself and listens is why the host is there; a name alone is a hint.
const (
	byLabel    = 20
	byNames    = 12 // shared by hosts that run the same
	byUnit     = 6
	byPort     = 5
	byStem     = 3
	byAlike    = 2
	byLoopback = 2 // a service that only its own host can reach
)

// regroupEvery is how often groups are looked at again, observations how often
// in a row another group must be found for a host to move there.
const (
	regroupEvery = 10 * time.Second
	observations = 3
)

// vote is what speaks for a group.
type vote struct {
	score  int
	reason string
}

// ballot is what a host's own evidence says.
type ballot map[string]vote

// add counts evidence: of one sort the best, different sorts together.
func (b ballot) add(name string, score int, reason string) {
	v := b[name]
	v.score += score
	if v.reason != "" {
		reason = v.reason + "; " + reason
	}
	v.reason = reason
	b[name] = v
}

// winner is the group with most votes; of equals the one whose name comes first.
func (b ballot) winner() (string, vote) {
	best := ""
	for _, name := range sorted(b) {
		if best == "" || b[name].score > b[best].score {
			best = name
		}
	}
	return best, b[best]
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// evidence is what one host says of itself, worked out when its report changed.
type evidence struct {
	votes    ballot
	function string          // what its services say
	runs     map[string]bool // programs that listen, with their ports
	names    []string        // of those programs, most telling first
}

// examine works out a host's evidence.
func (h *Herd) examine(m *member) *evidence {
	e := &evidence{votes: ballot{}, runs: map[string]bool{}}
	e.services(m, h.kinds)
	e.function, _ = e.votes.winner()
	if f := m.Report.Facts; f != nil {
		for _, key := range []string{"role", "app", "service", "component", "tier"} {
			if v := groupName(f.Labels[key]); v != "" {
				e.votes.add(v, byLabel, "label "+key+"="+v)
				break
			}
		}
	}
	return e
}

// maxGroupName bounds a group's name, in bytes.
const maxGroupName = 60

func groupName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.ToValidUTF8(s[:min(len(s), maxGroupName)], "")
}

// program is the stem of a group of processes: "postgresql" of
// postgresql@15-main.service, "web" of docker:web.
func program(group string) string {
	name := strings.ToLower(strings.TrimSuffix(group, ".service"))
	name = name[strings.LastIndexByte(name, ':')+1:]
	name, _, _ = strings.Cut(name, "@")
	return name
}

// services are what a host runs and listens with.
func (e *evidence) services(m *member, known map[string]*kind) {
	type service struct {
		ports   []int
		outside bool
	}
	all := map[string]*service{}
	for _, l := range m.Report.Listeners {
		p := program(l.Group)
		if everywhere(p) || p == "" {
			continue
		}
		s := all[l.Group]
		if s == nil {
			s = &service{}
			all[l.Group] = s
		}
		if !slices.Contains(s.ports, l.Port) {
			s.ports = append(s.ports, l.Port)
		}
		s.outside = s.outside || !isLoopback(l.Address)
		e.runs[p] = true
		e.runs[p+":"+strconv.Itoa(l.Port)] = true
	}
	for _, group := range sorted(all) {
		s := all[group]
		slices.Sort(s.ports)
		e.service(m, group, s.ports, s.outside, known)
	}
}

func isLoopback(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.Unmap().IsLoopback()
}

// service counts what one group of processes speaks for.
func (e *evidence) service(m *member, group string, ports []int, outside bool, known map[string]*kind) {
	p := program(group)
	e.names = append(e.names, p)
	k, name, port := known[p], p, ports[0]
	if k == nil {
		k = known[command(m.Report.Processes, group)]
	}
	standard := -1
	if k != nil {
		name = k.function
		standard = slices.IndexFunc(ports, func(p int) bool { return slices.Contains(k.ports, p) })
	}
	if k == nil {
		if s := stem(m.Label); s != "" && (p == s || strings.HasPrefix(p, s+"-")) {
			name = s // git-backend on git-2
		}
	}
	if standard >= 0 {
		port = ports[standard]
	}
	if k == nil && !outside && !supervised(group) {
		return // somebody's program, and nobody else's business
	}
	score, reason := 0, ""
	unit := slices.IndexFunc(m.Report.Units, func(u host.Unit) bool { return u.Name == group && u.Enabled })
	switch {
	case !outside:
		score, reason = byLoopback, fmt.Sprintf("%s listens for its own host at %d", group, port)
	case unit >= 0:
		score, reason = byUnit, fmt.Sprintf("%s is enabled and listens at %d", group, port)
	case standard < 0:
		score, reason = byPort-1, fmt.Sprintf("%s listens at %d", group, port)
	}
	if outside && standard >= 0 {
		score += byPort
		reason = cmp.Or(reason, fmt.Sprintf("%s listens at its usual port %d", p, port))
	}
	if have := e.votes[name]; have.score >= score {
		return // two services of one function speak for it once
	}
	e.votes[name] = vote{score, reason}
}

// supervised reports whether a group of processes is a unit or a container, and
// no program that somebody started.
func supervised(group string) bool { return strings.ContainsAny(group, ".:") }

func command(processes []host.Process, group string) string {
	for i := range processes {
		if processes[i].Group == group {
			return strings.ToLower(processes[i].Command)
		}
	}
	return ""
}

// regroup notes that a host's evidence changed. A host that was in no group gets
// one at once.
func (h *Herd) regroup(m *member, now time.Time) {
	m.evidence = h.examine(m)
	if m.Group == "" || m.State == Joining {
		h.assign(m, now, h.stems())
	}
}

// regroupAll looks at all groups again.
func (h *Herd) regroupAll(now time.Time) {
	stems := h.stems()
	for _, m := range h.hosts {
		if m.State.present() {
			h.assign(m, now, stems)
		}
	}
}

// stems are the functions of the hosts that are named alike.
func (h *Herd) stems() map[string]map[string]int {
	out := map[string]map[string]int{}
	for _, m := range h.hosts {
		if m.evidence == nil {
			m.evidence = h.examine(m)
		}
		if s := stem(m.Label); s != "" && m.State.present() {
			if out[s] == nil {
				out[s] = map[string]int{}
			}
			out[s][m.evidence.function]++
		}
	}
	return out
}

// assign finds the group of a host. It moves only when another group was found
// some times in a row, by evidence at least as telling as what it is there for:
// a service that died must not take its host out of its group.
func (h *Herd) assign(m *member, now time.Time, stems map[string]map[string]int) {
	name, v := h.propose(m, stems)
	switch {
	case name == m.Group:
		m.candidate, m.observed = "", 0
		if v.score >= m.GroupScore && (v.reason != m.GroupWhy || v.score != m.GroupScore) {
			m.GroupWhy, m.GroupScore = v.reason, v.score
			h.dirty(m)
		}
		return
	case m.Group != "" && v.score < m.GroupScore:
		m.candidate, m.observed = "", 0
		return
	case name != m.candidate:
		m.candidate, m.observed = name, 0
	}
	m.observed++
	if m.Group != "" && m.State != Joining && m.observed < observations {
		return
	}
	if m.Group != "" && m.State != Joining && m.GroupSet == "" {
		h.tellSome(m, "regrouped", now, m.Name+" moved from "+m.Group+" to "+name, v.reason)
	}
	m.Group, m.GroupWhy, m.GroupScore = name, v.reason, v.score
	m.candidate, m.observed = "", 0
	h.graph.stale = true
	h.moment(m, now)
}

// propose is the group that a host's evidence, and that of its like, speaks for.
func (h *Herd) propose(m *member, stems map[string]map[string]int) (string, vote) {
	votes := maps.Clone(m.evidence.votes)
	if s := stem(m.Label); s != "" {
		alike := stems[s]
		if same := alike[m.evidence.function]; same >= 2 && len(alike) == 1 {
			votes.add(s, byNames, fmt.Sprintf("%d hosts are named %s and run the same", same, s))
		} else {
			votes.add(s, byStem, "its name begins with "+s)
		}
	}
	if len(votes) == 0 {
		if g := h.alike(m); g != "" {
			votes.add(g, byAlike, "it runs what the others there run")
		}
	}
	if len(votes) == 0 {
		return h.unnamed(m), vote{1, "nothing says what it does"}
	}
	return votes.winner()
}

// alikeShare is how much of what two hosts run must be the same.
const alikeShare = 0.8

// alike is a group of which a member runs nearly the same.
func (h *Herd) alike(m *member) string {
	best, share := "", alikeShare
	for _, o := range h.hosts {
		if o == m || o.Group == "" || o.evidence == nil || len(o.evidence.runs) == 0 {
			continue
		}
		if s := jaccard(m.evidence.runs, o.evidence.runs); s > share || s == share && (best == "" || o.Group < best) {
			best, share = o.Group, s
		}
	}
	return best
}

// jaccard is the share of what two sets have in common.
func jaccard(a, b map[string]bool) float64 {
	both := 0
	for x := range a {
		if b[x] {
			both++
		}
	}
	if all := len(a) + len(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}

// unnamed is the group of hosts of which nothing is known but what they run.
func (h *Herd) unnamed(m *member) string {
	runs := strings.Join(m.evidence.names, ", ")
	if strings.HasPrefix(m.Group, "unnamed-") && m.Signature == runs {
		return m.Group
	}
	taken := map[string]string{}
	for _, o := range h.hosts {
		if o != m && strings.HasPrefix(o.Group, "unnamed-") {
			taken[o.Group] = o.Signature
		}
	}
	for n := 1; ; n++ {
		name := "unnamed-" + strconv.Itoa(n)
		if signature, ok := taken[name]; !ok || signature == runs {
			m.Signature = runs
			return name
		}
	}
}
