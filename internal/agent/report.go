package agent

import (
	"maps"
	"slices"

	"patou/internal/host"
)

// merge puts the parts of src that say something over those of dst.
func merge(dst, src *host.Report) {
	if src.Facts != nil {
		dst.Facts = src.Facts
	}
	replace(&dst.Full, src.Full)
	replace(&dst.Units, src.Units)
	replace(&dst.Processes, src.Processes)
	replace(&dst.FileSystems, src.FileSystems)
	replace(&dst.Listeners, src.Listeners)
	replace(&dst.Connections, src.Connections)
	if src.Leaving != "" {
		dst.Leaving = src.Leaving
	}
}

func replace[T any](dst *[]T, src []T) {
	if src != nil {
		*dst = src
	}
}

// cloneReport shares no memory with r.
func cloneReport(r *host.Report) host.Report {
	c := host.Report{
		Full: slices.Clone(r.Full), Units: slices.Clone(r.Units), Processes: slices.Clone(r.Processes),
		FileSystems: slices.Clone(r.FileSystems), Listeners: slices.Clone(r.Listeners),
		Connections: slices.Clone(r.Connections), Leaving: r.Leaving,
	}
	if r.Facts != nil {
		f := *r.Facts
		f.Addresses, f.Labels = slices.Clone(f.Addresses), maps.Clone(f.Labels)
		c.Facts = &f
	}
	return c
}

func empty(r *host.Report) bool {
	return r.Facts == nil && r.Full == nil && r.Units == nil && r.Processes == nil && r.FileSystems == nil &&
		r.Listeners == nil && r.Connections == nil && r.Leaving == ""
}

// withoutTraffic is connections as they are told again: what flowed was told
// before, and must not count twice.
func withoutTraffic(all []host.Connection) []host.Connection {
	all = slices.Clone(all)
	for i := range all {
		all[i].Retransmits, all[i].Segments, all[i].Sent, all[i].Received = 0, 0, 0, 0
	}
	return all
}
