// Package syslog receives syslog by TCP, with either framing, and UDP.
//
// Invariant: each whole message becomes an entry that was handed on, or is
// refused with a reason; neither takes its neighbours along. By TCP the sender
// waits while entries cannot be kept; by UDP they are dropped and counted.
package syslog

import (
	"context"
	"io"
	"net/netip"
	"time"
	"unsafe"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/listen"
	"patou/internal/parse/syslog"
	"patou/internal/telemetry"
)

// Protocol is the name under which this receiver counts and refuses.
const Protocol = "syslog"

// MaxMessage is the greatest length of a message with its header, in bytes.
const MaxMessage = 256 << 10

// Options are what the receiver needs.
type Options struct {
	// Entries keeps the entries, or none of them and says why; it may be
	// called again with the same ones, which are the callee's to change. Their
	// strings stay. It is called by several goroutines.
	Entries func(ctx context.Context, protocol, source string, entries []entry.Entry) error
	// Reject is told about each message that is refused. It is called by
	// several goroutines.
	Reject func(protocol, source, line, reason string)
	// Zone is that of times which name none; nil is this machine's, as syslog
	// servers take them.
	Zone *time.Location
	// Allow are the networks that may send, beside loopback.
	Allow []netip.Prefix
	// MaxConns bounds the open connections; 0 is listen's default.
	MaxConns  int
	Clock     clock.Clock
	Telemetry *telemetry.Set
}

// Receiver listens until it is stopped.
type Receiver struct {
	options Options
	server  *listen.Server
	ready   chan struct{} // closed when server is set
	buffers listen.Buffers
	dropped *telemetry.Counter
	// datagrams is used by the goroutine of the datagrams alone.
	datagrams *batch
}

// Open listens on addr, "host:port", by TCP and UDP, until Stop; ctx bounds the
// opening alone.
func Open(ctx context.Context, addr string, o Options) (*Receiver, error) {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	r := &Receiver{options: o, ready: make(chan struct{}), dropped: o.Telemetry.Counter("ingest." + Protocol + ".dropped")}
	r.datagrams = r.newBatch("")
	server, err := listen.Open(ctx, addr, listen.Options{
		Protocol: Protocol, Allow: o.Allow, MaxConns: o.MaxConns, Clock: o.Clock, Telemetry: o.Telemetry,
	}, listen.Handler{Stream: r.stream, Datagrams: r.takeDatagrams})
	if err != nil {
		return nil, err
	}
	r.server = server
	close(r.ready)
	return r, nil
}

// Addr is the address that the receiver listens on.
func (r *Receiver) Addr() string { return r.server.Addr() }

// Stop ends the listening, keeps what has arrived and waits; see listen.Server.
func (r *Receiver) Stop(ctx context.Context) error { return r.server.Stop(ctx) }

// batch is the entries of one sender that are not handed on yet.
type batch struct {
	receiver *Receiver
	source   string
	parser   *syslog.Parser
	now      int64 // ns
	entries  []entry.Entry
	// text is where messages are copied, many in one piece of memory.
	text []byte
}

// textChunk is the size of the pieces that messages are copied into.
const textChunk = 32 << 10

func (r *Receiver) newBatch(source string) *batch {
	return &batch{receiver: r, source: source, parser: syslog.New(r.options.Zone)}
}

func (b *batch) take(frame []byte) {
	if len(b.entries) == 0 {
		b.now = b.receiver.options.Clock.Now().UnixNano()
	}
	text := b.keep(frame)
	b.entries = append(b.entries, entry.Entry{})
	e := &b.entries[len(b.entries)-1]
	if err := b.parser.Parse(text, b.now, e); err != nil {
		b.entries = b.entries[:len(b.entries)-1]
		b.reject(frame, err)
		return
	}
	if e.Host == "" {
		e.Host = b.source
	}
}

// keep copies a message to memory that stays as long as its entry.
func (b *batch) keep(frame []byte) string {
	if cap(b.text)-len(b.text) < len(frame) {
		// A sender of little gets little: the piece doubles with use.
		b.text = make([]byte, 0, max(min(2*cap(b.text), textChunk), len(frame)))
	}
	from := len(b.text)
	b.text = append(b.text, frame...)
	return unsafe.String(unsafe.SliceData(b.text[from:]), len(frame))
}

func (b *batch) reject(frame []byte, reason error) {
	b.receiver.options.Reject(Protocol, b.source, string(frame[:min(len(frame), maxShown)]), reason.Error())
}

// maxShown is how much of a refused message is handed on.
const maxShown = 1 << 10

// handOn gives the entries on by way of deliver; what cannot be kept is
// counted.
func (b *batch) handOn(ctx context.Context, deliver func(context.Context, func(context.Context) error) error) {
	if len(b.entries) == 0 {
		return
	}
	err := deliver(ctx, func(ctx context.Context) error {
		return b.receiver.options.Entries(ctx, Protocol, b.source, b.entries)
	})
	if err != nil {
		b.receiver.dropped.Add(len(b.entries))
	}
	clear(b.entries) // their memory is the sink's now
	b.entries = b.entries[:0]
}

// stream serves a connection. Memory is taken when the sender says something.
func (r *Receiver) stream(ctx context.Context, source string, in io.Reader) {
	<-r.ready
	var b *batch
	open := func() *batch {
		if b == nil {
			b = r.newBatch(source)
		}
		return b
	}
	s := listen.Stream{
		Limit: MaxMessage, Split: split, Buffers: &r.buffers, KeepRest: true,
		Take:   func(frame []byte) { open().take(frame) },
		Flush:  func() { open().handOn(ctx, r.server.Deliver) },
		Reject: func(frame []byte, reason error) { open().reject(frame, reason) },
	}
	s.Run(in)
}

// maxBatch is how many messages by UDP are handed on together.
const maxBatch = 1024

// takeDatagrams reads each packet as one message, and hands on those of one
// sender that follow each other together.
func (r *Receiver) takeDatagrams(ctx context.Context, packets []listen.Datagram) {
	b := r.datagrams
	for _, p := range packets {
		if p.Source != b.source || len(b.entries) >= maxBatch {
			b.handOn(ctx, once)
			b.source = p.Source
		}
		b.take(p.Data)
	}
	b.handOn(ctx, once)
}

// once tries once: nobody waits for what came by UDP.
func once(ctx context.Context, keep func(context.Context) error) error { return keep(ctx) }
