package herd

import "slices"

// maxSignalComponents bounds the components whose requests make a group's
// signals.
const maxSignalComponents = 20

// GroupComponents are the components that spoke from the hosts of each group.
func (h *Herd) GroupComponents() map[string][]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string][]string{}
	for _, m := range h.hosts {
		if m.State == Gone || m.State == Lost {
			continue
		}
		for _, c := range h.places.of(m.Name) {
			if g := m.group(); !slices.Contains(out[g], c) {
				out[g] = append(out[g], c)
			}
		}
	}
	for g, list := range out {
		slices.Sort(list)
		out[g] = list[:min(len(list), maxSignalComponents)]
	}
	return out
}

// SetSignals takes what the groups' components do, by group, for the overviews
// from here on.
func (h *Herd) SetSignals(signals map[string][]Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.signals = signals
}
