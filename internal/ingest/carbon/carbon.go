// Package carbon receives Graphite's plaintext protocol by TCP and UDP.
//
// Invariant: each whole line becomes a sample that was handed on, or is refused
// with a reason; neither takes its neighbours along. A line that the sender did
// not end is refused, because its number may be cut. By TCP the sender waits
// while samples cannot be kept; by UDP they are dropped and counted.
package carbon

import (
	"bytes"
	"context"
	"io"
	"net/netip"

	"patou/internal/clock"
	"patou/internal/listen"
	"patou/internal/metric"
	"patou/internal/parse/carbon"
	"patou/internal/telemetry"
)

// Protocol is the name under which this receiver counts and refuses.
const Protocol = "carbon"

// MaxLine is the greatest length of a line, in bytes.
const MaxLine = 64<<10 - 1

// Sink keeps the samples of one connection. It is called by one goroutine at a
// time.
type Sink interface {
	// Samples keeps the samples, or none of them and says why; it may be
	// called again with the same ones. Their names are valid during the call.
	Samples(ctx context.Context, samples []metric.Sample) error
}

// Options are what the receiver needs.
type Options struct {
	// Open gives the sink for a new connection from an address, so that what
	// is learnt about a sender's order lives as long as the connection. It is
	// called by several goroutines.
	Open func(source string) Sink
	// Reject is told about each line that is refused. The line is valid during
	// the call. It is called by several goroutines.
	Reject func(protocol, source, line, reason string)
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
	datagrams map[string]*batch
}

// Open listens on addr, "host:port", by TCP and UDP, until Stop; ctx bounds the
// opening alone.
func Open(ctx context.Context, addr string, o Options) (*Receiver, error) {
	r := &Receiver{options: o, ready: make(chan struct{}), datagrams: map[string]*batch{},
		dropped: o.Telemetry.Counter("ingest." + Protocol + ".dropped")}
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

// batch is the samples of one sender that are not handed on yet.
type batch struct {
	receiver *Receiver
	source   string
	parser   carbon.Parser
	sink     Sink
	now      int64 // ms
	samples  []metric.Sample
}

func (r *Receiver) newBatch(source string) *batch {
	return &batch{receiver: r, source: source, sink: r.options.Open(source)}
}

func (b *batch) take(line []byte) {
	if blank(line) {
		return
	}
	if len(b.samples) == 0 {
		b.now = b.receiver.options.Clock.Now().UnixMilli()
	}
	s, err := b.parser.Parse(line, b.now)
	if err != nil {
		b.reject(line, err)
		return
	}
	b.samples = append(b.samples, s)
}

// blank reports whether a line has nothing to say, as the end of line "\r\n"
// after another end.
func blank(line []byte) bool { return len(bytes.TrimRight(line, " \t\r")) == 0 }

func (b *batch) reject(line []byte, reason error) {
	b.receiver.options.Reject(Protocol, b.source, string(line[:min(len(line), maxShown)]), reason.Error())
}

// maxShown is how much of a refused line is handed on.
const maxShown = 1 << 10

// handOn gives the samples to the sink by way of deliver; what cannot be kept
// is counted.
func (b *batch) handOn(ctx context.Context, deliver func(context.Context, func(context.Context) error) error) {
	if len(b.samples) == 0 {
		return
	}
	err := deliver(ctx, func(ctx context.Context) error { return b.sink.Samples(ctx, b.samples) })
	if err != nil {
		b.receiver.dropped.Add(len(b.samples))
	}
	b.samples = b.samples[:0]
}

// stream serves a connection. The sink is opened when the sender says
// something, so that silent connections cost nothing.
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
		Limit: MaxLine, Split: listen.Lines, Buffers: &r.buffers,
		Take:   func(line []byte) { open().take(line) },
		Flush:  func() { open().handOn(ctx, r.server.Deliver) },
		Reject: func(line []byte, reason error) { open().reject(line, reason) },
	}
	s.Run(in)
}

// maxSenders bounds the senders by UDP that are remembered.
const maxSenders = 1024

// maxBatch is how many samples by UDP are handed on together.
const maxBatch = 4096

// takeDatagrams reads each packet as lines, and hands on those of one sender
// that follow each other together. A packet's last line needs no newline: a
// packet is whole, or it did not arrive.
func (r *Receiver) takeDatagrams(ctx context.Context, packets []listen.Datagram) {
	var b *batch
	for _, p := range packets {
		if b != nil && (p.Source != b.source || len(b.samples) >= maxBatch) {
			b.handOn(ctx, once)
		}
		b = r.sender(p.Source)
		for line := range bytes.SplitSeq(p.Data, []byte{'\n'}) {
			b.take(line)
		}
	}
	b.handOn(ctx, once)
}

// once tries once: nobody waits for what came by UDP.
func once(ctx context.Context, keep func(context.Context) error) error { return keep(ctx) }

func (r *Receiver) sender(source string) *batch {
	b := r.datagrams[source]
	if b == nil {
		if len(r.datagrams) >= maxSenders {
			clear(r.datagrams)
		}
		b = r.newBatch(source)
		r.datagrams[source] = b
	}
	return b
}
