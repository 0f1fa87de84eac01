// Package sockets tells whom the processes of this host talk to, and who listens,
// from the kernel's socket tables.
//
// Invariant: a connection belongs to the group of the process that holds its
// socket, or that listens where it came in; what it sent is counted once, since
// the sweep before. A port that was picked for one connection is in no report.
// What a sweep may read, keep and report is bounded, and what is left out is
// counted. Where the kernel refuses sock_diag the tables of /proc are read, which
// count nothing. It sees the network namespace that it runs in and, as root, those
// of containers, whose listeners and loopback it leaves out.
package sockets

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/telemetry"
)

// Interval is the time between two sweeps, when nobody says otherwise.
const Interval = 30 * time.Second

// FirstAfter is the time until the first sweep: by then the processes have been
// looked at, whose groups connections are told by.
const FirstAfter = 2 * time.Second

// Options are what a Collector needs.
type Options struct {
	// Root is where proc is; "" is "/".
	Root string
	// Every is asked before each pause how long it is; nil is Interval.
	Every func() time.Duration
	// GroupOf names the group of a process, "" when it has ended.
	GroupOf func(pid int) string
	// Report takes listeners and connections after each sweep; neither is nil.
	// The slices are its own to keep.
	Report func(r host.Report)
	// Missing is told once about each thing that cannot be read; may be nil.
	Missing   func(what string, err error)
	Clock     clock.Clock
	Telemetry *telemetry.Set
	// ask replaces sock_diag in tests.
	ask    func(protocol byte, states uint32, visit func(r *row)) error
	within func(paths []string, states uint32, visit func(i int, r *row)) error
}

// Collector sweeps over this host's sockets. It is for one goroutine.
type Collector struct {
	options  Options
	cut      *telemetry.Counter
	said     map[string]bool
	table    table
	tcpTable bool // sock_diag was refused
	udpTable bool
	owners   owners

	turn     int
	rows     []row
	datagram []row // of UDP, which only listens
	known    map[uint64]*socket
	// listening are the groups at ports listened at.
	listening map[place]string
	// callers is the one group that asks at an end, "" when several do.
	callers map[netip.AddrPort]string
	// picked are the ports that the system gives to who asks for none.
	pickedFrom, pickedTo uint16
	sums                 sums
}

// place is where one can listen: each network namespace has all ports.
type place struct {
	space uint64
	end   netip.AddrPort
}

// socket is what is remembered of one between sweeps.
type socket struct {
	group    string
	resolved bool // group is known, or given up
	first    bool // process 1 holds it
	inbound  bool
	round    int // of the owners, when it was first seen
	born     int
	seen     int // turn
	counters
}

// New is a collector of who talks to whom.
func New(o Options) *Collector {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.Every == nil {
		o.Every = func() time.Duration { return Interval }
	}
	if o.ask == nil {
		d := new(diag)
		o.ask, o.within = d.dump, d.within
	}
	c := &Collector{
		options: o, cut: o.Telemetry.Counter("sockets.cut"), said: map[string]bool{},
		table: table{o.Root, maphash.MakeSeed()}, known: map[uint64]*socket{},
		listening: map[place]string{}, callers: map[netip.AddrPort]string{}, sums: sums{at: map[link]int{}},
	}
	c.owners = owners{root: o.Root, asked: map[int]bool{}, refused: func(err error) { c.missing("/proc/[pid]/fd", err) }}
	return c
}

// Run sweeps until ctx ends. It always returns nil: what fails is told to
// Missing, or counted.
func (c *Collector) Run(ctx context.Context) error {
	defer c.owners.close()
	for pause := FirstAfter; ; pause = max(time.Second, c.options.Every()) {
		select {
		case <-ctx.Done():
			return nil
		case <-c.options.Clock.After(pause):
		}
		c.step()
	}
}

func (c *Collector) step() {
	if err := c.read(); err != nil {
		c.missing("sockets", err)
		return
	}
	c.turn++
	c.meet()
	c.resolve()
	c.listen()
	report := host.Report{Listeners: c.listeners(), Connections: c.connections()}
	c.forget()
	if c.options.Report != nil {
		c.options.Report(report)
	}
}

// maxSockets bounds the sockets of a sweep: 130 bytes each.
const maxSockets = 50_000

// wanted are all states but those of who has not proved its address, and of what
// is closed.
const wantedStates = 0xfff &^ (1<<0 | 1<<synReceived | 1<<closed)

// Numbers of the protocols.
const (
	tcp = 6
	udp = 17
)

// read fills rows from sock_diag, or from the tables once that was refused.
func (c *Collector) read() error {
	c.rows, c.datagram = c.rows[:0], c.datagram[:0]
	keep := func(into *[]row) func(*row) {
		return func(r *row) {
			if len(*into) < maxSockets {
				*into = append(*into, *r)
			} else {
				c.cut.Inc()
			}
		}
	}
	c.pickedFrom, c.pickedTo = c.pickedPorts()
	if err := c.dump(tcp, "tcp", wantedStates, &c.tcpTable, &c.rows, keep); err != nil {
		return err
	}
	if !c.tcpTable {
		c.elsewhere(keep(&c.rows))
	}
	if err := c.dump(udp, "udp", 1<<closed, &c.udpTable, &c.datagram, keep); err != nil {
		c.missing("udp", err)
	}
	return nil
}

func (c *Collector) dump(protocol byte, name string, states uint32, fallen *bool, into *[]row, keep func(*[]row) func(*row)) error {
	if !*fallen {
		err := c.options.ask(protocol, states, keep(into))
		if err == nil {
			return nil
		}
		c.missing("sock_diag", err)
		*fallen, *into = true, (*into)[:0]
	}
	return c.table.dump(name, states, keep(into))
}

// pickedPorts reads the range of ports for who asks for none.
func (c *Collector) pickedPorts() (from, to uint16) {
	text, err := os.ReadFile(filepath.Join(c.options.Root, "proc/sys/net/ipv4/ip_local_port_range"))
	if _, scanned := fmt.Fscan(strings.NewReader(string(text)), &from, &to); err != nil || scanned != nil {
		return 32768, 60999
	}
	return from, to
}

func (c *Collector) picked(port uint16) bool { return port >= c.pickedFrom && port <= c.pickedTo }

// each visits all rows.
func (c *Collector) each(visit func(r *row)) {
	for i := range c.rows {
		visit(&c.rows[i])
	}
	for i := range c.datagram {
		visit(&c.datagram[i])
	}
}

// meet finds or makes what is remembered of each socket.
func (c *Collector) meet() {
	c.each(func(r *row) {
		s := c.known[r.id]
		if s == nil {
			s = &socket{born: c.turn, round: c.owners.rounds}
			if c.turn == 1 {
				s.counters = r.counters // of before we came
			}
			c.known[r.id] = s
		}
		s.seen = c.turn
	})
}

// again is after how many sweeps a socket that process 1 holds is asked for
// again: systemd listens for services that it starts on demand.
const again = 10

// resolve finds the groups of sockets that listen, and of those that asked.
// Whatever came in belongs to who listens there, which spares most of the work.
func (c *Collector) resolve() {
	type port struct {
		space  uint64
		number uint16
	}
	ports := map[port]bool{}
	for i := range c.rows {
		if r := &c.rows[i]; r.state == listen {
			ports[port{r.space, r.local.Port()}] = true
		}
	}
	wanted, sockets := map[uint64]int{}, []*socket{}
	c.each(func(r *row) {
		s := c.known[r.id]
		listened := ports[port{r.space, r.local.Port()}]
		if r.state != listen && r.state != closed && s.born == c.turn {
			s.inbound = listened || c.cameIn(r)
		}
		covered := s.inbound && listened
		if r.inode != 0 && !covered && !c.unshown(r) && c.wants(s) {
			wanted[r.inode] = len(sockets)
			sockets = append(sockets, s)
		}
	})
	err := c.owners.find(wanted, func(i, pid int) {
		s := sockets[i]
		s.group, s.first = c.options.GroupOf(pid), pid == 1
		s.resolved = s.group != ""
	})
	if err != nil {
		c.missing("/proc", err)
	}
}

// wants reports whether a socket's holder is to be looked for, and gives up on
// one that nobody holds.
func (c *Collector) wants(s *socket) bool {
	if s.first {
		return (c.turn-s.born)%again == 0
	}
	s.resolved = s.resolved || c.owners.rounds-s.round > maxRounds
	return !s.resolved
}

// cameIn guesses where nobody listens any more: who asks has a picked port.
func (c *Collector) cameIn(r *row) bool {
	return c.picked(r.remote.Port()) && !c.picked(r.local.Port())
}

// unshown is what no report will show: UDP's picked ports.
func (c *Collector) unshown(r *row) bool {
	return r.state == closed && c.picked(r.local.Port())
}

func (c *Collector) forget() {
	for id, s := range c.known {
		if s.seen != c.turn {
			delete(c.known, id)
		}
	}
}

func (c *Collector) missing(what string, err error) {
	if !c.said[what] && c.options.Missing != nil {
		c.options.Missing(what, err)
	}
	c.said[what] = true
}
