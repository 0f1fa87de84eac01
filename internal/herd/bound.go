package herd

import (
	"strings"

	"patou/internal/host"
)

// Bounds of what one report may make the herd hold: several times what a large
// machine tells.
const (
	maxUnits       = 3000
	maxProcesses   = 1000
	maxFileSystems = 500
	maxListeners   = 2000
	maxConnections = 5000
	maxAddresses   = 200
	maxLabels      = 50
	maxWord        = 256 // bytes of a text
)

// bounded is a report within the bounds. It shares no memory with the chunk that
// it came in where it holds a part of a text.
func bounded(r *host.Report) *host.Report {
	if r == nil {
		return nil
	}
	out := *r
	out.Full = first(r.Full, 20)
	out.Units = first(r.Units, maxUnits)
	for i := range out.Units {
		u := &out.Units[i]
		u.Name, u.Active, u.Sub = short(u.Name), short(u.Active), short(u.Sub)
	}
	out.Processes = first(r.Processes, maxProcesses)
	for i := range out.Processes {
		p := &out.Processes[i]
		p.Group, p.Command = short(p.Group), short(p.Command)
	}
	out.FileSystems = first(r.FileSystems, maxFileSystems)
	for i := range out.FileSystems {
		f := &out.FileSystems[i]
		f.Path, f.Kind = short(f.Path), short(f.Kind)
	}
	out.Listeners = first(r.Listeners, maxListeners)
	for i := range out.Listeners {
		l := &out.Listeners[i]
		l.Group, l.Protocol, l.Address = short(l.Group), short(l.Protocol), short(l.Address)
	}
	out.Connections = first(r.Connections, maxConnections)
	for i := range out.Connections {
		c := &out.Connections[i]
		c.Group, c.Remote = short(c.Group), short(c.Remote)
	}
	if r.Facts != nil {
		out.Facts = boundedFacts(*r.Facts)
	}
	return &out
}

func boundedFacts(f host.Facts) *host.Facts {
	for _, text := range []*string{&f.Agent, &f.OS, &f.Kernel, &f.Arch, &f.CPU, &f.Container} {
		*text = short(*text)
	}
	f.Addresses = first(f.Addresses, maxAddresses)
	for i, a := range f.Addresses {
		f.Addresses[i] = short(a)
	}
	labels := make(map[string]string, min(len(f.Labels), maxLabels))
	for _, key := range first(sorted(f.Labels), maxLabels) {
		labels[short(key)] = short(f.Labels[key])
	}
	f.Labels = labels
	return &f
}

func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func short(s string) string {
	if len(s) <= maxWord {
		return s
	}
	return strings.ToValidUTF8(strings.Clone(s[:maxWord]), "")
}
