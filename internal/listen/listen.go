// Package listen owns the sockets that senders without HTTP reach: it accepts
// their connections and datagrams, bounds what they can take up, and stops.
//
// Invariant: memory is bounded whatever senders do. A connection that says
// nothing holds no buffer; there are at most MaxConns; datagrams wait in one
// queue, past which they are dropped and counted; TCP senders wait instead.
// When Stop returned nil, no goroutine of the server runs. Open fails with the
// address and the reason of the system.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/telemetry"
)

// Options are what a server needs to know.
type Options struct {
	// Protocol names the counters, ingest.<protocol>.….
	Protocol string
	// Allow are the networks that may send, beside loopback.
	Allow []netip.Prefix
	// MaxConns bounds the open connections; 0 is 16,384.
	MaxConns  int
	Clock     clock.Clock
	Telemetry *telemetry.Set
}

// Handler takes what arrives.
type Handler struct {
	// Stream serves one connection until r ends, on a goroutine of its own.
	// Source is the sender's address without its port.
	Stream func(ctx context.Context, source string, r io.Reader)
	// Datagrams takes what waited, in order of arrival, all on one goroutine.
	Datagrams func(ctx context.Context, batch []Datagram)
}

// Datagram is one packet of UDP.
type Datagram struct {
	// Source is the sender's address without its port.
	Source string
	Data   []byte
}

// defaultConns is more than any herd has senders; each silent one costs about
// 6 KiB.
const defaultConns = 16_384

// Server listens by TCP and UDP on one port.
type Server struct {
	options  Options
	handler  Handler
	tcp      net.Listener
	udp      *net.UDPConn
	queue    queue
	ctx      context.Context // ends when Stop's patience does
	cancel   context.CancelFunc
	stopping chan struct{}
	running  sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	stopped bool
}

// Open listens on addr, "host:port", by TCP and UDP, and serves until Stop, not
// until ctx ends, which bounds the opening alone. Port 0 picks a port that is
// free for both.
func Open(ctx context.Context, addr string, o Options, h Handler) (*Server, error) {
	if o.MaxConns <= 0 {
		o.MaxConns = defaultConns
	}
	tcp, udp, err := openBoth(ctx, addr)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, handler: h, tcp: tcp, udp: udp, conns: map[net.Conn]struct{}{}, stopping: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.queue.init()
	o.Telemetry.Gauge("ingest."+o.Protocol+".connections_open", s.open)
	s.running.Go(s.accept)
	s.running.Go(s.receive)
	s.running.Go(s.handleDatagrams)
	return s, nil
}

// portTries is how often another port is picked where only TCP has it free.
const portTries = 16

func openBoth(ctx context.Context, addr string) (net.Listener, *net.UDPConn, error) {
	var config net.ListenConfig
	for try := 1; ; try++ {
		tcp, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, nil, fmt.Errorf("listening on %q: %w", addr, err)
		}
		at := tcp.Addr().(*net.TCPAddr)
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone})
		if err == nil {
			_ = udp.SetReadBuffer(socketBuffer) // the system may allow less
			return tcp, udp, nil
		}
		_ = tcp.Close()
		if _, port, _ := net.SplitHostPort(addr); port != "0" || try == portTries {
			return nil, nil, fmt.Errorf("listening on %q: %w", addr, err)
		}
	}
}

// Addr is the address that the server listens on, with its port.
func (s *Server) Addr() string { return s.tcp.Addr().String() }

// drainTime is how long, when stopping, connections are read for what is on its
// way already.
const drainTime = 200 * time.Millisecond

// Stop ends the listening, takes what has arrived already and waits. When ctx
// ends first, what is left is cut off and Stop returns the context's error. It
// may be called again.
func (s *Server) Stop(ctx context.Context) error {
	s.beginStop()
	done := make(chan struct{})
	go func() { // ends with the last of what it waits for
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cancel()
		return nil
	case <-ctx.Done():
		s.cancel()
		s.eachConn(func(c net.Conn) { _ = c.Close() })
		<-done
		return fmt.Errorf("stopping %s: %w", s.options.Protocol, ctx.Err())
	}
}

func (s *Server) beginStop() {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	s.mu.Unlock()
	if !first {
		return
	}
	close(s.stopping)
	_ = s.tcp.Close()
	_ = s.udp.Close()
	until := s.options.Clock.Now().Add(drainTime)
	s.eachConn(func(c net.Conn) { _ = c.SetReadDeadline(until) })
}

func (s *Server) eachConn(do func(net.Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		do(c)
	}
}

// retryDelay is the pause before what could not be kept is offered again.
const retryDelay = 100 * time.Millisecond

// Deliver calls keep until it succeeds, with a pause between, so that the sender
// of a stream waits meanwhile. It gives up, with keep's last error, when the
// server stops.
func (s *Server) Deliver(ctx context.Context, keep func(ctx context.Context) error) error {
	for {
		err := keep(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.stopping:
			return err
		case <-s.options.Clock.After(retryDelay):
		}
	}
}

func (s *Server) count(name string) *telemetry.Counter {
	return s.options.Telemetry.Counter("ingest." + s.options.Protocol + "." + name)
}

// allowed reports whether an address may send.
func (s *Server) allowed(a netip.Addr) bool {
	if a = a.Unmap(); a.IsLoopback() {
		return true
	}
	for _, p := range s.options.Allow {
		if p.Contains(a.WithZone("")) {
			return true
		}
	}
	return false
}

// accept takes connections until the listener is closed. Where the system is
// out of something, it waits for others to give it back.
func (s *Server) accept() {
	for {
		c, err := s.tcp.Accept()
		switch {
		case err == nil:
			s.admit(c)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			s.count("accept_errors").Inc()
			select {
			case <-s.stopping:
			case <-s.options.Clock.After(retryDelay):
			}
		}
	}
}

func (s *Server) admit(c net.Conn) {
	remote, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil || !s.allowed(remote.Addr()) {
		s.count("not_allowed").Inc()
		_ = c.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || len(s.conns) >= s.options.MaxConns {
		s.count("connections_over_limit").Inc()
		_ = c.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.count("connections").Inc()
	source := remote.Addr().Unmap().String()
	s.running.Go(func() {
		defer s.forget(c)
		s.handler.Stream(s.ctx, source, c)
	})
}

// open is the number of connections now.
func (s *Server) open() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return float64(len(s.conns))
}

func (s *Server) forget(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}
