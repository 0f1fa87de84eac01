package listen

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"patou/internal/clock"
	"patou/internal/telemetry"
)

func open(t *testing.T, addr string, h Handler) *Server {
	t.Helper()
	s, err := Open(t.Context(), addr, Options{Protocol: "test", Clock: clock.Real{}, Telemetry: new(telemetry.Set)}, h)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStopCutsOffWhatDoesNotEnd(t *testing.T) {
	serving := make(chan struct{})
	s := open(t, "127.0.0.1:0", Handler{
		Stream: func(ctx context.Context, _ string, _ io.Reader) {
			close(serving)
			<-ctx.Done() // a sink that never keeps anything
		},
		Datagrams: func(context.Context, []Datagram) {},
	})
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	<-serving
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop returned %v", err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Errorf("the second Stop returned %v", err)
	}
}

func TestAPortThatIsTakenIsRefusedByName(t *testing.T) {
	none := Handler{Stream: func(context.Context, string, io.Reader) {}, Datagrams: func(context.Context, []Datagram) {}}
	s := open(t, "127.0.0.1:0", none)
	defer func() { _ = s.Stop(context.Background()) }()
	_, err := Open(t.Context(), s.Addr(), s.options, none)
	if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("opening %s again: %v", s.Addr(), err)
	}
}

func TestDeliverGivesUpWhenTheServerStops(t *testing.T) {
	done := make(chan error, 1)
	tried := make(chan struct{}, 1)
	var s *Server
	ready := make(chan struct{})
	s = open(t, "127.0.0.1:0", Handler{
		Stream: func(ctx context.Context, _ string, _ io.Reader) {
			<-ready
			done <- s.Deliver(ctx, func(context.Context) error {
				select {
				case tried <- struct{}{}:
				default:
				}
				return io.ErrShortWrite
			})
		},
		Datagrams: func(context.Context, []Datagram) {},
	})
	close(ready)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	<-tried
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Deliver returned %v", err)
	}
}
