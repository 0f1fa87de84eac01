package ingest

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"patou/internal/clock"
	"patou/internal/telemetry"
)

// Bounds of what is kept of lines that were not understood.
const (
	rejectsKept  = 1000
	rejectedText = 1024 // bytes kept of one line
)

// Arrival is one thing that a receiver took, or refused.
type Arrival struct {
	Time time.Time
	// Protocol is the receiver: "carbon", "syslog", "http".
	Protocol string
	// Source is the sender's address, without its port.
	Source string
	// Raw is the line as it came, cut to rejectedText bytes.
	Raw string
	// Reason says why it was refused; "" when it was taken.
	Reason string
	// Kept is what it became, one "key=value" text for people.
	Kept string
}

// Tap lets people watch what arrives, and keeps the last refused lines. It never
// waits for a watcher.
type Tap struct {
	// Mask takes secrets out of a refused line before anybody sees it; nil
	// leaves it as it is. It is set before the first line, if at all.
	Mask func(string) string

	clock     clock.Clock
	telemetry *telemetry.Set
	watching  atomic.Int32

	mu       sync.Mutex
	rejects  []Arrival // a ring; next is where the following one goes
	next     int
	watchers map[chan Arrival]bool // true: refused ones alone
}

// NewTap returns a tap that counts refused lines as ingest.<protocol>.rejected.
func NewTap(c clock.Clock, t *telemetry.Set) *Tap {
	return &Tap{clock: c, telemetry: t, watchers: map[chan Arrival]bool{}}
}

// Reject counts a line that was not understood and keeps it for inspection.
func (t *Tap) Reject(protocol, source, line, reason string) {
	t.telemetry.Counter("ingest." + protocol + ".rejected").Inc()
	if t.Mask != nil {
		line, reason = t.Mask(line), t.Mask(reason) // a reason may quote the line
	}
	a := Arrival{Time: t.clock.Now(), Protocol: protocol, Source: source, Raw: clip(line), Reason: reason}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rejects) < rejectsKept {
		t.rejects = append(t.rejects, a)
	} else {
		t.rejects[t.next] = a
		t.next = (t.next + 1) % rejectsKept
	}
	t.tell(a)
}

// Watched reports whether anybody watches; receivers ask before they make the
// texts for Accept.
func (t *Tap) Watched() bool { return t.watching.Load() > 0 }

// Accept shows watchers what was taken.
func (t *Tap) Accept(protocol, source, raw, kept string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(Arrival{Time: t.clock.Now(), Protocol: protocol, Source: source, Raw: clip(raw), Kept: clip(kept)})
}

func (t *Tap) tell(a Arrival) {
	for c, rejectedOnly := range t.watchers {
		if rejectedOnly && a.Reason == "" {
			continue
		}
		select {
		case c <- a:
		default:
		}
	}
}

// Rejected is the refused lines that are kept, oldest first.
func (t *Tap) Rejected() []Arrival {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(append([]Arrival(nil), t.rejects[t.next:]...), t.rejects[:t.next]...)
}

// Watch hands over what arrives until stop is called. A slow watcher misses
// some.
func (t *Tap) Watch(rejectedOnly bool) (arrivals <-chan Arrival, stop func()) {
	c := make(chan Arrival, 256)
	t.mu.Lock()
	t.watchers[c] = rejectedOnly
	t.mu.Unlock()
	t.watching.Add(1)
	var once sync.Once
	return c, func() {
		once.Do(func() {
			t.mu.Lock()
			delete(t.watchers, c)
			t.mu.Unlock()
			t.watching.Add(-1)
		})
	}
}

// clip copies the text, so that one kept line does not hold a whole request.
func clip(s string) string {
	if len(s) > rejectedText {
		s = s[:rejectedText]
	}
	return strings.ToValidUTF8(strings.Clone(s), "\uFFFD")
}
