// Package agent receives what agents send: chunks of samples, entries and what
// they tell of their hosts.
//
// Invariant: a chunk is kept whole, once by its key, in one record, but for
// what in it could never be kept, which is refused piece by piece with a
// reason; an agent writes under its own node alone, whatever names it sends. A
// repeated chunk is answered like the first and counts as a sign of life, not
// as news. It fails with chunk.ErrCorrupt for what can never be taken, else with
// the error of the door that it keeps by.
package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"patou/internal/chunk"
	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/telemetry"
)

// Protocol is the receiver's name in counters and for those who watch.
const Protocol = "agent"

// Herd knows the hosts that speak.
type Herd interface {
	// Identify says under which node a host is kept, a new one from here on.
	Identify(c host.Contact) (host.Known, error)
	// Derive gives samples that follow from a report, with names relative to
	// the host; times are the server's to set.
	Derive(id string, c host.Contact, r *host.Report) []metric.Sample
	// Heard takes what was kept of a chunk; news is false for a repeat.
	// wantReport asks the agent to tell everything again.
	Heard(id string, c host.Contact, r *host.Report, read host.Readings, news bool) (wantReport bool)
}

// Resolver finds a series' number, and gives one to a new series.
type Resolver interface {
	Resolve(name string, kind metric.Kind) (metric.ID, error)
}

// Tap shows people what arrives.
type Tap interface {
	Reject(protocol, source, line, reason string)
	Accept(protocol, source, raw, kept string)
	Watched() bool
}

// Options are what a Receiver needs; all are required.
type Options struct {
	Herd Herd
	// Keep takes a batch whole: see ingest.Logs.Keep. The zone is that of the
	// host, nil where it is not known.
	Keep func(ctx context.Context, source string, b *record.Batch, zone *time.Location, reject func(i int, reason error), answer func() []byte) (told []byte, repeated bool, err error)
	// Busy reports that a request should be refused before it is read.
	Busy        func() bool
	NewResolver func() Resolver
	// Check refuses, with a sentence, a time in ms that no series can keep.
	Check     func(now time.Time, timeMs int64) error
	Tap       Tap
	Clock     clock.Clock
	Telemetry *telemetry.Set
}

// Receiver takes chunks. It is safe for use by several goroutines.
type Receiver struct {
	Options
	decoder *chunk.Decoder
	chunks  *telemetry.Counter

	mu       sync.Mutex
	senders  map[string]*sender // by the host's ID
	interned map[string]string
	zones    map[string]*time.Location // by name, nil for one that is not known here
	offsets  map[int]*time.Location
}

// New is a receiver.
func New(o Options) (*Receiver, error) {
	d, err := chunk.NewDecoder()
	if err != nil {
		return nil, err
	}
	return &Receiver{
		Options: o, decoder: d, chunks: o.Telemetry.Counter("ingest.agent.chunks"),
		senders: map[string]*sender{}, interned: map[string]string{},
		zones: map[string]*time.Location{}, offsets: map[int]*time.Location{},
	}, nil
}

// Answer is what an agent is told.
type Answer struct {
	Sequence uint64    `json:"sequence" doc:"The chunk's number."`
	Entries  int       `json:"entries" doc:"How many entries were kept."`
	Samples  int       `json:"samples" doc:"How many samples were kept."`
	Rejected []Refusal `json:"rejected" doc:"What was not, the first 100 of it."`
	Time     time.Time `json:"time" doc:"The server's time."`
	Node     string    `json:"node" doc:"The host's series are under host.<node>."`
	// WantReport asks for a report with all its parts.
	WantReport bool `json:"want_report" doc:"The server asks for a whole report."`
}

// Refusal is one thing that was not kept.
type Refusal struct {
	Line   int    `json:"line" doc:"The entry's number in the chunk, from 1; 0 for samples."`
	Reason string `json:"reason" doc:"What is wrong with it."`
}

// rejectedListed bounds what an answer lists.
const rejectedListed = 100

func (a *Answer) reject(line int, reason string) {
	if len(a.Rejected) < rejectedListed {
		a.Rejected = append(a.Rejected, Refusal{line, reason})
	}
}

// Busy reports that a chunk should be refused before it is read.
func (r *Receiver) Busy() bool { return r.Options.Busy() }

// Accept keeps an encoded chunk. It returns when it would survive a power cut.
// Sent is when it was, by the agent's clock; zero where the agent did not say.
func (r *Receiver) Accept(ctx context.Context, source string, sent time.Time, body []byte) (Answer, error) {
	c, err := r.decoder.Decode(body)
	if err == nil {
		err = check(c)
	}
	if err != nil {
		r.Tap.Reject(Protocol, source, fmt.Sprintf("%d bytes", len(body)), err.Error())
		return Answer{}, err
	}
	now := r.Clock.Now()
	if sent.IsZero() {
		sent = now
	}
	contact := host.Contact{Identity: c.Host, Sent: sent, Received: now, Newest: newest(&c.Batch)}
	known, err := r.Herd.Identify(contact)
	if err != nil {
		return Answer{}, err
	}
	return r.keep(ctx, source, c, contact, known)
}

func check(c *chunk.Chunk) error {
	switch {
	case c.Host.Instance == "" || c.Sequence == 0:
		return fmt.Errorf("%w: it says no instance or sequence", chunk.ErrCorrupt)
	case c.Host.Machine == "" && c.Host.Name == "":
		return fmt.Errorf("%w: it says neither machine nor name", chunk.ErrCorrupt)
	case len(c.Host.Machine) > maxText || len(c.Host.Boot) > maxText || len(c.Host.Instance) > maxText || len(c.Host.Name) > entry.MaxHost:
		return fmt.Errorf("%w: its identity is too long", chunk.ErrCorrupt)
	}
	return nil
}

// maxText bounds the parts of an identity, in bytes.
const maxText = 128

// newest is the newest time of what a batch holds.
func newest(b *record.Batch) time.Time {
	ms := int64(0)
	for i := range b.Points {
		ms = max(ms, b.Points[i].Time)
	}
	ns := ms * int64(time.Millisecond)
	if len(b.Points) == 0 {
		for i := range b.Entries {
			ns = max(ns, b.Entries[i].Time)
		}
	}
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// keep files a chunk under its host and tells the herd of it.
func (r *Receiver) keep(ctx context.Context, source string, c *chunk.Chunk, contact host.Contact, known host.Known) (Answer, error) {
	a := Answer{Sequence: c.Sequence, Rejected: []Refusal{}, Time: contact.Received.UTC(), Node: known.Node}
	b := &record.Batch{Key: c.Key(), Entries: c.Batch.Entries}
	derived := r.Herd.Derive(known.ID, contact, c.Report)
	f := filing{r: r, answer: &a, now: contact.Received, source: source}
	var read host.Readings
	b.Points, read = f.points(r.sender(known), &c.Batch, derived)
	a.Samples = len(b.Points)
	for i := range b.Entries {
		if b.Entries[i].Host == "" {
			b.Entries[i].Host = known.Name
		}
	}
	told, repeated, err := r.Keep(ctx, Protocol+":"+known.Name, b, r.zone(c.Zone, contact),
		func(i int, reason error) { a.reject(i+1, reason.Error()) },
		func() []byte {
			a.Entries = len(b.Entries)
			text, _ := json.Marshal(a) // plain texts and numbers
			return text
		})
	if err != nil {
		return Answer{}, err
	}
	if repeated {
		if err := json.Unmarshal(told, &a); err != nil {
			return Answer{}, fmt.Errorf("first answer to chunk %s: %w", c.Key(), err)
		}
		a.Time = contact.Received.UTC()
	} else {
		r.chunks.Inc()
		r.show(source, known, &a)
	}
	a.WantReport = r.Herd.Heard(known.ID, contact, c.Report, read, !repeated)
	return a, nil
}

func (r *Receiver) show(source string, known host.Known, a *Answer) {
	if r.Tap.Watched() {
		r.Tap.Accept(Protocol, source, "chunk "+strconv.FormatUint(a.Sequence, 10),
			fmt.Sprintf("host=%s samples=%d entries=%d", known.Name, a.Samples, a.Entries))
	}
}
