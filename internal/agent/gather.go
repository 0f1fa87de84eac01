package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"patou/internal/agent/spool"
	"patou/internal/chunk"
	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
)

// When a chunk ends. Samples are in no hurry. Entries are, within reason: a few
// lines go at once, but a steady trickle of them goes with the samples, so that
// each line does not cost a chunk and a sync.
const (
	// FlushEvery is how long samples are gathered for one chunk.
	FlushEvery = 2 * time.Second
	// linger is how long the first entry waits for others to come with it.
	linger = 50 * time.Millisecond
	// hasteMost chunks may be cut before their time in a row; one more may
	// with each flush.
	hasteMost = 30
	// heavy is how many bytes of entries are reason enough for a chunk: who reads a
	// backlog through a small pipe brings as many at once.
	heavy = 8 << 10
	// maxKeep bounds one call of Keep, so that a chunk is never too large.
	maxKeep = 6 << 20
	// pointBytes is what a point takes in memory.
	pointBytes = 24
	// retryPause is the time until what could not be kept is tried again.
	retryPause = time.Second
)

// keeper is where chunks go: a spool.
type keeper interface {
	Sequence() (uint64, error)
	Put(sequence uint64, chunk []byte, places map[string]string, durable bool) error
}

// gatherer makes chunks of what the collectors bring. It is safe for use by
// several goroutines; run is for one.
type gatherer struct {
	clock    clock.Clock
	log      *slog.Logger
	keeper   keeper
	mask     func(e *entry.Entry) int
	identity func() host.Identity
	zone     func() *chunk.Zone // as it is now; nil where it is not known
	encoder  *chunk.Encoder
	bytes    []byte
	arrived  chan struct{} // has one element when entries came
	said     bool          // that the spool is full

	entries, masked, dropped, errors atomic.Int64

	mu    sync.Mutex
	open  *batch
	spare *batch
	large int // flushes until what large batches took is let go of
	names names
	told  host.Report // the latest of each part
}

// batch is what the next chunk will hold.
type batch struct {
	record.Batch
	places map[string]string
	report host.Report
	bytes  int // of entries
	*outcome
}

// outcome is what those who brought entries wait for. It outlives the batch,
// whose memory is used again.
type outcome struct {
	done chan struct{} // closed when the batch was kept, or given up with err
	err  error
}

func newOutcome() *outcome { return &outcome{done: make(chan struct{})} }

func newBatch() *batch { return &batch{places: map[string]string{}, outcome: newOutcome()} }

// Samples takes the samples of one reading. What does not fit while the spool
// is stuck is dropped and counted; it never fails.
func (g *gatherer) Samples(_ context.Context, samples []metric.Sample) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	if (len(b.Points)+len(samples))*pointBytes > chunk.TargetSize {
		g.dropped.Add(int64(len(samples)))
		return nil
	}
	for i := range samples {
		s := &samples[i]
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			continue
		}
		b.Points = append(b.Points, metric.Point{Series: g.names.id(s.Name, &b.Batch), Time: s.Time, Value: s.Value})
	}
	return nil
}

// Keep takes entries and the places behind them, and returns when both would
// survive a power cut, which takes as long as it takes when the spool is full.
// It may mask the entries in place. After an error neither is kept, but for that
// of ctx: then both may be yet, together.
func (g *gatherer) Keep(ctx context.Context, entries []entry.Entry, places map[string]string) error {
	size := 0
	for i := range entries {
		if g.mask != nil {
			g.masked.Add(int64(g.mask(&entries[i])))
		}
		size += entrySize(&entries[i])
	}
	if size > maxKeep {
		return fmt.Errorf("keeping %d entries of %d bytes at once: hand over at most %d bytes", len(entries), size, maxKeep)
	}
	o, err := g.join(ctx, entries, places, size)
	if err != nil {
		return err
	}
	select {
	case g.arrived <- struct{}{}:
	default:
	}
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join adds to the open batch, or waits for the next one where it is full.
func (g *gatherer) join(ctx context.Context, entries []entry.Entry, places map[string]string, size int) (*outcome, error) {
	for {
		g.mu.Lock()
		b := g.open
		o := b.outcome
		if b.bytes == 0 || b.bytes+size <= chunk.TargetSize {
			b.Entries = append(b.Entries, entries...)
			b.bytes += size + 1 // places alone count as well
			for k, v := range places {
				b.places[k] = v
			}
			g.mu.Unlock()
			return o, nil
		}
		g.mu.Unlock()
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func entrySize(e *entry.Entry) int {
	size := 32 + len(e.Message) + len(e.Component) + len(e.Host)
	for _, f := range e.Fields {
		size += len(f.Key) + len(f.Value)
	}
	return size
}

// Report takes what is told of the host; the parts that are not nil replace
// what was told before. It copies what it is given.
func (g *gatherer) Report(r host.Report) {
	g.mu.Lock()
	defer g.mu.Unlock()
	own := cloneReport(&r)
	merge(&g.open.report, &own)
	merge(&g.told, &own)
}

// RepeatReport tells everything again with the next chunk.
func (g *gatherer) RepeatReport() {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.told
	all.Connections = withoutTraffic(all.Connections)
	merge(&all, &g.open.report)
	g.open.report = all
}

// run cuts chunks until ctx ends.
func (g *gatherer) run(ctx context.Context) error {
	tick := g.clock.NewTicker(FlushEvery)
	defer tick.Stop()
	haste := hasteMost
	var soon <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
			haste = min(haste+1, hasteMost)
			g.rest()
		case <-soon:
		case <-g.arrived:
			if !g.heavy() {
				if soon == nil && haste > 0 {
					haste--
					soon = g.clock.After(linger)
				}
				continue
			}
		}
		soon = nil
		g.cut(ctx)
	}
}

func (g *gatherer) heavy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open.bytes >= heavy
}

// cut keeps the open batch as a chunk, however long that takes where it holds
// entries.
func (g *gatherer) cut(ctx context.Context) {
	b := g.take()
	if b == nil {
		return
	}
	for {
		err := g.keep(b)
		if err == nil {
			break
		}
		g.complain(err)
		if b.bytes == 0 || errors.Is(err, spool.ErrFull) {
			g.dropped.Add(int64(len(b.Points)))
			b.Points, b.Defs = b.Points[:0], b.Defs[:0]
		}
		if b.bytes == 0 {
			g.giveBack(b)
			return
		}
		select {
		case <-g.clock.After(retryPause):
		case <-ctx.Done():
			b.err = ctx.Err()
			close(b.done)
			return
		}
	}
	g.entries.Add(int64(len(b.Entries)))
	g.said = false
	close(b.done)
	g.recycle(b)
}

// take begins the next batch and returns what was gathered; nil for nothing.
func (g *gatherer) take() *batch {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	if len(b.Points) == 0 && b.bytes == 0 && empty(&b.report) {
		return nil
	}
	g.open, g.spare = g.spare, nil
	if g.open == nil {
		g.open = newBatch()
	}
	g.names.next()
	return b
}

// keepMemory is the largest batch whose memory is kept where nothing as large
// follows soon.
const keepMemory = 256 << 10

// restFlushes is after how many flushes without a large batch memory is let go of.
const restFlushes = 3

// rest lets go of the memory that large batches took, when there were none for a
// while: while there are, each would have to clear new memory.
func (g *gatherer) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.large == 0 {
		return
	}
	if g.large--; g.large > 0 {
		return
	}
	g.spare, g.bytes = nil, nil
	g.encoder.Rest()
	if g.open.bytes == 0 {
		g.open.Entries = nil
	}
}

// recycle lets the batch's memory be used again. The texts of entries are let go.
func (g *gatherer) recycle(b *batch) {
	large := b.bytes > keepMemory || cap(b.Points)*pointBytes > keepMemory
	clear(b.Entries)
	clear(b.places)
	b.Points, b.Defs, b.Entries = b.Points[:0], b.Defs[:0], b.Entries[:0]
	b.bytes, b.report, b.outcome = 0, host.Report{}, newOutcome()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spare = b
	if large {
		g.large = restFlushes
	}
}

// giveBack keeps what a dropped chunk was to tell for the next one.
func (g *gatherer) giveBack(b *batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	merge(&b.report, &g.open.report)
	g.open.report = b.report
}

// keep writes a batch to the spool.
func (g *gatherer) keep(b *batch) error {
	sequence, err := g.keeper.Sequence()
	if err != nil {
		return err
	}
	c := chunk.Chunk{Host: g.identity(), Sequence: sequence, Batch: b.Batch}
	if g.zone != nil && len(b.Entries) > 0 {
		c.Zone = g.zone()
	}
	if !empty(&b.report) {
		c.Report = &b.report
	}
	if g.bytes, err = g.encoder.Encode(g.bytes[:0], &c); err != nil {
		b.report = host.Report{} // nothing else can fail; it is told again some day
		return err
	}
	return g.keeper.Put(sequence, g.bytes, b.places, b.bytes > 0)
}

// complain says a failure once, until something was kept.
func (g *gatherer) complain(err error) {
	if errors.Is(err, spool.ErrFull) {
		if !g.said {
			g.log.Error("the spool is full: files and journal wait, samples are dropped until the server takes something", "error", err.Error())
		}
	} else {
		g.errors.Add(1)
		if !g.said {
			g.log.Error("what was read cannot be kept on this disk: files and journal wait", "error", err.Error())
		}
	}
	g.said = true
}

// names gives each series its number in a chunk.
type names struct {
	known      map[string]*series
	generation uint64
	used       int
}

type series struct {
	name       string
	id         metric.ID
	generation uint64 // of the chunk that id counts in, from 1
}

// manyNames is from where on names that are not used any more are forgotten.
const manyNames = 4096

// id is the number of a name in this chunk, which is given its definition at
// first use. The name may be valid only during the call.
func (n *names) id(name string, b *record.Batch) metric.ID {
	s := n.known[name]
	if s == nil {
		if n.known == nil {
			n.known = map[string]*series{}
		}
		s = &series{name: strings.Clone(name)}
		n.known[s.name] = s
	}
	if s.generation != n.generation+1 {
		n.used++
		s.generation, s.id = n.generation+1, metric.ID(len(b.Defs)+1)
		b.Defs = append(b.Defs, metric.Def{ID: s.id, Name: s.name})
	}
	return s.id
}

// next begins another chunk.
func (n *names) next() {
	if len(n.known) > manyNames && len(n.known) > 4*n.used {
		n.known = nil
	}
	n.generation++
	n.used = 0
}
