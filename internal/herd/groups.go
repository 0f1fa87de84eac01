package herd

import (
	"maps"
	"slices"
	"time"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// regroup finds the group of a host anew.
func (h *Herd) regroup(m *member, now time.Time) {
	if m.Group == "" {
		m.Group, m.GroupWhy = stem(m.Label), "its name"
		if m.Group == "" {
			m.Group = "unnamed"
		}
		h.moment(m, now)
	}
}

// tellSome is tell for what may happen often: a few an hour and kind.
func (h *Herd) tellSome(m *member, kind string, now time.Time, what, data string) {
	h.tell(m, kind, now, what, data)
}
