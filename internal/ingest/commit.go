package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"patou/internal/record"
	"patou/internal/wal"
)

// groupBytes and groupMax bound what one write and one sync carry.
const (
	groupBytes = 8 << 20
	groupMax   = 512
)

// request is one batch on its way through the committing goroutine.
type request struct {
	batch   *record.Batch
	payload []byte
	durable bool
	done    chan outcome // buffered: the committer never waits for the caller
}

type outcome struct {
	answer   []byte
	repeated bool
	err      error
}

// Commit writes a batch to the log and applies it. With durable set it returns
// when the batch would survive a power cut, else when it would survive the end
// of the process. When the batch's key was seen before, nothing is written and
// the answer of that time is returned.
//
// The batch belongs to the Committer from here on. When ctx ends while the batch
// waits, the caller does not learn whether it was kept.
func (c *Committer) Commit(ctx context.Context, b *record.Batch, durable bool) (answer []byte, repeated bool, err error) {
	r := &request{batch: b, payload: c.pack(b), durable: durable, done: make(chan outcome, 1)}
	release, err := c.budget.take(ctx, int64(len(r.payload)))
	if err != nil {
		return nil, false, err
	}
	defer release()
	select {
	case c.queue <- r:
	case <-ctx.Done():
		return nil, false, ErrBusy
	}
	select {
	case o := <-r.done:
		return o.answer, o.repeated, o.err
	case <-ctx.Done():
		return nil, false, fmt.Errorf("%w: the wait for the log was cut short", ErrBusy)
	}
}

// keepPacking is the largest buffer that packing keeps for the next batch.
const keepPacking = 8 << 20

// pack makes a batch's bytes, in memory of their own: they are held until they
// are synced, and take a fraction of what making them takes.
func (c *Committer) pack(b *record.Batch) []byte {
	buffer, ok := c.packing.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	*buffer = b.Append((*buffer)[:0])
	payload := bytes.Clone(*buffer)
	if cap(*buffer) <= keepPacking {
		c.packing.Put(buffer)
	}
	return payload
}

// Busy reports that a new request should be refused before it is read.
func (c *Committer) Busy() bool { return c.budget.full() }

// Run writes, syncs and applies batches until ctx ends; then it finishes what
// is queued, syncs and freezes, so that a last Flush leaves an empty log.
func (c *Committer) Run(ctx context.Context) error {
	tick := c.opts.Clock.NewTicker(c.opts.SyncEvery)
	defer tick.Stop()
	for {
		select {
		case r := <-c.queue:
			c.commit(c.group(r))
		case <-tick.C():
			c.syncIfDirty()
		case <-ctx.Done():
			c.drain()
			return nil
		}
		c.freezeIfDue(ctx)
	}
}

// drain finishes what was queued when the server was told to stop.
func (c *Committer) drain() {
	for {
		select {
		case r := <-c.queue:
			c.commit(c.group(r))
		default:
			c.syncIfDirty()
			c.freeze()
			return
		}
	}
}

// group adds what else waits to the first request, within the bounds.
func (c *Committer) group(first *request) []*request {
	group, size := []*request{first}, len(first.payload)
	for len(group) < groupMax && size < groupBytes {
		select {
		case r := <-c.queue:
			group, size = append(group, r), size+len(r.payload)
		default:
			return group
		}
	}
	return group
}

func (c *Committer) commit(group []*request) {
	group = c.answerRepeats(group)
	if len(group) == 0 {
		return
	}
	first, err := c.write(group)
	if err != nil {
		c.opts.Telemetry.Counter("ingest.log_errors").Inc()
		for _, r := range group {
			r.done <- outcome{err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
		}
		return
	}
	for i, r := range group {
		c.apply(first+uint64(i), r.batch)
		r.done <- outcome{answer: r.batch.Answer}
	}
}

// answerRepeats takes out the requests whose key was accepted before. Of two in
// one group the second is put off to the next, when the first is known.
func (c *Committer) answerRepeats(group []*request) []*request {
	fresh := group[:0:len(group)]
	var inGroup map[string]bool
	for i, r := range group {
		key := r.batch.Key
		switch {
		case key == "":
		case inGroup[key]:
			rest := append([]*request(nil), group[i:]...)
			c.commit(fresh)
			c.commit(rest)
			return nil
		default:
			if answer, ok := c.logs.Answer(key); ok {
				c.opts.Telemetry.Counter("ingest.repeats").Inc()
				r.done <- outcome{answer: answer, repeated: true}
				continue
			}
			if inGroup == nil {
				inGroup = map[string]bool{}
			}
			inGroup[key] = true
		}
		fresh = append(fresh, r)
	}
	return fresh
}

// write puts a group into the log, behind the definitions that it needs, and
// returns the number of the group's first record.
func (c *Committer) write(group []*request) (first uint64, err error) {
	if err := c.flushError(); err != nil && c.headBytes() > 2*c.opts.HeadBytes {
		return 0, err // memory is full of what the disk does not take
	}
	if c.headBytes() > 2*c.opts.HeadBytes && len(c.again) > 0 {
		// What is not synced is not flushed: it must be before there is more.
		if err := c.syncAccepted(); err != nil {
			return 0, err
		}
	}
	// A series is defined before the first batch that uses it is queued, so
	// what is taken here covers the whole group.
	c.defs = append(c.defs, c.metrics.TakeDefs()...)
	records := append(make([][]byte, 0, len(c.again)+len(group)+1), c.again...)
	if len(c.defs) > 0 {
		records = append(records, (&record.Batch{Defs: c.defs}).Append(nil))
	}
	durable := false
	for _, r := range group {
		records = append(records, r.payload)
		durable = durable || r.durable
	}
	if first, err = c.writeRecords(records, durable); err != nil {
		return 0, err
	}
	first += uint64(len(records) - len(group))
	if len(c.defs) > 0 {
		c.apply(first-1, &record.Batch{Defs: c.defs})
		c.defs = nil
	}
	return first, nil
}

// writeRecords writes records, of which the first are those of again, and syncs
// if asked to.
func (c *Committer) writeRecords(records [][]byte, sync bool) (first uint64, err error) {
	first, err = c.log.Write(records...)
	if err == nil && sync {
		err = c.log.Sync()
	}
	if err != nil {
		c.withdraw(err)
		return 0, err
	}
	c.again, c.unsynced = nil, !sync
	if sync {
		c.tail = nil
	} else {
		c.tail = append(c.tail, records...)
	}
	return first, nil
}

// withdraw keeps what a failed sync took from the log after it was accepted and
// applied, to be written again before anything else: later records need its
// definitions, and no store may put in files what the log does not hold.
func (c *Committer) withdraw(err error) {
	if errors.Is(err, wal.ErrWithdrawn) {
		c.again, c.tail = append(c.again, c.tail...), nil
	}
}

func (c *Committer) apply(lsn uint64, b *record.Batch) {
	b.Number(lsn)
	c.metrics.Apply(lsn, b)
	c.logs.Apply(lsn, b)
	c.lsn = lsn
	if c.opts.Applied != nil && len(b.Entries) > 0 {
		c.opts.Applied(b.Entries)
	}
}

// syncIfDirty reports whether all that was accepted is durable.
func (c *Committer) syncIfDirty() bool {
	if !c.unsynced && len(c.again) == 0 {
		return true
	}
	if err := c.syncAccepted(); err != nil {
		c.opts.Telemetry.Counter("ingest.log_errors").Inc()
		return false
	}
	return true
}

func (c *Committer) syncAccepted() error {
	if len(c.again) > 0 {
		n := uint64(len(c.again))
		first, err := c.writeRecords(c.again, true)
		if err == nil {
			c.lsn = first + n - 1 // the next freeze is not before them
		}
		return err
	}
	if err := c.log.Sync(); err != nil {
		c.withdraw(err)
		return err
	}
	c.unsynced, c.tail = false, nil
	return nil
}
