// Package herd keeps the machines: who is there, in which state, what they do
// together and whom they talk to.
//
// Invariant: what it says follows from what agents told and from its clock
// alone, whenever it is asked; a host keeps its id for ever and no two hosts
// have one node at one time; each change of a host is told once, as a moment
// for replay and, where people should know, as an event. It holds a bounded
// amount for each host. It fails only where its store does: then it goes on
// from memory and tries again.
package herd

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/event"
	"patou/internal/host"
)

// Store keeps what must outlive the server.
type Store interface {
	// Load is what was saved, Save keeps changes, all or none of them.
	Load(ctx context.Context) (Saved, error)
	Save(ctx context.Context, c Changes) error
	// Moments are the changes in [from, until) in ns, in order of time, each
	// host's led by what it was at from; MomentsOf the last of one host,
	// newest first; DropMoments forgets those before a time.
	Moments(ctx context.Context, from, until int64) ([]host.Moment, error)
	MomentsOf(ctx context.Context, id string, limit int) ([]host.Moment, error)
	DropMoments(ctx context.Context, before int64) error
}

// Saved is what was kept.
type Saved struct {
	Hosts  []host.Kept
	Places []host.Place
	Groups map[string]string // chosen by people, by host's ID
}

// Changes is what is to be kept.
type Changes struct {
	Saved
	// Forgotten are IDs; one that is among Hosts too came back since.
	Forgotten []string
	Moments   []host.Moment
	// Events are kept once by their keys.
	Events []event.Keyed
}

// Options are what a Herd needs.
type Options struct {
	Clock clock.Clock  // default: the machine's
	Log   *slog.Logger // default: none
	// Store may be nil: nothing is kept then.
	Store Store
	// Past reads, where it is set, how full hosts were at a moment, by node.
	Past func(ctx context.Context, nodes []string, at time.Time) (map[string][]host.Resource, error)
}

// Herd is the keeper. It is safe for use by several goroutines.
type Herd struct {
	clock  clock.Clock
	log    *slog.Logger
	store  Store
	past   func(ctx context.Context, nodes []string, at time.Time) (map[string][]host.Resource, error)
	places *Places
	kinds  map[string]*kind // by program

	mu       sync.Mutex
	hosts    map[string]*member   // by ID
	nodes    map[string]*member   // by node, those that have it now
	machines map[string][]*member // by machine-id
	signals  map[string][]Signal  // by group
	watch    watch
	graph    graph
	unsaved  unsaved
}

// unsaved is what the store does not have yet.
type unsaved struct {
	hosts     map[string]bool
	groups    map[string]string
	forgotten []string
	moments   []host.Moment
	events    []event.Keyed
}

// New is a herd without hosts; Load brings back those that were kept.
func New(o Options) *Herd {
	h := &Herd{
		clock: o.Clock, log: o.Log, store: o.Store, past: o.Past, places: newPlaces(), kinds: kindsByProgram(),
		hosts: map[string]*member{}, nodes: map[string]*member{}, machines: map[string][]*member{}, signals: map[string][]Signal{},
	}
	if h.clock == nil {
		h.clock = clock.Real{}
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.unsaved = unsaved{hosts: map[string]bool{}, groups: map[string]string{}}
	now := h.clock.Now()
	h.watch = watch{since: now, last: now}
	return h
}

// Places learns which components speak from which hosts.
func (h *Herd) Places() *Places { return h.places }

// maxHosts bounds the hosts that are kept, so that nobody can fill the memory by
// making machines up.
const maxHosts = 20_000

// member is one host.
type member struct {
	kept
	// heard is when it last spoke, fresh when it last did of the present, by
	// the server's clock.
	heard, fresh time.Time
	skews        skews
	full         []host.Resource
	read         host.Readings
	dropped      float64 // as last read; -1 before
	refused      float64 // likewise
	// unproven is set for one that came while another with its machine-id
	// spoke: a clone, if the other goes on to speak, else the other itself.
	unproven bool
	// lateFrom is what it goes back to when it was late for a moment only.
	lateFrom time.Time
	tests    map[string]*problem
	evidence *evidence // for its group; nil until it is asked for
	// observed counts how often another group, candidate, was found in a row.
	candidate  string
	observed   int
	links      map[linkKey]*link
	linksAt    time.Time
	wantReport bool
	told       map[string]hourly // events by kind
}

// kept is what is remembered of a host beyond the server's life, as JSON.
type kept struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`  // as people see it; of its own
	Label    string    `json:"label"` // as the machine calls itself
	Node     string    `json:"node"`
	Nodes    []string  `json:"nodes,omitempty"` // those it had before
	Machine  string    `json:"machine"`
	Boot     string    `json:"boot"`
	Instance string    `json:"instance"`
	Twin     string    `json:"twin,omitempty"` // ID of the host it may be a clone of
	Notes    []string  `json:"notes,omitempty"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`

	State   State        `json:"state"`
	Since   time.Time    `json:"since"`
	Why     string       `json:"why,omitempty"`
	Goodbye host.Leaving `json:"goodbye,omitempty"`

	Health   Health                 `json:"health"`
	Reason   string                 `json:"reason,omitempty"`
	Problems map[string]keptProblem `json:"problems,omitempty"`
	// HealthSince is when the health became what it is.
	HealthSince time.Time `json:"health_since"`

	Group      string `json:"group"`
	GroupWhy   string `json:"group_why"`
	GroupScore int    `json:"group_score"`
	GroupSet   string `json:"-"` // chosen by people; kept apart
	Signature  string `json:"signature,omitempty"`

	Report host.Report `json:"report"`
	// Served are the units that were seen listening.
	Served []string   `json:"served,omitempty"`
	Links  []keptLink `json:"links,omitempty"`
}

// State is where a host is in its life.
type State string

// The states of a host.
const (
	Joining State = "joining" // it came a moment ago
	Up      State = "up"
	Late    State = "late"    // it missed one to three reports
	Leaving State = "leaving" // it said goodbye
	Gone    State = "gone"    // it said goodbye and is silent
	Lost    State = "lost"    // it is silent and did not say goodbye
)

// present reports whether a host in this state is expected to speak.
func (s State) present() bool { return s == Joining || s == Up || s == Late }

// Health is how a host is.
type Health string

// The healths of a host, in order.
const (
	Fine Health = "fine"
	Warn Health = "warn"
	Crit Health = "crit"
)

func (h Health) rank() int {
	switch h {
	case Warn:
		return 1
	case Crit:
		return 2
	}
	return 0
}

func worse(a, b Health) Health {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// Run watches the clock until ctx ends: a second at a time it finds out who is
// silent, each saveEvery it keeps what changed, and once more at the end.
func (h *Herd) Run(ctx context.Context) error {
	tick := h.clock.NewTicker(tickEvery)
	defer tick.Stop()
	saved, dropped := h.clock.Now(), time.Time{}
	for {
		select {
		case <-tick.C():
			h.Tick()
			if now := h.clock.Now(); now.Sub(saved) >= saveEvery {
				saved = now
				h.trySave(ctx)
				dropped = h.dropOld(ctx, now, dropped)
			}
		case <-ctx.Done():
			return h.Save(context.WithoutCancel(ctx))
		}
	}
}

// How often the herd looks at the clock, and how often it is kept.
const (
	tickEvery = time.Second
	saveEvery = 10 * time.Second
)

// keepMoments is how far back the herd can be shown.
const keepMoments = 30 * 24 * time.Hour

// dropOld forgets once a day what is too old to be shown.
func (h *Herd) dropOld(ctx context.Context, now, last time.Time) time.Time {
	if h.store == nil || now.Sub(last) < 24*time.Hour {
		return last
	}
	if err := h.store.DropMoments(ctx, now.Add(-keepMoments).UnixNano()); err != nil && ctx.Err() == nil {
		h.log.Warn("old states of hosts could not be forgotten; it is tried again tomorrow", "error", err.Error())
	}
	return now
}

func (h *Herd) trySave(ctx context.Context) {
	if err := h.Save(ctx); err != nil && ctx.Err() == nil {
		h.log.Warn("the herd could not be kept; it is tried again", "error", err.Error())
	}
}
