package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/metric"
	"patou/internal/parse/ndjson"
	"patou/internal/record"
	"patou/internal/telemetry"
)

// rejectedListed bounds the refused lines that an answer lists.
const rejectedListed = 100

// Pipeline enriches entries and derives samples from them.
type Pipeline interface {
	// Process completes an entry in place; now is when it arrived.
	Process(now time.Time, e *entry.Entry)
	// ProcessIn is Process where times in plain lines which name no zone are of
	// this one; nil is the pipeline's own.
	ProcessIn(zone *time.Location, now time.Time, e *entry.Entry)
	// Derive gives the samples that an entry stands for. The name is valid
	// during the call of emit.
	Derive(e *entry.Entry, emit func(name string, kind metric.Kind, timeMs int64, value float64))
}

// Logs takes entries into the log store, and what is derived from them into the
// metric store, in one record.
type Logs struct {
	committer *Committer
	pipeline  Pipeline
	admission *Admission
	tap       *Tap
	clock     clock.Clock
	// check refuses, with a sentence, a time, in ns, that cannot be kept.
	check     func(now time.Time, ns int64) error
	accepted  *telemetry.Counter
	underived *telemetry.Counter
	samples   *telemetry.Counter // that came with entries, in one batch
	// resolvers are reused: each learns the order in which series follow.
	resolvers sync.Pool
}

// NewLogs wires the way of entries.
func NewLogs(c *Committer, p Pipeline, a *Admission, newResolver func() Resolver, check func(now time.Time, ns int64) error, tap *Tap, cl clock.Clock, t *telemetry.Set) *Logs {
	return &Logs{
		committer: c, pipeline: p, admission: a, tap: tap, clock: cl, check: check,
		accepted: t.Counter("ingest.entries"), underived: t.Counter("ingest.underived"), samples: t.Counter("ingest.samples"),
		resolvers: sync.Pool{New: func() any { return newResolver() }},
	}
}

// Answer is what the sender of lines is told.
type Answer struct {
	Accepted int        `json:"accepted" doc:"How many lines were kept."`
	Rejected []Rejected `json:"rejected" doc:"The lines that were not, the first 100 of them."`
}

// Rejected is one line that was not kept.
type Rejected struct {
	Line   int    `json:"line" doc:"Its number in the request, from 1."`
	Reason string `json:"reason" doc:"What is wrong with it."`
}

// Accept keeps the lines of a POST /api/logs: newline-delimited JSON. It returns
// when they would survive a power cut. A repeated key gets the first answer. The
// error is ErrBusy, before any line was taken, or ErrUnavailable.
func (l *Logs) Accept(ctx context.Context, source, key string, body []byte) (Answer, error) {
	if l.committer.Busy() {
		return Answer{}, ErrBusy
	}
	now := l.clock.Now()
	answer := Answer{Rejected: []Rejected{}}
	b := &record.Batch{Key: key, Received: now.UnixNano()}
	reject := func(line int, raw string, reason error) {
		answer.reject(line, reason)
		l.tap.Reject("http", source, raw, reason.Error())
	}
	var d ndjson.Decoder
	d.Decode(string(body), func(line int, e *entry.Entry) {
		l.pipeline.Process(now, e)
		if err := l.check(now, e.Time); err != nil {
			reject(line, e.Message, err)
			return
		}
		b.Entries = append(b.Entries, *e)
	}, reject)
	answer.Accepted = len(b.Entries)
	if answer.Accepted == 0 {
		return answer, nil
	}
	l.complete(source, b)
	return l.keep(ctx, b, answer)
}

func (a *Answer) reject(line int, err error) {
	if len(a.Rejected) < rejectedListed {
		a.Rejected = append(a.Rejected, Rejected{Line: line, Reason: err.Error()})
	}
}

func (l *Logs) keep(ctx context.Context, b *record.Batch, answer Answer) (Answer, error) {
	if b.Key != "" {
		text, err := json.Marshal(answer)
		if err != nil {
			return Answer{}, fmt.Errorf("answer to key %q: %w", b.Key, err)
		}
		b.Answer = text
	}
	first, repeated, err := l.committer.Commit(ctx, b, true)
	switch {
	case err != nil:
		return Answer{}, err
	case repeated:
		var before Answer
		if err := json.Unmarshal(first, &before); err != nil {
			return Answer{}, fmt.Errorf("first answer to key %q: %w", b.Key, err)
		}
		return before, nil
	}
	l.accepted.Add(answer.Accepted)
	return answer, nil
}

// Entries keeps what a receiver without acknowledgements made, such as syslog;
// it returns when they would survive the end of the process.
func (l *Logs) Entries(ctx context.Context, protocol, source string, entries []entry.Entry) error {
	return l.keepEntries(ctx, protocol, source, entries, false)
}

// DurableEntries is Entries for a sender that goes on from a place of its own:
// it returns when they would survive a power cut.
func (l *Logs) DurableEntries(ctx context.Context, protocol, source string, entries []entry.Entry) error {
	return l.keepEntries(ctx, protocol, source, entries, true)
}

func (l *Logs) keepEntries(ctx context.Context, protocol, source string, entries []entry.Entry, durable bool) error {
	now := l.clock.Now()
	b := &record.Batch{Entries: make([]entry.Entry, 0, len(entries))}
	for i := range entries {
		e := &entries[i]
		l.pipeline.Process(now, e)
		if err := l.check(now, e.Time); err != nil {
			l.tap.Reject(protocol, source, e.Message, err.Error())
			continue
		}
		b.Entries = append(b.Entries, *e)
	}
	if len(b.Entries) == 0 {
		return nil
	}
	l.complete(source, b)
	n := len(b.Entries)
	if l.tap.Watched() {
		for i := range b.Entries {
			e := &b.Entries[i]
			l.tap.Accept(protocol, source, e.Message, "component="+e.Component+" host="+e.Host+" level="+e.Level.String())
		}
	}
	if _, _, err := l.committer.Commit(ctx, b, durable); err != nil {
		return err
	}
	l.accepted.Add(n)
	return nil
}

// complete gives each entry the component it is filed under and adds the points
// that are derived from it.
func (l *Logs) complete(source string, b *record.Batch) {
	resolver := l.resolvers.Get().(Resolver)
	defer l.resolvers.Put(resolver)
	derive := func(name string, kind metric.Kind, timeMs int64, value float64) {
		id, err := resolver.Resolve(name, kind)
		if err != nil {
			l.underived.Inc()
			return
		}
		b.Points = append(b.Points, metric.Point{Series: id, Time: timeMs, Value: value})
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		e.Component = l.admission.Component(source, e.Component)
		l.pipeline.Derive(e, derive)
	}
}
