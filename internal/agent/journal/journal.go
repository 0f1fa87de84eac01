// Package journal reads this host's systemd journal, through journalctl.
//
// Invariant: entries are handed on in the journal's order, together with the
// place behind them, so that a restart goes on where it ended: as long as the
// keeper keeps both or neither, nothing is lost and nothing comes twice. The
// child belongs to Run, which ends it and waits. Where there is no journal, that
// is said once.
package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/listen"
	"patou/internal/parse/ndjson"
	"patou/internal/telemetry"
)

// Protocol is the name under which this receiver counts and refuses.
const Protocol = "journal"

// PlaceKey is the key of the journal's place among all places.
const PlaceKey = "journal"

// Options are what a Reader needs.
type Options struct {
	// Host is this host's name. Entries carry no host; where the journal says
	// another one than this, the field "hostname" has it.
	Host string
	// Command is the program; "" is "journalctl".
	Command string
	// Keep keeps the entries and the place behind them under PlaceKey, both or
	// neither, and may take its time; after an error it is called again with the
	// same ones. The slice is the reader's again when it returns, the strings are
	// the keeper's.
	Keep func(ctx context.Context, entries []entry.Entry, places map[string]string) error
	// Place is where to go on, as Keep was given it last; "" for the beginning.
	Place string
	// Reject is told about each line that is no entry.
	Reject func(protocol, source, line, reason string)
	// Missing is told once why the journal can't be read; may be nil.
	Missing   func(err error)
	Clock     clock.Clock
	Telemetry *telemetry.Set
	// follow replaces the child in tests.
	follow func(ctx context.Context, cursor string) (io.ReadCloser, error)
}

// Reader reads the journal. It is for one goroutine.
type Reader struct {
	options Options
	buffers listen.Buffers
	decoder ndjson.Decoder
	errors  complaint
	probed  sync.Once

	cursor  string // behind what was kept
	pending string // behind entries
	entries []entry.Entry
}

// New is a reader of this host's journal.
func New(o Options) *Reader {
	if o.Command == "" {
		o.Command = "journalctl"
	}
	r := &Reader{options: o}
	r.errors.tell = r.missing
	if o.follow == nil {
		r.options.follow = r.child
	}
	return r
}

// Pauses between a child's end and the next one's start.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// freshStarts is after how many children in a row that gave nothing the cursor is
// given up: the journal may not know it any more.
const freshStarts = 3

// Run reads until ctx ends, or there is no journalctl; it then returns nil.
// A child that ends is started again, after a pause that grows while nothing
// comes of it.
func (r *Reader) Run(ctx context.Context) error {
	r.cursor, r.pending = r.options.Place, r.options.Place
	pause, fruitless := firstPause, 0
	for {
		before := r.cursor
		err := r.read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the child was ended by us
		case errors.Is(err, exec.ErrNotFound):
			r.missing(err)
			return nil
		case r.cursor != before:
			pause, fruitless = firstPause, 0
		default:
			fruitless++
		}
		if err != nil {
			r.missing(err)
		}
		if fruitless == freshStarts {
			r.cursor, r.pending = "", ""
		}
		r.options.Telemetry.Counter("journal.restarts").Inc()
		select {
		case <-ctx.Done():
			return nil
		case <-r.options.Clock.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// maxLine is the greatest length of a line: a binary message of the greatest
// length is written as a list of numbers.
const maxLine = 2 << 20

// read reads one child's output to its end.
func (r *Reader) read(ctx context.Context) error {
	out, err := r.options.follow(ctx, r.cursor)
	if err != nil {
		return err
	}
	s := listen.Stream{
		Limit: maxLine, Split: listen.Lines, Buffers: &r.buffers,
		Take:  r.take,
		Flush: func() { r.handOn(ctx) },
		Reject: func(line []byte, reason error) {
			if ctx.Err() == nil { // else we cut it off ourselves, and read it again
				r.reject(line, reason)
			}
		},
	}
	s.Run(out)
	return out.Close()
}

func (r *Reader) take(line []byte) {
	var e entry.Entry
	cursor, err := r.parse(string(line), &e)
	if err != nil {
		r.reject(line, err)
		return
	}
	if cursor != "" {
		r.pending = cursor
	}
	r.entries = append(r.entries, e)
}

func (r *Reader) reject(line []byte, reason error) {
	r.options.Reject(Protocol, r.options.Host, string(line[:min(len(line), 1<<10)]), reason.Error())
}

// retryPause is the time until what could not be kept is offered again.
const retryPause = time.Second

// handOn keeps the entries and the place behind them, however long it takes.
func (r *Reader) handOn(ctx context.Context) {
	for len(r.entries) > 0 || r.pending != r.cursor {
		err := r.options.Keep(ctx, r.entries, map[string]string{PlaceKey: r.pending})
		if err == nil {
			r.cursor = r.pending
			break
		}
		select {
		case <-ctx.Done():
			r.entries, r.pending = r.entries[:0], r.cursor
			return
		case <-r.options.Clock.After(retryPause):
		}
	}
	clear(r.entries)
	r.entries = r.entries[:0]
}

func (r *Reader) missing(err error) {
	if r.options.Missing == nil || r.errors.said.Swap(true) {
		return
	}
	r.options.Missing(fmt.Errorf("reading this host's journal: %w", err))
}
