package carbon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// rig is a receiver whose samples and refusals arrive on a channel.
type rig struct {
	*Receiver
	t         *testing.T
	got       chan string
	fail      atomic.Int32 // how many times keeping fails
	telemetry *telemetry.Set
}

type testSink struct {
	rig    *rig
	source string
}

func (s testSink) Samples(_ context.Context, samples []metric.Sample) error {
	if s.rig.fail.Add(-1) >= 0 {
		return errors.New("not now")
	}
	for _, m := range samples {
		s.rig.got <- fmt.Sprintf("%s %v %d", m.Name, m.Value, m.Time/1000)
	}
	return nil
}

func start(t *testing.T, maxConns int) *rig {
	r := &rig{t: t, got: make(chan string, 10_000), telemetry: new(telemetry.Set)}
	receiver, err := Open(t.Context(), "127.0.0.1:0", Options{
		Open: func(source string) Sink { return testSink{r, source} },
		Reject: func(protocol, source, line, reason string) {
			r.got <- fmt.Sprintf("%s %s refused %.10q: %.40s", protocol, source, line, reason)
		},
		MaxConns: maxConns, Clock: clock.Real{}, Telemetry: r.telemetry,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Receiver = receiver
	t.Cleanup(r.stop)
	return r
}

func (r *rig) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) dial(network string) net.Conn {
	r.t.Helper()
	c, err := net.Dial(network, r.Addr())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (r *rig) send(c io.Writer, text string) {
	r.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) want(lines ...string) {
	r.t.Helper()
	for _, want := range lines {
		select {
		case got := <-r.got:
			if got != want {
				r.t.Errorf("got %s, want %s", got, want)
			}
		case <-time.After(10 * time.Second):
			r.t.Fatalf("nothing arrived, want %s", want)
		}
	}
}

func TestALineThatIsNoneDoesNotTakeItsNeighboursAlong(t *testing.T) {
	r := start(t, 0)
	r.send(r.dial("tcp"), "a.b 1 100\nnonsense\n\r\na.c nan 100\na.\xff 2 100\n")
	r.want(
		`carbon 127.0.0.1 refused "nonsense": want three fields with spaces between: p`,
		`carbon 127.0.0.1 refused "a.c nan 10": the value is NaN: leave out the line whe`,
		"a.b 1 100", "a.\xff 2 100")
}

func TestASenderThatStopsWithinALineLosesThatLineAlone(t *testing.T) {
	r := start(t, 0)
	c := r.dial("tcp")
	r.send(c, "a 1 100\nb 2 10")
	_ = c.Close()
	r.want("a 1 100", `carbon 127.0.0.1 refused "b 2 10": the connection ended within the message`)
}

func TestALineWithoutEndIsRefusedOnce(t *testing.T) {
	r := start(t, 0)
	r.send(r.dial("tcp"), "a 1 100\n"+strings.Repeat("x", 1<<20)+"\nb 2 100\n")
	for _, want := range []string{"a 1 100", `carbon 127.0.0.1 refused "xxxxxxxxxx": the message is longer than the limit`, "b 2 100"} {
		r.want(want)
	}
}

func TestPacketsAreLines(t *testing.T) {
	r := start(t, 0)
	c := r.dial("udp")
	r.send(c, "a 1 100\nb 2 100")
	r.want("a 1 100", "b 2 100")
	r.send(c, "c 3 100\nd 4")
	r.want(`carbon 127.0.0.1 refused "d 4": want three fields with spaces between: p`, "c 3 100")
	r.fail.Store(1)
	r.send(c, "lost 1 100")
	for r.telemetry.Counter("ingest.carbon.dropped").Value() == 0 {
		runtime.Gosched()
	}
	r.send(c, "d 4 100")
	r.want("d 4 100")
}

func TestAStreamWaitsWhileSamplesCannotBeKept(t *testing.T) {
	r := start(t, 0)
	r.fail.Store(2)
	c := r.dial("tcp")
	r.send(c, "a 1 100\n")
	r.want("a 1 100")
	if n := r.telemetry.Counter("ingest.carbon.dropped").Value(); n != 0 {
		t.Errorf("%d samples were dropped", n)
	}
}

func TestSilentConnectionsDoNotKeepOthersOut(t *testing.T) {
	r := start(t, 200)
	for range 199 {
		r.dial("tcp")
	}
	r.send(r.dial("tcp"), "a 1 100\n")
	r.want("a 1 100")
	c := r.dial("tcp")
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a connection over the limit was served")
	}
	if n := r.telemetry.Counter("ingest.carbon.connections_over_limit").Value(); n != 1 {
		t.Errorf("%d connections were counted as over the limit, want 1", n)
	}
}

func TestStopKeepsWhatHasArrived(t *testing.T) {
	r := start(t, 0)
	r.dial("tcp")
	c := r.dial("tcp")
	r.send(c, "first 1 100\n")
	r.want("first 1 100")
	for i := range 1000 {
		r.send(c, fmt.Sprintf("a.b%d 1 100\n", i))
	}
	r.stop()
	if len(r.got) != 1000 {
		t.Errorf("%d of 1000 samples were kept", len(r.got))
	}
	if _, err := net.Dial("tcp", r.Addr()); err == nil {
		t.Error("a stopped receiver accepts connections")
	}
}

func TestStopDoesNotWaitForASinkThatFails(t *testing.T) {
	r := start(t, 0)
	r.fail.Store(1 << 30)
	c := r.dial("tcp")
	r.send(c, "a 1 100\n")
	for r.fail.Load() == 1<<30 { // until it was tried once
		runtime.Gosched()
	}
	r.stop()
	if n := r.telemetry.Counter("ingest.carbon.dropped").Value(); n != 1 {
		t.Errorf("%d samples were counted as dropped, want 1", n)
	}
}

func BenchmarkReceive(b *testing.B) {
	var n atomic.Int64
	done := make(chan struct{})
	const lines = 200_000
	receiver, err := Open(b.Context(), "127.0.0.1:0", Options{
		Open: func(string) Sink {
			return sinkFunc(func(s []metric.Sample) {
				if n.Add(int64(len(s)))%lines == 0 {
					done <- struct{}{}
				}
			})
		},
		Reject: func(_, _, line, reason string) { b.Error(line, reason) },
		Clock:  clock.Real{}, Telemetry: new(telemetry.Set),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = receiver.Stop(context.Background()) }()
	c, err := net.Dial("tcp", receiver.Addr())
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("servers.web-0017.cpu.total.user.percent 23.47 1500000000\n", lines)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		go func() { _, _ = io.WriteString(c, text) }()
		<-done
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}

type sinkFunc func([]metric.Sample)

func (f sinkFunc) Samples(_ context.Context, s []metric.Sample) error {
	f(s)
	return nil
}
