package agent

import (
	"context"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"patou/internal/agent/ship"
	"patou/internal/agent/vitals"
	"patou/internal/chunk"
	"patou/internal/host"
	"patou/internal/metric"
)

// How often the agent looks after itself.
const (
	houseEvery      = 10 * time.Second
	checkpointEvery = time.Minute
	factsEvery      = 5 * time.Minute
	lookEvery       = time.Minute // for facts that changed
)

// house keeps the agent in order: it measures what the agent costs, says who the
// host is, and has the spool give back its space.
type house struct {
	agent    *Agent
	governor *governor
	sweep    sweepClock
	started  time.Time
	node     string // the server's last word; of the shipper's goroutine

	id   atomic.Pointer[host.Identity]
	zone atomic.Pointer[zone]

	// Of run alone.
	at                       time.Time // of the reading before
	cost                     time.Duration
	facts                    host.Facts
	told, looked, checkpoint time.Time
	samples                  []metric.Sample
}

func newHouse(a *Agent, id host.Identity) *house {
	h := &house{agent: a, governor: newGovernor(a.options.Budget), started: a.options.Clock.Now()}
	h.sweep.clock = a.options.Clock
	h.name(id)
	h.lookForZone()
	return h
}

// zone is the host's time zone.
type zone struct {
	*time.Location
	name string
}

// lookForZone notes the zone that the host is in.
func (h *house) lookForZone() {
	at, name := vitals.Zone(h.agent.options.Root, os.Getenv("TZ"))
	h.zone.Store(&zone{at, name})
}

// zoneNow is the zone as it is at this moment.
func (h *house) zoneNow() *chunk.Zone {
	z := h.zone.Load()
	_, offset := h.agent.options.Clock.Now().In(z.Location).Zone()
	return &chunk.Zone{Offset: offset, Name: z.name}
}

// identity is who the host is now.
func (h *house) identity() host.Identity { return *h.id.Load() }

// name sets the identity with the host's present name.
func (h *house) name(id host.Identity) {
	id.Name = h.agent.options.Name
	if id.Name == "" {
		id.Name = vitals.Name(h.agent.options.Root)
	}
	h.id.Store(&id)
}

// heard takes the server's answer.
func (h *house) heard(a ship.Answer) {
	if a.Node != h.node && a.Node != "" {
		h.agent.options.Log.Info("the server keeps this host as "+a.Node, "name", h.identity().Name)
	}
	h.node = a.Node
}

func (h *house) run(ctx context.Context) error {
	tick := h.agent.options.Clock.NewTicker(houseEvery)
	defer tick.Stop()
	now := h.agent.options.Clock.Now()
	h.at, h.cost, h.checkpoint = now, processorTime(), now
	h.lookAround(now)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
		}
		now := h.agent.options.Clock.Now()
		h.measure(ctx, now)
		if now.Sub(h.looked) >= lookEvery {
			h.lookAround(now)
		}
		if now.Sub(h.checkpoint) >= checkpointEvery {
			h.checkpoint = now
			if err := h.agent.spool.Checkpoint(); err != nil {
				h.agent.options.Log.Warn("the spool's state cannot be kept", "error", err.Error())
			}
		}
	}
}

// lookAround tells the facts of the host where they changed, or are due.
func (h *house) lookAround(now time.Time) {
	h.looked = now
	h.lookForZone()
	h.name(h.identity())
	facts := vitals.Facts(h.agent.options.Root)
	facts.Agent, facts.AgentStarted, facts.Labels = h.agent.options.Version, h.started, h.agent.options.Labels
	if now.Sub(h.told) < factsEvery && reflect.DeepEqual(facts, h.facts) {
		return
	}
	h.facts, h.told = facts, now
	h.agent.gatherer.Report(host.Report{Facts: &facts})
}

// measure emits what the agent says of itself.
func (h *house) measure(ctx context.Context, now time.Time) {
	h.samples = h.samples[:0]
	millis := now.UnixMilli()
	emit := func(name string, value float64) {
		h.samples = append(h.samples, metric.Sample{Name: "agent." + name, Time: millis, Value: value})
	}
	if h.agent.options.Budget > 0 {
		cost := processorTime()
		percent := 100 * (cost - h.cost).Seconds() / max(now.Sub(h.at).Seconds(), 0.001)
		h.at, h.cost = now, cost
		emit("cpu_percent", round(percent))
		emit("memory_bytes", float64(residentMemory()))
		h.govern(percent)
	}
	g, s := h.agent.gatherer, h.agent.shipper
	bytes, chunks := h.agent.spool.Size()
	emit("spool_bytes", float64(bytes))
	emit("spool_chunks", float64(chunks))
	emit("sweep_seconds", h.governor.every(sweepEvery).Seconds())
	emit("sweep_ms", float64(h.sweep.took.Load())/1e6)
	emit("entries", float64(g.entries.Load()))
	emit("dropped_samples", float64(g.dropped.Load()))
	emit("refused_chunks", float64(s.Dropped()))
	emit("masked", float64(g.masked.Load()))
	emit("send_ms", round(float64(s.RoundTrip().Microseconds())/1e3))
	if len(h.agent.options.Watch.Tail) > 0 {
		files := h.agent.options.Telemetry
		emit("files", float64(files.Counter("tail.added").Value()-files.Counter("tail.removed").Value()))
	}
	emit("errors", float64(g.errors.Load()+s.Errors()))
	_ = g.Samples(ctx, h.samples) // it never fails
}

// round keeps two digits, which take less room in a chunk.
func round(v float64) float64 { return float64(int64(v*100+0.5)) / 100 }

// govern slows sweeps down, or lets them come faster again.
func (h *house) govern(percent float64) {
	if !h.governor.spent(percent) {
		return
	}
	every := h.governor.every(sweepEvery)
	h.agent.options.Log.Info("the agent changes how often it sweeps over processes and sockets, for what it costs",
		"every", every.String(), "percent", round(percent), "budget", h.governor.budget)
}

// sweepClock measures sweeps from outside: a sweep begins when its pause is over
// and ends when its samples come.
type sweepClock struct {
	clock interface{ Now() time.Time }
	mu    sync.Mutex
	due   time.Time
	took  atomic.Int64 // of the last sweep, in ns
}

// pause notes that the next sweep begins after d.
func (s *sweepClock) pause(d time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = s.clock.Now().Add(d)
	return d
}

// done notes that a sweep has ended.
func (s *sweepClock) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.due.IsZero() {
		s.took.Store(int64(max(0, s.clock.Now().Sub(s.due))))
	}
}
