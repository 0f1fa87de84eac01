package syslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/listen"
	"patou/internal/telemetry"
)

type rig struct {
	*Receiver
	t    *testing.T
	got  chan string
	fail atomic.Int32
}

func start(t *testing.T) *rig {
	r := &rig{t: t, got: make(chan string, 10_000)}
	receiver, err := Open(t.Context(), "127.0.0.1:0", Options{
		Entries: func(_ context.Context, protocol, source string, entries []entry.Entry) error {
			if r.fail.Add(-1) >= 0 {
				return errors.New("not now")
			}
			for _, e := range entries {
				r.got <- fmt.Sprintf("%s %s %s %s", e.Host, e.Component, e.Level, e.Message)
			}
			return nil
		},
		Reject: func(protocol, source, line, reason string) {
			r.got <- fmt.Sprintf("%s %s refused %.10q: %.30s", protocol, source, line, reason)
		},
		Clock: clock.Real{}, Telemetry: new(telemetry.Set),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Receiver = receiver
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
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
				r.t.Errorf("got %.100s, want %s", got, want)
			}
		case <-time.After(10 * time.Second):
			r.t.Fatalf("nothing arrived, want %s", want)
		}
	}
}

const (
	modern = "<29>1 2016-02-21T04:32:57Z web1 app 1 - - hello"
	old    = "<13>Dec  2 16:31:03 host su: Test"
)

func TestBothFramingsMayFollowEachOther(t *testing.T) {
	r := start(t)
	r.send(r.dial("tcp"), fmt.Sprintf("%d %s%d %s\n%s\n%s\r\n%d %s", len(modern), modern, len(old), old, old, modern, len(modern), modern))
	r.want("web1 app notice hello", "host su notice Test", "host su notice Test", "web1 app notice hello", "web1 app notice hello")
}

func TestTheMessagesOfOctetCountingMayHaveNewlines(t *testing.T) {
	r := start(t)
	text := "<13>su: a\n\tb\nc"
	r.send(r.dial("tcp"), fmt.Sprintf("%d %s", len(text), text))
	r.want("127.0.0.1 su notice a\n\tb\nc")
}

func TestTheLastMessageNeedsNoNewline(t *testing.T) {
	r := start(t)
	c := r.dial("tcp")
	r.send(c, modern+"\n"+old)
	_ = c.Close()
	r.want("web1 app notice hello", "host su notice Test")
}

func TestABadMessageDoesNotTakeItsNeighboursAlong(t *testing.T) {
	r := start(t)
	r.send(r.dial("tcp"), modern+"\nnonsense\n12 wrong length\n"+strings.Repeat("x", 1<<20)+"\n"+old+"\n")
	want := map[string]bool{
		"web1 app notice hello": true, "host su notice Test": true,
		`syslog 127.0.0.1 refused "nonsense": want <PRI> or a time at the st`:   true,
		`syslog 127.0.0.1 refused "12 wrong l": want <PRI> or a time at the st`: true,
		`syslog 127.0.0.1 refused "xxxxxxxxxx": the message is longer than the`: true,
	}
	for range len(want) {
		if got := <-r.got; !want[got] {
			t.Errorf("got %s", got)
		}
	}
}

func TestAMessageThatIsTooLongIsSkippedByItsLength(t *testing.T) {
	r := start(t)
	long := "<13>" + strings.Repeat("x\n", MaxMessage)
	r.send(r.dial("tcp"), fmt.Sprintf("%d %s%d %s", len(long), long, len(old), old))
	for _, want := range []string{`refused "`, "host su notice Test"} {
		if got := <-r.got; !strings.Contains(got, want) {
			t.Errorf("got %.60s, want %s", got, want)
		}
	}
}

func TestAPacketIsAMessage(t *testing.T) {
	r := start(t)
	c := r.dial("udp")
	r.send(c, old+"\n")
	r.want("host su notice Test")
	r.send(c, "<165>1 2003-10-11T22:14:15.003Z mymach")
	r.want(`syslog 127.0.0.1 refused "<165>1 200": the header ends early: want <P`)
	r.send(c, "<13>su: no host")
	r.want("127.0.0.1 su notice no host")
}

func TestAStreamWaitsWhileEntriesCannotBeKept(t *testing.T) {
	r := start(t)
	r.fail.Store(2)
	r.send(r.dial("tcp"), old+"\n")
	r.want("host su notice Test")
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"5 <1>ab\n", "99999999 <", "0 <1>", "12", "12 ", "\n\r\x00<1>a\n", "300000 <1>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := split(b, 100)
		if c.Used > len(b) || c.Used < 0 || len(c.Frame) > len(b) || c.Skip < listen.ToNewline {
			t.Fatalf("%q: %+v", b, c)
		}
		if c.Used == 0 && len(b) > 110 {
			t.Fatalf("%q: waits for more than the limit", b)
		}
		if c.Reason == nil && len(c.Frame) > 100 {
			t.Fatalf("%q: a message over the limit", b)
		}
	})
}
