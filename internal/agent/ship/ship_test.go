package ship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/clock"
)

// queue gives chunks numbered from 1.
type queue struct {
	chunks []string
	given  int
	acked  uint64
	more   chan struct{}
}

func (q *queue) Next(ctx context.Context) (uint64, []byte, error) {
	for q.given == len(q.chunks) {
		select {
		case <-q.more:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
	q.given++
	return uint64(q.given), []byte(q.chunks[q.given-1]), nil
}

func (q *queue) Ack(sequence uint64, _ int) error { q.acked = sequence; return nil }

// server answers each attempt with the next of its errors, then with yes.
type server struct {
	errs  []error
	got   []string
	times []time.Duration
	begin time.Time
	delay time.Duration
	// rejects are the reasons for what each answer does not keep.
	rejects []Rejected
}

func (s *server) Send(ctx context.Context, chunk []byte, _ time.Time) (Answer, error) {
	s.times = append(s.times, time.Since(s.begin))
	if s.delay > 0 {
		<-time.After(s.delay)
	}
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		if err != nil {
			return Answer{}, err
		}
	}
	s.got = append(s.got, string(chunk))
	var n uint64
	_, _ = fmt.Sscanf(string(chunk), "c%d", &n)
	return Answer{Sequence: n, Rejected: s.rejects}, ctx.Err()
}

func chunks(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("c%d", i+1)
	}
	return out
}

// ship runs a shipper for a while of a made-up clock and returns its log.
func ship(t *testing.T, q *queue, s *server, d time.Duration) (*Shipper, string) {
	t.Helper()
	var log bytes.Buffer
	var shipper *Shipper
	synctest.Test(t, func(t *testing.T) {
		s.begin = time.Now()
		shipper = New(Options{
			Queue: q, Transport: s, Clock: clock.Real{}, Log: slog.New(slog.NewTextHandler(&log, nil)),
			Random: func() float64 { return 1 },
		})
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if err := shipper.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return shipper, log.String()
}

func wantChunks(t *testing.T, q *queue, s *server, want ...string) {
	t.Helper()
	if got := strings.Join(s.got, " "); got != strings.Join(want, " ") {
		t.Errorf("the server got %q, want %q", got, want)
	}
	if q.acked != uint64(len(q.chunks)) {
		t.Errorf("acknowledged up to %d of %d", q.acked, len(q.chunks))
	}
}

func TestAnOutageIsSaidOnceAndEnded(t *testing.T) {
	away := errors.New("connection refused")
	q, s := &queue{chunks: chunks(2)}, &server{errs: []error{away, away, away, away}}
	shipper, log := ship(t, q, s, time.Minute)
	wantChunks(t, q, s, "c1", "c2")
	if n := strings.Count(log, "cannot be reached"); n != 1 || !strings.Contains(log, "takes what is sent again") {
		t.Errorf("log:\n%s", log)
	}
	want := []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond, 7500 * time.Millisecond}
	for i, d := range want {
		if s.times[i] != d {
			t.Errorf("attempt %d after %s, want %s", i+1, s.times[i], d)
		}
	}
	if shipper.Errors() != 4 {
		t.Errorf("%d errors, want 4", shipper.Errors())
	}
}

func TestWhatEachChunkIsRefusedForIsSaidOnceAMinute(t *testing.T) {
	q, s := &queue{chunks: chunks(130)}, &server{delay: time.Second, rejects: []Rejected{{Line: 3, Reason: "too old"}, {Line: 4, Reason: "too old"}}}
	_, log := ship(t, q, s, 140*time.Second)
	if n := strings.Count(log, "did not keep a part"); n != 3 || !strings.Contains(log, "parts=2") {
		t.Errorf("said %d times:\n%s", n, log)
	}
}

func TestPausesEndAtHalfAMinute(t *testing.T) {
	errs := make([]error, 30)
	for i := range errs {
		errs[i] = errors.New("away")
	}
	q, s := &queue{chunks: chunks(1)}, &server{errs: errs}
	ship(t, q, s, 10*time.Minute)
	for i := 10; i < 15; i++ {
		if d := s.times[i] - s.times[i-1]; d != LastPause {
			t.Errorf("pause %d is %s", i, d)
		}
	}
}

func TestWhatTheServerNeverTakesIsDroppedAndSaid(t *testing.T) {
	q := &queue{chunks: chunks(3)}
	s := &server{errs: []error{&Refusal{Status: 400, Reason: "chunk cannot be read"}, &Refusal{Status: 413}}}
	shipper, log := ship(t, q, s, time.Minute)
	wantChunks(t, q, s, "c3")
	if shipper.Dropped() != 2 || !strings.Contains(log, "chunk cannot be read") || !strings.Contains(log, "a proxy before it") {
		t.Errorf("%d dropped; log:\n%s", shipper.Dropped(), log)
	}
}

func TestARefusedTokenKeepsWhatIsReadAndIsSaidOnce(t *testing.T) {
	q := &queue{chunks: chunks(1)}
	s := &server{errs: []error{&Refusal{Status: 401}, &Refusal{Status: 403}, &Refusal{Status: 401}}}
	_, log := ship(t, q, s, time.Minute)
	wantChunks(t, q, s, "c1")
	if n := strings.Count(log, "refuses this agent's token"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log)
	}
}

func TestABusyServerIsLeftAloneAsLongAsItAsks(t *testing.T) {
	q := &queue{chunks: chunks(1)}
	s := &server{errs: []error{&Refusal{Status: 429, After: 8 * time.Second}, &Refusal{Status: 503, After: time.Hour}}}
	ship(t, q, s, 20*time.Minute)
	wantChunks(t, q, s, "c1")
	if s.times[1] != 10*time.Second || s.times[2]-s.times[1] != maxAfter*5/4 {
		t.Errorf("attempts at %v", s.times)
	}
}

func TestABacklogIsGoneWithinAMinute(t *testing.T) {
	q, s := &queue{chunks: chunks(300)}, &server{delay: 60 * time.Millisecond} // ten minutes of chunks, a slow line
	ship(t, q, s, time.Minute)
	wantChunks(t, q, s, chunks(300)...)
	if last := s.times[299]; last > 30*time.Second {
		t.Errorf("it took %s", last)
	}
	q, s = &queue{chunks: chunks(300)}, &server{}
	ship(t, q, s, time.Minute)
	if last := s.times[299]; last < 299*pace {
		t.Errorf("300 chunks came within %s: the server is flooded", last)
	}
}

func TestAnAnswerAboutAnotherChunkIsNone(t *testing.T) {
	q, s := &queue{chunks: []string{"c9"}}, &server{}
	_, log := ship(t, q, s, 3*time.Second)
	if q.acked != 0 || !strings.Contains(log, "is it Patou that answers?") {
		t.Errorf("acknowledged %d; log:\n%s", q.acked, log)
	}
}

func TestAPokeEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &queue{chunks: chunks(1)}, &server{errs: []error{&Refusal{Status: 503, After: time.Minute}}, begin: time.Now()}
		shipper := New(Options{Queue: q, Transport: s, Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Random: func() float64 { return 0 }})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		time.AfterFunc(5*time.Second, shipper.Poke)
		if err := shipper.Run(ctx); err != nil {
			t.Error(err)
		}
		if len(s.times) != 2 || s.times[1] != 5*time.Second {
			t.Errorf("attempts at %v", s.times)
		}
	})
}
