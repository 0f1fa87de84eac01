package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// Why a series is refused.
var (
	// ErrTooMany: the store holds as many series as Options.MaxSeries allows.
	ErrTooMany = errors.New("too many series")
	// ErrTooFast: the sender has made as many series this minute as
	// Options.MaxNew allows.
	ErrTooFast = errors.New("too many new series a minute")
	// ErrKind: the name is that of a series of another kind.
	ErrKind = errors.New("series is of another kind")
	// ErrName: the name cannot be a series'.
	ErrName = errors.New("not a series name")
)

// series is what is known of one series. All but the atomic fields never change
// once the series can be found.
type series struct {
	name string // "" for an ID that is not used
	kind metric.Kind
	// plan is the number of the series' plan, 0 before it was asked for.
	plan atomic.Uint32
	// alive is the time of the newest sample, in seconds; 0 when not known.
	alive atomic.Uint32
	// saved is the finest step last written to a names file, 0 before; steps
	// are those before it, nil for nearly all.
	saved atomic.Uint32
	steps atomic.Pointer[[]int64]
}

const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

type chunk [chunkSize]series

// index knows series by ID, by name and by tree. IDs begin at 1 and rise by 1.
type index struct {
	opt   *Options
	plans *plans
	// chunks hold the series by ID. They grow under mu and are read without: an
	// ID below n is complete.
	chunks atomic.Pointer[[]*chunk]
	n      atomic.Uint32 // IDs given, and one more

	mu sync.RWMutex
	// ids, root and pending (definitions that no record holds yet) are guarded
	// by mu.
	ids     map[string]metric.ID
	root    node
	pending []metric.Def
}

func newIndex(opt *Options) *index {
	x := &index{opt: opt, plans: newPlans(), ids: map[string]metric.ID{}}
	x.chunks.Store(&[]*chunk{})
	x.n.Store(1)
	return x
}

// get is the series of an ID, nil for one that is not known.
func (x *index) get(id metric.ID) *series {
	if id == 0 || uint32(id) >= x.n.Load() {
		return nil
	}
	s := &(*x.chunks.Load())[id>>chunkBits][id&(chunkSize-1)]
	if s.name == "" {
		return nil
	}
	return s
}

// planOf is the series' plan, asked of the options at the first use.
func (x *index) planOf(s *series) *plan {
	n := s.plan.Load()
	if n == 0 {
		n = x.plans.number(x.opt.plan(s.name, s.kind))
		s.plan.Store(n)
	}
	return x.plans.get(n)
}

func (x *index) lookup(name string) (metric.ID, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	id, ok := x.ids[name]
	return id, ok
}

// resolve is the ID of a name, given if it is new; may is asked before. The
// name is valid only during the call.
func (x *index) resolve(name string, kind metric.Kind, may func() error) (metric.ID, error) {
	id, ok := x.lookup(name)
	if !ok {
		canonical, err := metric.Canonical(name)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrName, err)
		}
		if id, err = x.findOrMake(canonical, kind, may); err != nil {
			return 0, err
		}
	}
	if s := x.get(id); s.kind != kind {
		return 0, fmt.Errorf("%w: %.80q holds %s, not %s", ErrKind, s.name, kindName(s.kind), kindName(kind))
	}
	return id, nil
}

func kindName(k metric.Kind) string {
	return [...]string{"values", "sums", "a distribution"}[k]
}

func (x *index) findOrMake(name string, kind metric.Kind, may func() error) (metric.ID, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if id, ok := x.ids[name]; ok {
		return id, nil
	}
	if dist, _, ok := metric.SplitView(name); ok {
		if id, ok := x.ids[dist]; ok && x.get(id).kind == metric.Distribution {
			return 0, fmt.Errorf("%w: %.80q is a view of the distribution %.80q", ErrKind, name, dist)
		}
	}
	if err := may(); err != nil {
		return 0, err
	}
	if len(x.ids) >= x.opt.MaxSeries {
		return 0, fmt.Errorf("%w: %d of %d", ErrTooMany, len(x.ids), x.opt.MaxSeries)
	}
	id := metric.ID(x.n.Load())
	name = strings.Clone(name)
	x.putLocked(id, kind, name)
	x.pending = append(x.pending, metric.Def{ID: id, Kind: kind, Name: name})
	return id, nil
}

// putLocked makes a series known. IDs between the last and this one stay
// unused.
func (x *index) putLocked(id metric.ID, kind metric.Kind, name string) {
	chunks := *x.chunks.Load()
	if need := int(id>>chunkBits) + 1; need > len(chunks) {
		grown := slices.Clone(chunks)
		for len(grown) < need {
			grown = append(grown, new(chunk))
		}
		x.chunks.Store(&grown)
		chunks = grown
	}
	s := &chunks[id>>chunkBits][id&(chunkSize-1)]
	s.name, s.kind = name, kind
	x.ids[name] = id
	if !strings.Contains(name, ";") { // tagged series are found by name and tag
		x.root.insert(name, id)
	}
	if uint32(id) >= x.n.Load() {
		x.n.Store(uint32(id) + 1)
	}
}

// maxID bounds the IDs that a record may define, so that a damaged one cannot
// make the index allocate without end.
const maxID = 1 << 28

// define takes over a definition from a record or file. It reports whether it
// agrees with what is known.
func (x *index) define(d metric.Def) bool {
	if s := x.get(d.ID); s != nil {
		return s.name == d.Name && s.kind == d.Kind
	}
	if d.ID == 0 || d.ID > maxID || d.Kind > metric.Distribution || metric.CheckName(d.Name) != nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, taken := x.ids[d.Name]; taken {
		return false
	}
	x.putLocked(d.ID, d.Kind, strings.Clone(d.Name))
	return true
}

func (x *index) takeDefs() []metric.Def {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := x.pending
	x.pending = nil
	return out
}

// count is the number of series.
func (x *index) count() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.ids)
}

// aliveSlack is by how much the remembered time of a series' newest sample may
// lag behind after a crash.
const aliveSlack = 900

// find lists what the pattern matches, in order of path. A series that was last
// alive before the range is left out.
func (x *index) find(ctx context.Context, pattern string, r timerange.Range) ([]metric.Node, error) {
	globs, err := splitPattern(pattern)
	if err != nil {
		return nil, err
	}
	from := r.From/1e9 - aliveSlack
	var out []metric.Node
	w := walk{
		ctx:            ctx,
		isDistribution: func(n *node) bool { return x.get(n.id).kind == metric.Distribution },
		foundView:      func(path string) { out = append(out, metric.Node{Path: path, Leaf: true}) },
		found: func(path string, n *node) {
			found := metric.Node{Path: path, Branch: len(n.children) > 0}
			if n.id != 0 {
				s := x.get(n.id)
				alive := int64(s.alive.Load())
				fresh := alive == 0 || alive >= from
				found.Leaf = fresh && s.kind != metric.Distribution
				found.Branch = found.Branch || fresh && s.kind == metric.Distribution
			}
			if found.Leaf || found.Branch {
				out = append(out, found)
			}
		},
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if id, ok := x.ids[pattern]; ok && strings.Contains(pattern, ";") {
		return []metric.Node{{Path: x.get(id).name, Leaf: true}}, nil
	}
	if err := w.down(&x.root, "", globs); err != nil {
		return nil, fmt.Errorf("finding %.80q: %w", pattern, err)
	}
	slices.SortFunc(out, func(a, b metric.Node) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}
