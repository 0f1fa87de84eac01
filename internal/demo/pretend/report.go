package pretend

import (
	"time"

	"patou/internal/host"
)

// How many chunks lie between two reports of what changes slowly.
const (
	processesEvery   = 3
	connectionsEvery = 15
	volumesEvery     = 30
)

// report is what goes with a chunk of the present: how full the host is each
// time, the rest now and then, or all that is asked for.
func (h *Host) report() *host.Report {
	m := &h.now
	r := &host.Report{Full: []host.Resource{
		{Name: "cpu", Percent: m.CPU}, {Name: "memory", Percent: m.Memory}, {Name: "io", Percent: max(m.Waiting, m.util), Of: h.Disks[0]},
		{Name: "disk", Percent: volumeUsed, Of: "/"}, {Name: "network", Percent: max(m.Rx, m.Tx) / 125e6 * 100, Of: h.Interfaces[0]},
	}}
	n := int(h.sequence)
	if h.whole {
		r.Facts, r.Units, r.Listeners = h.facts(), h.units(), h.listeners()
	}
	if h.whole || n%processesEvery == 0 {
		r.Processes = h.processes()
	}
	if h.whole || n%connectionsEvery == 0 {
		r.Connections = h.connections()
	}
	if h.whole || n%volumesEvery == 0 {
		r.FileSystems = []host.FileSystem{{Path: "/", Kind: "ext4", Total: volumeSize, Used: volumeSize * volumeUsed / 100, Files: 610_000, FilesMax: 5_200_000}}
	}
	h.whole = false
	return r
}

func (h *Host) facts() *host.Facts {
	return &host.Facts{
		Agent: "demo", OS: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0-28-amd64", Arch: "amd64", CPUs: h.Cores, CPU: "made up by patou demo",
		Memory: h.Memory, Addresses: []string{h.Address}, Started: h.Started, AgentStarted: h.Started.Add(4 * time.Second), Labels: h.Labels,
	}
}

func (h *Host) units() []host.Unit {
	since := h.Started.Add(3 * time.Second)
	all := []host.Unit{
		{Name: "ssh.service", Active: "active", Sub: "running", Since: since, Enabled: true},
		{Name: "cron.service", Active: "active", Sub: "running", Since: since, Enabled: true},
		{Name: "patou-agent.service", Active: "active", Sub: "running", Since: since, Enabled: true},
	}
	for i := range h.Services {
		all = append(all, host.Unit{Name: h.Services[i].Unit, Active: "active", Sub: "running", Since: since, Enabled: true})
	}
	return all
}

func (h *Host) processes() []host.Process {
	m := &h.now
	all := []host.Process{{Group: "ssh.service", Command: "sshd", Count: 1, Threads: 1, Memory: 9 << 20, Read: -1, Write: -1, Files: -1}}
	for i := range h.Services {
		s := &h.Services[i]
		all = append(all, host.Process{Group: s.Unit, Command: s.Command, Count: s.Count, Threads: 4 * s.Count, CPU: m.near(s.Share*m.CPU*float64(h.Cores), 0.1),
			Memory: int64(s.Share * 0.7 * used(m)), Read: s.Share * m.Read, Write: s.Share * m.Write, Files: 40 + int(m.Requests*4)})
	}
	return all
}

func (h *Host) listeners() []host.Listener {
	all := []host.Listener{{Group: "ssh.service", Protocol: "tcp", Address: "0.0.0.0", Port: 22}}
	for i := range h.Services {
		if s := &h.Services[i]; s.Port > 0 {
			all = append(all, host.Listener{Group: s.Unit, Protocol: "tcp", Address: "0.0.0.0", Port: s.Port})
		}
	}
	return all
}

// connections are both ends that this host has: those it made, and those that
// others made to it.
func (h *Host) connections() []host.Connection {
	m := &h.now
	var all []host.Connection
	add := func(c host.Connection) {
		c.Segments = int64(m.near(m.Requests*90, 0.2))
		c.Sent, c.Received = int64(m.near(m.Requests*40e3, 0.2)), int64(m.near(m.Requests*9e3, 0.2))
		c.RTT = m.near(c.RTT, 0.2)
		all = append(all, c)
	}
	for i := range h.Links {
		l := &h.Links[i]
		add(host.Connection{Group: l.Unit, Remote: l.Address, Port: l.Port, Sockets: l.Sockets, RTT: l.RTT})
	}
	for i := range h.Services {
		s := &h.Services[i]
		for _, from := range s.Users {
			add(host.Connection{Group: s.Unit, Inbound: true, Remote: from, Port: s.Port, Sockets: 4, RTT: 0.3})
		}
	}
	return all
}
