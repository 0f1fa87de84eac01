// Package pretend makes up hosts: what an agent would send of a machine that
// does not exist, as chunks that any server takes for real ones.
//
// Invariant: a host's numbers follow from its Spec, the load that it is given
// and its seed, second by second, and agree with each other as a machine's do;
// each chunk is numbered and can be sent again. It fails where a server refuses
// or cannot be reached.
package pretend

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"patou/internal/chunk"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
)

// Spec is what a host is.
type Spec struct {
	Name    string
	Address string
	// Cores is 2 where it is 0, Memory 8 GiB in bytes.
	Cores  int
	Memory int64
	// Disks and Interfaces are names of devices: sda and eth0 where there are none.
	Disks, Interfaces []string
	// Started is when the machine began to run.
	Started  time.Time
	Labels   map[string]string
	Services []Service
	// Links are whom the services talk to.
	Links []Link
}

// Service is a unit that does the host's work.
type Service struct {
	Unit    string // "nginx.service"
	Command string // "nginx"
	// Port is listened at; 0 for none.
	Port int
	// Share is the part of the host's work that it does, 0 to 1.
	Share float64
	Count int      // processes
	Users []string // addresses that are connected to Port
}

// Link is a connection to another host's port.
type Link struct {
	Unit    string // the service that asks
	Address string
	Port    int
	Sockets int
	RTT     float64 // ms
}

// Load is what a host has to do at a moment.
type Load struct {
	CPU    float64 // percent busy
	Memory float64 // percent used
	// Waiting is the percent of the time that some process waits for the disk,
	// which Read and Write keep busy, in bytes a second.
	Waiting, Read, Write float64
	Rx, Tx               float64 // bytes a second
	// Requests a second move what counts connections.
	Requests float64
}

// Host is one made-up host. It is for one goroutine.
type Host struct {
	Spec
	identity host.Identity
	rand     *rand.Rand
	gauges   []gauge
	now      moment
	sequence uint64
	ticks    int
	whole    bool // the next report tells all
	batch    chunk.Chunk
}

// moment is a host in one second.
type moment struct {
	Load
	*Host
	// idle is what is left of the processors, in percent; util how busy the
	// disk is; load1 and so on the usual averages.
	idle, util           float64
	load1, load5, load15 float64
	// work and disk are how much more than usual there is to do.
	work, disk wander
}

// New is a host that has said nothing. Machine-id and boot-id follow from name
// and seed; a host that leaves and comes anew is given another seed.
func New(s Spec, seed uint64) *Host {
	s.Cores, s.Memory = cmp.Or(s.Cores, 2), cmp.Or(s.Memory, 8<<30)
	if len(s.Disks) == 0 {
		s.Disks = []string{"sda"}
	}
	if len(s.Interfaces) == 0 {
		s.Interfaces = []string{"eth0"}
	}
	h := fnv.New64a()
	h.Write([]byte(s.Name))
	r := rand.New(rand.NewPCG(h.Sum64(), seed))
	id := func() string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) }
	made := &Host{Spec: s, rand: r, whole: true, identity: host.Identity{Machine: id(), Boot: id(), Instance: id(), Name: s.Name}}
	made.now.Host = made
	made.gauges = made.allGauges()
	made.batch.Batch.Defs = made.defs()
	return made
}

// Series is how many samples a second has, those of processes counted by the
// second too.
func (h *Host) Series() float64 {
	n := 0.0
	for i := range h.gauges {
		n += 1 / float64(max(1, h.gauges[i].every))
	}
	return n
}

func (h *Host) defs() []metric.Def {
	defs := make([]metric.Def, len(h.gauges))
	for i := range h.gauges {
		defs[i] = metric.Def{ID: metric.ID(i + 1), Name: h.gauges[i].name}
	}
	return defs
}

// Second adds the samples of one second under a load. Seconds follow each other.
func (h *Host) Second(t time.Time, l Load) { h.sweep(t, l, false) }

// Past adds the samples of one second of the past, but only of what people draw
// most, so that an hour of it is soon sent.
func (h *Host) Past(t time.Time, l Load) { h.sweep(t, l, true) }

func (h *Host) sweep(t time.Time, l Load, essential bool) {
	h.now.set(h, l)
	ms := t.UnixMilli()
	for i := range h.gauges {
		g := &h.gauges[i]
		if g.every > 1 && h.ticks%g.every != 0 || essential && !g.essential {
			continue
		}
		h.batch.Batch.Points = append(h.batch.Batch.Points, metric.Point{Series: metric.ID(i + 1), Time: ms, Value: whole(g.value(&h.now))})
	}
	h.ticks++
}

// whole rounds as counters of the kernel do, which come in ticks and bytes.
func whole(v float64) float64 {
	if v < 1e4 {
		return math.Round(v*100) / 100
	}
	return math.Round(v)
}

// Say adds an entry.
func (h *Host) Say(t time.Time, component string, level entry.Level, message string) {
	h.batch.Batch.Entries = append(h.batch.Batch.Entries, entry.Entry{Time: t.UnixNano(), Component: component, Host: h.identity.Name, Level: level, Message: message})
}

// Samples is how many samples wait to be taken.
func (h *Host) Samples() int { return len(h.batch.Batch.Points) }

// TellAll makes the next report a whole one.
func (h *Host) TellAll() { h.whole = true }

// Take gives what has gathered as a chunk of the present, with a report. It is
// valid until the next sample is added.
func (h *Host) Take(t time.Time, leaving host.Leaving) *chunk.Chunk {
	c := h.TakePast()
	c.Report = h.report()
	c.Report.Leaving = leaving
	return c
}

// TakePast gives what has gathered as a chunk without a report.
func (h *Host) TakePast() *chunk.Chunk {
	h.sequence++
	c := h.batch
	c.Host, c.Sequence = h.identity, h.sequence
	h.batch.Batch.Points, h.batch.Batch.Entries = h.batch.Batch.Points[:0], h.batch.Batch.Entries[:0]
	return &c
}
