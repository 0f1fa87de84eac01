package herd

import (
	"cmp"
	"slices"
)

// order puts groups so that callers stand before what they call. Groups that
// call each other in a circle stand together; of those that no call orders, the
// role that their function usually has decides, and then the name.
func order(names []string, calls map[string]map[string]bool, rank func(name string) int) []string {
	before := func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) }
	names = slices.SortedFunc(slices.Values(names), before)
	s := &components{calls: calls, index: map[string]int{}, low: map[string]int{}, of: map[string]int{}, on: map[string]bool{}, known: map[string]bool{}}
	for _, n := range names {
		s.known[n] = true
	}
	for _, n := range names {
		if s.index[n] == 0 {
			s.visit(n)
		}
	}
	waits := make([]int, len(s.all)) // callers that are not placed yet
	for _, c := range s.all {
		for to := range s.targets(c) {
			waits[to]++
		}
	}
	var out []string
	for placed := make([]bool, len(s.all)); len(out) < len(names); {
		at := s.first(waits, placed, before)
		placed[at] = true
		out = append(out, slices.SortedFunc(slices.Values(s.all[at]), before)...)
		for to := range s.targets(s.all[at]) {
			waits[to]--
		}
	}
	return out
}

// components finds what is strongly connected, as Tarjan does.
type components struct {
	calls      map[string]map[string]bool
	known, on  map[string]bool
	index, low map[string]int
	stack      []string
	all        [][]string
	of         map[string]int // component by name
}

func (s *components) visit(n string) {
	s.index[n] = len(s.index) + 1
	s.low[n] = s.index[n]
	s.stack, s.on[n] = append(s.stack, n), true
	for _, to := range sorted(s.calls[n]) {
		switch {
		case !s.known[to]:
		case s.index[to] == 0:
			s.visit(to)
			s.low[n] = min(s.low[n], s.low[to])
		case s.on[to]:
			s.low[n] = min(s.low[n], s.index[to])
		}
	}
	if s.low[n] != s.index[n] {
		return
	}
	i := slices.Index(s.stack, n)
	c := slices.Clone(s.stack[i:])
	s.stack = s.stack[:i]
	for _, name := range c {
		s.on[name] = false
		s.of[name] = len(s.all)
	}
	s.all = append(s.all, c)
}

// targets are the other components that one calls.
func (s *components) targets(c []string) map[int]bool {
	out := map[int]bool{}
	for _, n := range c {
		for to := range s.calls[n] {
			if s.known[to] && s.of[to] != s.of[n] {
				out[s.of[to]] = true
			}
		}
	}
	return out
}

// first is the component to place next: no caller of it waits.
func (s *components) first(waits []int, placed []bool, before func(a, b string) int) int {
	best := -1
	for i, c := range s.all {
		if placed[i] || waits[i] > 0 {
			continue
		}
		if best < 0 || before(slices.MinFunc(c, before), slices.MinFunc(s.all[best], before)) < 0 {
			best = i
		}
	}
	return best
}
