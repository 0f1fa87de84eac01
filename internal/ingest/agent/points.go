package agent

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
)

// maxSeries bounds the series that one host may have here: twenty times those
// of a usual one.
const maxSeries = 20_000

// maxSenders bounds the hosts whose names are remembered; forgetting costs one
// resolution of each name.
const maxSenders = 10_000

// sender remembers the series of one host, so that a name is joined and looked
// up once and not with each chunk.
type sender struct {
	mu    sync.Mutex
	node  string
	known map[string]series // by relative name
}

// series is where a relative name leads, and whether its value is read here.
type series struct {
	id    metric.ID
	watch reading
}

// reading is a field of host.Readings.
type reading uint8

const (
	unread reading = iota
	memoryAvailable
	memoryTotal
	pressureCPU
	pressureMemory
	pressureIO
	oomKills
	agentCPU
	agentMemory
	sweepSeconds
	spoolBytes
	droppedSamples
	refusedChunks
	readings // how many there are
)

func watched(relative string) reading {
	switch relative {
	case "memory.available":
		return memoryAvailable
	case "memory.total":
		return memoryTotal
	case "pressure.cpu.some":
		return pressureCPU
	case "pressure.memory.some":
		return pressureMemory
	case "pressure.io.some":
		return pressureIO
	case "vm.oom_kills":
		return oomKills
	case "agent.cpu_percent":
		return agentCPU
	case "agent.memory_bytes":
		return agentMemory
	case "agent.sweep_seconds":
		return sweepSeconds
	case "agent.spool_bytes":
		return spoolBytes
	case "agent.dropped_samples":
		return droppedSamples
	case "agent.refused_chunks":
		return refusedChunks
	}
	return unread
}

// sender is what is remembered of a host. A node that changed begins anew.
func (r *Receiver) sender(known host.Known) *sender {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.senders[known.ID]
	if s == nil || s.node != known.Node {
		if len(r.senders) >= maxSenders {
			clear(r.senders)
		}
		s = &sender{node: known.Node, known: map[string]series{}}
		r.senders[known.ID] = s
	}
	return s
}

// maxInterned bounds the names that hosts share.
const maxInterned = 100_000

// intern is a name's one copy: most hosts have the same names.
func (r *Receiver) intern(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one, ok := r.interned[name]; ok {
		return one
	}
	name = strings.Clone(name)
	if len(r.interned) < maxInterned {
		r.interned[name] = name
	}
	return name
}

// filing makes points of what one chunk holds.
type filing struct {
	r        *Receiver
	answer   *Answer
	now      time.Time
	source   string
	resolver Resolver // nil until a new name comes
	values   [readings]float64
}

// points gives the chunk's points, and those derived by the server, the IDs of
// their series; what cannot be kept is refused one by one.
func (f *filing) points(s *sender, b *record.Batch, derived []metric.Sample) ([]metric.Point, host.Readings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range f.values {
		f.values[i] = math.NaN()
	}
	table := f.table(s, b.Defs)
	points := make([]metric.Point, 0, len(b.Points)+len(derived))
	lastTime, timeErr := int64(math.MinInt64), error(nil)
	for i := range b.Points {
		p := &b.Points[i]
		if int(p.Series) >= len(table) || !table[p.Series].ok {
			f.refuse("", errNoName)
			continue
		}
		if p.Time != lastTime {
			lastTime, timeErr = p.Time, f.r.Check(f.now, p.Time)
		}
		if timeErr != nil || math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			f.refuse("", cmp.Or(timeErr, errNoNumber))
			continue
		}
		to := &table[p.Series]
		if to.watch != unread {
			f.note(to.watch, p.Value)
		}
		points = append(points, metric.Point{Series: to.id, Time: p.Time, Value: p.Value})
	}
	for i := range derived {
		d := &derived[i]
		if to, err := f.find(s, d.Name); err == nil && f.r.Check(f.now, d.Time) == nil {
			points = append(points, metric.Point{Series: to.id, Time: d.Time, Value: d.Value})
		}
	}
	return points, f.read()
}

// note keeps the last value of a reading; of what happens in single seconds the
// greatest, so that none is missed.
func (f *filing) note(what reading, v float64) {
	if what == oomKills && f.values[what] > v {
		return
	}
	f.values[what] = v
}

var (
	errNoName   = errors.New("samples of a series that the chunk does not name")
	errNoNumber = errors.New("samples that are not finite numbers")
	errMany     = errors.New("samples of more series than one host may have")
)

// refuse lists a reason once, however many samples it holds for.
func (f *filing) refuse(name string, reason error) {
	f.r.Telemetry.Counter("ingest.agent.samples_rejected").Inc()
	text := reason.Error()
	if name != "" {
		text = fmt.Sprintf("%.120q: %s", name, text)
	}
	for i := range f.answer.Rejected {
		if f.answer.Rejected[i].Reason == text {
			return
		}
	}
	f.answer.reject(0, text)
	f.r.Tap.Reject(Protocol, f.source, name, text)
}

// entryOf is a row of a chunk's table of series.
type entryOf struct {
	series
	ok bool
}

// table is the chunk's own numbering of series: Defs count from 1, so that it
// is dense; a number far beyond is refused, as it would cost its room.
func (f *filing) table(s *sender, defs []metric.Def) []entryOf {
	table := make([]entryOf, 4*len(defs)+64)
	for i := range defs {
		d := &defs[i]
		if int(d.ID) >= len(table) || d.Kind != metric.Gauge {
			f.refuse(d.Name, errNoGauge)
			continue
		}
		to, err := f.find(s, d.Name)
		if err != nil {
			f.refuse(d.Name, err)
			continue
		}
		table[d.ID] = entryOf{to, true}
	}
	return table
}

var errNoGauge = errors.New("agents send gauges, numbered from 1 within the chunk")

// find is the series of a relative name.
func (f *filing) find(s *sender, relative string) (series, error) {
	if to, ok := s.known[relative]; ok {
		return to, nil
	}
	if len(s.known) >= maxSeries {
		return series{}, errMany
	}
	name, err := absolute(s.node, relative)
	if err != nil {
		return series{}, err
	}
	if f.resolver == nil {
		f.resolver = f.r.NewResolver()
	}
	id, err := f.resolver.Resolve(name, metric.Gauge)
	if err != nil {
		return series{}, err
	}
	to := series{id, watched(relative)}
	s.known[f.r.intern(relative)] = to
	return to, nil
}

// absolute is the name that a relative one is kept under: what an agent says of
// itself beside what it says of its host.
func absolute(node, relative string) (string, error) {
	clean, err := metric.Canonical(relative)
	switch {
	case err != nil:
		return "", err
	case clean != relative || strings.Contains(relative, ";"):
		return "", errors.New("it is not a plain dotted name")
	}
	if rest, ok := strings.CutPrefix(relative, "agent."); ok {
		return "patou.agent." + node + "." + rest, nil
	}
	return "host." + node + "." + relative, nil
}

// read is what was read on the way.
func (f *filing) read() host.Readings {
	v := &f.values
	return host.Readings{
		MemoryAvailable: v[memoryAvailable], MemoryTotal: v[memoryTotal],
		PressureCPU: v[pressureCPU], PressureMemory: v[pressureMemory], PressureIO: v[pressureIO], OOMKills: v[oomKills],
		AgentCPU: v[agentCPU], AgentMemory: v[agentMemory], SweepSeconds: v[sweepSeconds], Spool: v[spoolBytes], Dropped: v[droppedSamples], Refused: v[refusedChunks],
	}
}
