package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maintainEvery is how often the stores compact and apply their retention.
const maintainEvery = 30 * time.Second

// freezeIfDue hands what is in memory to the flush when a bound is reached, and
// waits for the flush while memory is past twice its bound. It does not wait
// for a flush that has nothing to write because the log could not be synced:
// such a flush ends at once, without an error, and this would never end.
func (c *Committer) freezeIfDue(ctx context.Context) {
	ok := c.freezeIf(c.heavy() || c.opts.Clock.Now().Sub(c.frozenAt) >= c.opts.FreezeEvery)
	for ok && c.headBytes() > 2*c.opts.HeadBytes && c.lsn > c.flushedThrough() && c.flushError() == nil {
		select {
		case <-c.flushed:
		case <-ctx.Done():
			return
		}
		ok = c.freezeIf(true)
	}
}

// heavy reports that memory or the log has reached its bound.
func (c *Committer) heavy() bool {
	return c.headBytes() > c.opts.HeadBytes || c.log.Size() > c.opts.LogBytes
}

// freezeIf freezes when it is due, there is something to freeze, and all frozen
// generations are in files: freezing again before would make many small ones. It
// is false when it should have and could not.
func (c *Committer) freezeIf(due bool) bool {
	if !due || c.lsn <= c.frozen || c.flushedThrough() < c.frozen {
		return true
	}
	if !c.freeze() {
		return false
	}
	c.askFlush()
	return true
}

// flushedThrough is the batch up to which both stores have everything in files.
func (c *Committer) flushedThrough() uint64 { return min(c.metrics.Flushed(), c.logs.Flushed()) }

// freeze begins a generation in both stores. The log is synced first: a number
// that a store has in files must never be given again, and after a power cut
// only what was synced keeps the count. It is false when that sync failed.
func (c *Committer) freeze() bool {
	if c.lsn <= c.frozen {
		return true
	}
	if !c.syncIfDirty() {
		return false
	}
	c.metrics.Freeze(c.lsn)
	c.logs.Freeze(c.lsn)
	c.frozen, c.frozenAt = c.lsn, c.opts.Clock.Now()
	return true
}

func (c *Committer) askFlush() {
	select {
	case c.flush <- struct{}{}:
	default:
	}
}

// Maintain flushes when Run asks for it, and compacts and expires in between,
// until ctx ends.
func (c *Committer) Maintain(ctx context.Context) error {
	tick := c.opts.Clock.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.flush:
			c.flushOnce(ctx)
		case <-tick.C():
			if c.flushError() != nil {
				c.flushOnce(ctx)
			}
			if err := c.maintainStores(ctx); err != nil && ctx.Err() == nil {
				c.opts.Telemetry.Counter("ingest.maintain_errors").Inc()
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// Finish flushes what Run froze at its end. It is called after both goroutines
// have returned.
func (c *Committer) Finish(ctx context.Context) error { return c.flushAndTruncate(ctx) }

func (c *Committer) flushOnce(ctx context.Context) {
	err := c.flushAndTruncate(ctx)
	if err != nil {
		c.opts.Telemetry.Counter("ingest.flush_errors").Inc()
	}
	c.failure.Lock()
	c.failure.err = err
	c.failure.Unlock()
	select {
	case c.flushed <- struct{}{}:
	default:
	}
}

func (c *Committer) flushError() error {
	c.failure.Lock()
	defer c.failure.Unlock()
	return c.failure.err
}

func (c *Committer) flushAndTruncate(ctx context.Context) error {
	if err := c.flushStores(ctx); err != nil {
		return err
	}
	if err := c.log.Truncate(c.flushedThrough()); err != nil {
		return fmt.Errorf("truncation of the write-ahead log: %w", err)
	}
	return nil
}

func (c *Committer) flushStores(ctx context.Context) error {
	if err := errors.Join(c.metrics.Flush(ctx), c.logs.Flush(ctx)); err != nil {
		return fmt.Errorf("flush of the stores: %w", err)
	}
	return nil
}

func (c *Committer) maintainStores(ctx context.Context) error {
	return errors.Join(c.metrics.Maintain(ctx), c.logs.Maintain(ctx))
}
