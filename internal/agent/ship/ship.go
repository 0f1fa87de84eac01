// Package ship delivers chunks to a server, in order and one at a time.
//
// Invariant: a chunk is acknowledged when the server has it or said that it can
// never be taken; until then it is sent again, and those behind it wait. What the
// server is told no secret of, no log is told either. Run fails only where the
// queue cannot be read.
package ship

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"patou/internal/clock"
)

// Transport takes one chunk to a server. It fails with a *Refusal where the
// server answered no.
type Transport interface {
	// Send returns when the server has the chunk, or does not take it. The
	// slice is valid until then; sent is the time by this host's clock.
	Send(ctx context.Context, chunk []byte, sent time.Time) (Answer, error)
}

// Queue is what is to be sent.
type Queue interface {
	// Next waits for the next chunk, which is valid until the next call.
	Next(ctx context.Context) (sequence uint64, chunk []byte, err error)
	// Ack says that all up to this chunk need not be sent again.
	Ack(sequence uint64, size int) error
}

// Answer is what the server says of a chunk that it has.
type Answer struct {
	Sequence uint64     `json:"sequence"`
	Entries  int        `json:"entries"`
	Samples  int        `json:"samples"`
	Rejected []Rejected `json:"rejected"`
	// Time is the server's, Node the name that it keeps this host under.
	Time time.Time `json:"time"`
	Node string    `json:"node"`
	// WantReport asks for a report with all its parts.
	WantReport bool `json:"want_report"`
}

// Rejected is one thing in a chunk that the server did not keep.
type Rejected struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Refusal is a server's no.
type Refusal struct {
	// Status is HTTP's.
	Status int
	// After is how long the server asks to be left alone, 0 where it did not say.
	After time.Duration
	// Reason is in the server's words.
	Reason string
}

// Error is the refusal in a line.
func (r *Refusal) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("the server answered %d %s", r.Status, http.StatusText(r.Status))
	}
	return fmt.Sprintf("the server answered %d: %s", r.Status, r.Reason)
}

// final tells whether the same chunk can never be taken.
func (r *Refusal) final() bool {
	switch r.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Pauses between two attempts, and between two chunks.
const (
	FirstPause = 500 * time.Millisecond
	LastPause  = 30 * time.Second
	// maxAfter is how long a server may ask to be left alone.
	maxAfter = 5 * time.Minute
	// pace bounds how fast a backlog is sent: fifty chunks a second.
	pace = 20 * time.Millisecond
)

// Options are what a Shipper needs.
type Options struct {
	Queue     Queue
	Transport Transport
	Clock     clock.Clock
	Log       *slog.Logger
	// Random is a number from 0 to 1, for the jitter.
	Random func() float64
	// Answered is told of each chunk that the server has; may be nil.
	Answered func(Answer)
}

// Shipper sends what is in a queue.
type Shipper struct {
	options Options
	poke    chan struct{}
	trouble string // what was said last, "" while all is well
	since   time.Time
	said    time.Time // when it was last said that a part was not kept

	dropped, errors atomic.Int64
	roundTrip       atomic.Int64
}

// New is a shipper. Run is for one goroutine; the rest may be called by others.
func New(o Options) *Shipper { return &Shipper{options: o, poke: make(chan struct{}, 1)} }

// Run sends until ctx ends.
func (s *Shipper) Run(ctx context.Context) error {
	var last time.Time
	for {
		sequence, chunk, err := s.options.Queue.Next(ctx)
		// The clock may have been put back since.
		if err == nil && s.sleep(ctx, min(pace, pace-s.options.Clock.Now().Sub(last))) {
			last = s.options.Clock.Now()
			err = s.deliver(ctx, sequence, chunk)
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it ended because it was told to
		case err != nil:
			return err
		}
	}
}

// Poke ends a pause between two attempts.
func (s *Shipper) Poke() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Dropped is how many chunks no server will ever take.
func (s *Shipper) Dropped() int64 { return s.dropped.Load() }

// Errors is how many attempts failed.
func (s *Shipper) Errors() int64 { return s.errors.Load() }

// RoundTrip is how long the last good attempt took; 0 before the first.
func (s *Shipper) RoundTrip() time.Duration { return time.Duration(s.roundTrip.Load()) }

// deliver sends one chunk until it is done with.
func (s *Shipper) deliver(ctx context.Context, sequence uint64, chunk []byte) error {
	for pause := FirstPause; ; pause = min(2*pause, LastPause) {
		begin := s.options.Clock.Now()
		answer, err := s.options.Transport.Send(ctx, chunk, begin)
		if err == nil && answer.Sequence != sequence {
			err = fmt.Errorf("the answer is about chunk %d and not %d: is it Patou that answers?", answer.Sequence, sequence)
		}
		var refused *Refusal
		switch {
		case ctx.Err() != nil && err != nil:
			return nil //nolint:nilerr // told to stop: it is sent after the next start
		case err == nil:
			s.roundTrip.Store(int64(s.options.Clock.Now().Sub(begin)))
			s.delivered(answer)
			return s.options.Queue.Ack(sequence, len(chunk))
		case errors.As(err, &refused) && refused.final():
			s.drop(sequence, len(chunk), refused)
			return s.options.Queue.Ack(sequence, len(chunk))
		}
		s.failed(err)
		if !s.sleep(ctx, s.pause(pause, refused)) {
			return nil
		}
	}
}

// pause is how long to wait after a failure: what the server asked for, or
// half to all of the step, so that many agents do not come back together.
func (s *Shipper) pause(step time.Duration, r *Refusal) time.Duration {
	if r != nil && r.After > 0 {
		after := min(r.After, maxAfter)
		return after + time.Duration(s.options.Random()*float64(after)/4)
	}
	return step/2 + time.Duration(s.options.Random()*float64(step)/2)
}

// sleep waits, or until Poke; it is false when ctx ended.
func (s *Shipper) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-s.options.Clock.After(d):
	case <-s.poke:
	case <-ctx.Done():
		return false
	}
	return true
}

func (s *Shipper) delivered(a Answer) {
	if s.trouble != "" {
		s.options.Log.Info("the server takes what is sent again", "after", s.options.Clock.Now().Sub(s.since).Round(time.Second).String())
		s.trouble = ""
	}
	s.rejected(a)
	if s.options.Answered != nil {
		s.options.Answered(a)
	}
}

// rejected says the first of what was not kept, and how much it is, at most once
// a minute: the agent reads the journal in which its own log may end.
func (s *Shipper) rejected(a Answer) {
	now := s.options.Clock.Now()
	if len(a.Rejected) == 0 || !s.said.IsZero() && now.Sub(s.said) < time.Minute {
		return
	}
	s.said = now
	r := &a.Rejected[0]
	s.options.Log.Warn("the server did not keep a part of a chunk", "sequence", a.Sequence, "line", r.Line, "reason", r.Reason, "parts", len(a.Rejected))
}

// failed says what is wrong once, until it is something else.
func (s *Shipper) failed(err error) {
	s.errors.Add(1)
	trouble, said := kind(err), err.Error()
	if trouble == s.trouble {
		return
	}
	if s.trouble == "" {
		s.since = s.options.Clock.Now()
	}
	s.trouble = trouble
	switch trouble {
	case "login":
		s.options.Log.Error("the server refuses this agent's token: what is read is kept here and sent when it is accepted", "error", said)
	case "busy":
		s.options.Log.Info("the server is busy: what is read waits here", "error", said)
	default:
		s.options.Log.Warn("the server cannot be reached: what is read is kept here and sent later", "error", said)
	}
}

// kind sorts failures into those that are worth another line in the log.
func kind(err error) string {
	var r *Refusal
	if !errors.As(err, &r) {
		return "away"
	}
	switch r.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "login"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "busy"
	}
	return "refused"
}

func (s *Shipper) drop(sequence uint64, size int, r *Refusal) {
	s.dropped.Add(1)
	s.errors.Add(1)
	what := "the server can never take this chunk: it is dropped"
	if r.Status == http.StatusRequestEntityTooLarge {
		what = "this chunk is larger than the server, or a proxy before it, takes: it is dropped; allow bodies of 8 MiB there"
	}
	s.options.Log.Error(what, "sequence", sequence, "bytes", size, "error", r.Error())
}
