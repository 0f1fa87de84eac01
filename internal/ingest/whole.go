package ingest

import (
	"context"
	"time"

	"patou/internal/record"
)

// Whole is a batch that a receiver keeps all or nothing of: its points are
// resolved and its entries as the sender made them.
type Whole struct {
	Protocol, Source string
	*record.Batch
	// Zone is that of times in plain lines which name none; nil is the
	// pipeline's own.
	Zone *time.Location
	// Reject is told of each entry that cannot be kept, by its number from 0.
	Reject func(i int, reason error)
	// Answer makes what the sender is told, once it is known what is kept; it
	// is kept with the batch's key.
	Answer func() []byte
}

// Keep takes a batch through pipeline and admission and returns, with the
// answer, when it would survive a power cut. A repeated key gets the first
// answer and keeps nothing. The error is ErrBusy or ErrUnavailable.
func (l *Logs) Keep(ctx context.Context, w Whole) (answer []byte, repeated bool, err error) {
	now, b := l.clock.Now(), w.Batch
	b.Received = now.UnixNano()
	points, kept := len(b.Points), b.Entries[:0]
	for i := range b.Entries {
		e := &b.Entries[i]
		l.pipeline.ProcessIn(w.Zone, now, e)
		if err := l.check(now, e.Time); err != nil {
			l.tap.Reject(w.Protocol, w.Source, e.Message, err.Error())
			w.Reject(i, err)
			continue
		}
		kept = append(kept, *e)
	}
	b.Entries = kept
	l.complete(w.Source, b)
	b.Answer = w.Answer()
	entries := len(kept)
	answer, repeated, err = l.committer.Commit(ctx, b, true)
	if err == nil && !repeated {
		l.accepted.Add(entries)
		l.samples.Add(points)
	}
	return answer, repeated, err
}

// Busy reports that a new request should be refused before it is read.
func (l *Logs) Busy() bool { return l.committer.Busy() }
