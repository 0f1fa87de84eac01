// Package httpapi serves HTTP: the API, Graphite's paths, the page and Patou's
// own counters.
//
// Invariant: no handler runs before the request's host, origin, content type and
// token were judged, and no request can make the server hold more than a bounded
// amount. Errors are mapped to answers in one place, fail.go; each is
// {"error": "..."} and says what would be right.
package httpapi

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"patou/internal/clock"
	"patou/internal/event"
	"patou/internal/ingest"
	"patou/internal/query/graphite"
	"patou/internal/query/logs"
	"patou/internal/query/scope"
	"patou/internal/telemetry"
	"patou/internal/token"
)

// Options are what a server serves and how. A nil door leaves its routes in
// place; they answer 503.
type Options struct {
	Clock     clock.Clock
	Log       *slog.Logger
	Telemetry *telemetry.Set
	// Info is what /api/info tells.
	Info Info
	// Ready says why the server cannot answer yet; nil when it can.
	Ready func() error

	// Hosts are the names, beside loopback's and IP addresses, that a request
	// may name in Host; "*.example.org" stands for any below it.
	Hosts []string
	// RequireToken asks each request to the API for a token.
	RequireToken bool
	Tokens       Tokens

	Events EventStore
	// Sink takes the entries that are sent, Hub hands out those that were
	// taken, Tap shows what arrives.
	Sink LogSink
	Hub  *ingest.Hub
	Tap  *ingest.Tap
	// Components and SentBy list what is known by name, for completion.
	Components, SentBy func() []Seen
	// Agents takes what agents send, Herd knows of whom.
	Agents AgentSink
	Herd   Herd
	// Entries is where queries find entries.
	Entries logs.Source
	// Series is where queries find series.
	Series graphite.Source
	// Templates say where the names of series hold components and hosts.
	Templates []scope.Template
	// Stopping, when it is closed, ends the streams that would last for ever,
	// so that a server can stop.
	Stopping <-chan struct{}
	// Page is the built page, nil or without index.html when it was not built.
	Page fs.FS

	// QueryTime bounds one query, Queries how many run at once and Waiting how
	// many more may wait for their turn; zero for the defaults.
	QueryTime        time.Duration
	Queries, Waiting int
}

// Defaults of Options.
const (
	defaultQueryTime = 30 * time.Second
	defaultQueries   = 4
	defaultWaiting   = 64
)

// Tokens tells whose secret a request carries.
type Tokens interface {
	// VerifyToken is the token of a secret, or token.ErrUnknown.
	VerifyToken(ctx context.Context, secret string) (token.Token, error)
}

// EventStore keeps events.
type EventStore interface {
	// AddEvent keeps an event, durably, and gives its id; the event of an
	// earlier call with the same key, if that is not "", stands for this one.
	AddEvent(ctx context.Context, e event.Event, key string) (int64, error)
	// Event is the event with an id, or event.ErrUnknown.
	Event(ctx context.Context, id int64) (event.Event, error)
	// Events are those asked for, in order of time.
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
}

// LogSink keeps entries.
type LogSink interface {
	// Accept keeps the lines of a body of newline-delimited JSON and returns
	// when they would survive a power cut. A repeated key, if not "", gets the
	// first answer. The error is ingest.ErrBusy, before any line was taken, or
	// ingest.ErrUnavailable.
	Accept(ctx context.Context, source, key string, body []byte) (ingest.Answer, error)
}

// Info describes a running server.
type Info struct {
	Version string
	Started time.Time
	// Listeners are the addresses listened at, by protocol.
	Listeners func() map[string]string
	// Notes are sentences that the page shows.
	Notes func() []string
	// Demo is set for the demo.
	Demo bool
}

// Seen is a known name and when something last came under it.
type Seen struct {
	Name string
	Last time.Time
}

func (o Options) withDefaults() Options {
	if o.QueryTime == 0 {
		o.QueryTime = defaultQueryTime
	}
	if o.Queries == 0 {
		o.Queries = defaultQueries
	}
	if o.Waiting == 0 {
		o.Waiting = defaultWaiting
	}
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Telemetry == nil {
		o.Telemetry = &telemetry.Set{}
	}
	return o
}
