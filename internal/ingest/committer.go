// Package ingest takes what the receivers made and keeps it: admission, the
// write-ahead log, and only then the stores.
//
// Invariant: what was answered with success survives a crash of the process,
// and of the machine when durability was asked for; a batch is kept whole or not
// at all; both stores see the batches in the order of the log. Queues are
// bounded in bytes; each refused or dropped item has a counter. It fails with
// ErrBusy when a sender should try later and with ErrUnavailable when the log
// cannot be written.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/telemetry"
	"patou/internal/wal"
)

// ErrBusy says that the sender should try again a little later.
var ErrBusy = errors.New("the server is busy: try again in a few seconds")

// ErrUnavailable says that nothing can be kept now, as on a full disk.
var ErrUnavailable = errors.New("the server cannot write: try again later")

// Log is the write-ahead log. Write appends records and returns the number of
// the first; they are durable after the next Sync. When either fails, the
// records of that call count as not written.
type Log interface {
	Write(records ...[]byte) (first uint64, err error)
	Sync() error
	Truncate(upTo uint64) error
	Size() int64
}

// Store is fed from the log, in the order of its records.
type Store interface {
	// Apply takes a batch into memory. It is called by one goroutine, in order
	// of lsn, and does not retain the batch's slices.
	Apply(lsn uint64, b *record.Batch)
	// Freeze makes all that was applied, through lsn, a generation for Flush.
	// It is called by the goroutine that applies, between two batches.
	Freeze(lsn uint64)
	// Flush writes the frozen generations to files. It is called by one other
	// goroutine. After an error it keeps them and is called again.
	Flush(ctx context.Context) error
	// Flushed is the lsn through which every effect is in files, and no effect
	// of a later batch is.
	Flushed() uint64
	// HeadBytes is the memory held by what is not in files yet.
	HeadBytes() int64
	// Maintain compacts and removes what is past its retention.
	Maintain(ctx context.Context) error
}

// MetricStore is the store of series.
type MetricStore interface {
	Store
	// TakeDefs returns the series made since the last call.
	TakeDefs() []metric.Def
}

// LogStore is the store of entries.
type LogStore interface {
	Store
	// Answer is what the sender of an idempotency key was told.
	Answer(key string) (answer []byte, ok bool)
}

// Options bound and pace a Committer. Zero fields take the defaults given.
type Options struct {
	Clock     clock.Clock    // default: the machine's
	Telemetry *telemetry.Set // default: a set of its own
	// QueueBytes bounds what waits to be written; default 64 MiB.
	QueueBytes int64
	// SyncEvery is how long a batch that did not ask for durability may stay
	// in the operating system's cache; default 250 ms.
	SyncEvery time.Duration
	// HeadBytes of memory in a store make the Committer freeze; at twice as
	// much it waits for the flush. Default 64 MiB.
	HeadBytes int64
	// LogBytes in the write-ahead log make it freeze; default 128 MiB.
	LogBytes int64
	// FreezeEvery bounds the time that a quiet server keeps in the log alone;
	// default 10 minutes.
	FreezeEvery time.Duration
	// Applied, when set, is called with each applied batch that has entries,
	// in order, by the committing goroutine; it must not block.
	Applied func(entries []entry.Entry)
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Telemetry == nil {
		o.Telemetry = &telemetry.Set{}
	}
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	set(&o.QueueBytes, 64<<20)
	set(&o.HeadBytes, 64<<20)
	set(&o.LogBytes, 128<<20)
	set((*int64)(&o.SyncEvery), int64(250*time.Millisecond))
	set((*int64)(&o.FreezeEvery), int64(10*time.Minute))
	return o
}

// Committer owns the write-ahead log and the order of everything. One goroutine
// in Run writes, syncs and applies; one in Maintain flushes. Commit may be
// called by any number of others.
type Committer struct {
	opts    Options
	log     Log
	metrics MetricStore
	logs    LogStore

	queue  chan *request
	budget *budget
	// packing has buffers, of *[]byte.
	packing sync.Pool
	// flush asks Maintain for a flush, flushed tells Run that one ended.
	flush   chan struct{}
	flushed chan struct{}

	// The rest belongs to the goroutine in Run.
	lsn      uint64 // of the last batch applied
	frozen   uint64 // of the last batch when the stores were last frozen
	frozenAt time.Time
	unsynced bool
	defs     []metric.Def // made, and not in the log yet
	// tail are the records written since the last sync, again those of them
	// that the log withdrew.
	tail, again [][]byte

	// failure is what the last flush ended with.
	failure struct {
		sync.Mutex
		err error
	}
}

// NewCommitter wires a log to its two stores.
func NewCommitter(log Log, metrics MetricStore, logs LogStore, o Options) *Committer {
	o = o.withDefaults()
	return &Committer{
		opts: o, log: log, metrics: metrics, logs: logs,
		queue:    make(chan *request, 256),
		budget:   newBudget(o.QueueBytes),
		flush:    make(chan struct{}, 1),
		flushed:  make(chan struct{}, 1),
		frozenAt: o.Clock.Now(),
	}
}

// Replayer reads a write-ahead log from its beginning.
type Replayer interface {
	Replay(ctx context.Context, fn func(lsn uint64, rec []byte) error) (wal.Report, error)
}

// Replay applies what the log holds beyond the files of the stores. It is called
// once, before Run. A record that cannot be read is named and passed over.
func (c *Committer) Replay(ctx context.Context, from Replayer) (wal.Report, error) {
	var unread []fsx.Damage
	report, err := from.Replay(ctx, func(lsn uint64, rec []byte) error {
		b, err := record.Decode(rec)
		if err != nil {
			unread = append(unread, fsx.Damage{File: "write-ahead log", Offset: -1, What: fmt.Sprintf("record %d: %v", lsn, err)})
			return nil
		}
		c.replayed(ctx, lsn, b)
		return ctx.Err()
	})
	if err != nil {
		return report, fmt.Errorf("replay of the write-ahead log: %w", err)
	}
	c.lsn = max(c.lsn, c.metrics.Flushed(), c.logs.Flushed())
	c.frozen = c.flushedThrough()
	report.Damage = append(report.Damage, unread...)
	return report, nil
}

func (c *Committer) replayed(ctx context.Context, lsn uint64, b *record.Batch) {
	b.Number(lsn)
	if lsn > c.metrics.Flushed() {
		c.metrics.Apply(lsn, b)
	}
	if lsn > c.logs.Flushed() {
		c.logs.Apply(lsn, b)
	}
	c.lsn = lsn
	// A long log is flushed on the way, so that replay needs no more memory
	// than the server had. The log is not cut while it is read: it holds its
	// lock, and it is no longer afterwards than it was.
	if c.headBytes() > c.opts.HeadBytes {
		c.freezeReplayed()
		if err := c.flushStores(ctx); err != nil {
			c.opts.Telemetry.Counter("ingest.flush_errors").Inc()
		}
	}
}

// freezeReplayed freezes each store that the replay has come to. One that is
// ahead must not go back to a record of which it has the effects in files.
func (c *Committer) freezeReplayed() {
	for _, s := range []Store{c.metrics, c.logs} {
		if c.lsn > s.Flushed() {
			s.Freeze(c.lsn)
		}
	}
}

func (c *Committer) headBytes() int64 { return max(c.metrics.HeadBytes(), c.logs.HeadBytes()) }
