package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/clock"
	"patou/internal/config"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/herd"
	"patou/internal/ingest"
	"patou/internal/lifecycle"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// life is one data directory through many crashes: the engines that are open on
// it now, and what their senders were told. It runs in a bubble of
// testing/synctest, where time passes when everything waits.
type life struct {
	t     *testing.T
	rng   *rand.Rand // of the goroutine that drives
	start time.Time
	disk  *fsx.Mem
	app   *App
	power *power
	// weather, if set, may refuse a call to the disk.
	weather func(op fsx.Op) error
	// strict is set where a refused request must leave nothing behind.
	strict bool

	next    int
	crashes int
	ids     map[string]entry.ID // of entries that were there after a start

	mu sync.Mutex
	// Guarded by mu: all requests; the entries that must be there and those
	// that must not; the samples sent, those that must be there, those that must
	// survive the process alone.
	requests []*request
	promised map[string]bool
	refused  map[string]bool
	sent     map[sample]float64
	kept     map[sample]bool
	loose    []sample
	looseLog []string
	// told counts what the senders heard.
	told map[string]int
}

type sample struct {
	series string
	slot   int64
}

// request is a POST /api/logs.
type request struct {
	key, body string
	messages  []string
	at        time.Time // of the first try
	tries     int       // guarded by life.mu
}

var errPower = errors.New("the power is cut")

// power is cut before the nth call that changes the disk. From then on each
// call fails, and after is what the disk holds.
type power struct {
	mu    sync.Mutex
	calls int
	rng   *rand.Rand
	disk  *fsx.Mem
	kill  bool // the process ends, not the machine
	after *fsx.Mem
}

func (p *power) rule(op fsx.Op) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.after == nil && !op.Kind.Reads() {
		p.calls--
	}
	if p.after == nil && p.calls <= 0 {
		p.cutLocked()
	}
	if p.after != nil {
		return errPower
	}
	return nil
}

func (p *power) cutLocked() {
	if p.after = p.disk; !p.kill {
		p.after = p.disk.CrashClone(p.rng)
	}
}

func (p *power) isCut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.after != nil
}

// unlessCut runs f while the power is sure to be on.
func (p *power) unlessCut(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.after == nil {
		f()
	}
}

func newLife(t *testing.T, seed uint64) *life {
	return &life{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), start: time.Now(), disk: fsx.NewMem(),
		ids: map[string]entry.ID{}, promised: map[string]bool{}, refused: map[string]bool{},
		sent: map[sample]float64{}, kept: map[sample]bool{}, told: map[string]int{},
	}
}

const lifeDir = "data"

// boot opens the engines on the disk. It is false when the power was cut
// meanwhile.
func (l *life) boot(calls int) bool {
	l.t.Helper()
	l.power = &power{calls: calls, disk: l.disk, rng: rand.New(rand.NewPCG(l.rng.Uint64(), 2)), kill: l.rng.IntN(4) == 0}
	disk := fsx.Faulty(l.disk, func(op fsx.Op) error {
		if err := l.power.rule(op); err != nil || l.weather == nil {
			return err
		}
		return l.weather(op)
	})
	c := config.FromDefault(0)
	c.Memory = 1 << 20 // so that a few dozen requests fill a head
	l.app = &App{
		opts: Options{Config: c}, clock: clock.Real{}, log: slog.New(slog.NewTextHandler(io.Discard, nil)), herd: herd.New(herd.Options{}),
		group: lifecycle.New(), telemetry: &telemetry.Set{}, hub: &ingest.Hub{},
	}
	err := l.app.openEngines(context.Background(), disk, lifeDir)
	if l.power.isCut() {
		l.down()
		return false
	}
	if err != nil && l.weather != nil {
		l.crash() // it says so and does not start; the operator tries again
		return false
	}
	if err != nil {
		l.t.Fatalf("opening after %d crashes: %v", l.crashes, err)
	}
	for _, d := range l.app.damage {
		if !d.Harmless {
			l.t.Errorf("opening after %d crashes: %s", l.crashes, d)
		}
	}
	l.app.startCommitter()
	return true
}

// down ends what runs, after a crash or in peace, and leaves the disk as the
// crash did.
func (l *life) down() {
	err := l.app.group.Stop(context.Background())
	if !l.power.isCut() {
		if err != nil && l.weather == nil {
			l.t.Errorf("stopping: %v", err)
		}
		return
	}
	l.crashes++
	l.disk = l.power.after
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loose, l.looseLog = nil, nil // nobody knows
}

// crash cuts the power now, if it is still on.
func (l *life) crash() {
	l.power.unlessCut(l.power.cutLocked)
	l.down()
}

// fsck checks the files of a disk that no server runs on.
func (l *life) fsck() {
	l.t.Helper()
	for _, d := range checkFiles(l.disk, lifeDir) {
		if !d.Harmless {
			l.t.Errorf("fsck after %d crashes: %s", l.crashes, d)
		}
	}
}

// step does one thing that senders or time do.
func (l *life) step() {
	switch n := l.rng.IntN(20); {
	case n < 8:
		l.together(1 + l.rng.IntN(4))
	case n < 16:
		l.action()()
	case n < 18:
		l.pass(time.Duration(1+l.rng.IntN(400)) * time.Millisecond)
	case n == 18:
		l.pass(31 * time.Second)
	default:
		l.pass(11 * time.Minute)
	}
}

// together does several things at once, so that they meet in one group.
func (l *life) together(n int) {
	actions := make([]func(), n)
	for i := range actions {
		actions[i] = l.action()
	}
	var all sync.WaitGroup
	for _, do := range actions {
		all.Go(do)
	}
	all.Wait()
}

// pass lets time go by. A second is enough for a sync of all that was kept.
func (l *life) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
	if d >= time.Second && l.weather == nil {
		l.power.unlessCut(l.settle)
	}
}

// settle marks what the senders were told before as safe from power cuts.
func (l *life) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keepLocked(l.loose, l.looseLog)
	l.loose, l.looseLog = nil, nil
}

func (l *life) keepLocked(samples []sample, messages []string) {
	for _, s := range samples {
		l.kept[s] = true
	}
	for _, m := range messages {
		l.promised[m] = true
	}
}

// action draws what one sender does.
func (l *life) action() func() {
	switch n := l.rng.IntN(10); {
	case n < 4:
		return l.post(l.newRequest())
	case n < 6 && len(l.requests) > 0:
		return l.post(l.requests[l.rng.IntN(len(l.requests))])
	case n < 8:
		return l.entries(l.rng.IntN(3) == 0)
	default:
		return l.samples()
	}
}

func (l *life) newRequest() *request {
	r := &request{at: time.Now()}
	if l.rng.IntN(4) > 0 {
		r.key = fmt.Sprintf("key-%d", l.next)
	}
	var body strings.Builder
	for range 1 + l.rng.IntN(20) {
		message := l.message()
		r.messages = append(r.messages, message)
		fmt.Fprintf(&body, "{\"time\":%q,\"component\":%q,\"host\":\"h%d\",\"message\":%q", l.moment().Format(time.RFC3339Nano), l.component(), l.rng.IntN(3), message)
		if l.rng.IntN(3) > 0 {
			fmt.Fprintf(&body, ",\"client\":\"192.0.2.1\",\"status\":%d,\"bytes\":%d,\"request_time\":%g", 200+100*l.rng.IntN(4), l.rng.IntN(1000), l.rng.Float64())
		}
		body.WriteString("}\n")
	}
	r.body = body.String()
	if r.key != "" {
		l.requests = append(l.requests, r)
	}
	return r
}

func (l *life) message() string {
	l.next++
	return fmt.Sprintf("entry %d %s", l.next, strings.Repeat("x", l.rng.IntN(300)))
}

func (l *life) component() string { return fmt.Sprintf("web.c%d", l.rng.IntN(6)) }

// moment is a time of an entry: now, late, or of the day before.
func (l *life) moment() time.Time {
	late := time.Duration(l.rng.IntN(20)) * time.Minute
	if l.rng.IntN(30) == 0 {
		late += 20 * time.Hour
	}
	return time.Now().Add(-late)
}

func (l *life) post(r *request) func() {
	if time.Since(r.at) > 20*time.Hour {
		return func() {} // the key is about to be forgotten
	}
	l.mu.Lock()
	r.tries++
	l.mu.Unlock()
	return func() {
		samples, messages := l.before()
		answer, err := l.app.lines.Accept(context.Background(), "192.0.2.9", r.key, []byte(r.body))
		l.heard(err, r.messages, func() {
			// The answer to a repeated key says that its own entries are safe,
			// and nothing of what came between: it needs no write and no sync.
			if r.tries == 1 {
				l.keepLocked(samples, messages)
			}
			l.keepLocked(nil, r.messages)
			if answer.Accepted != len(r.messages) {
				l.t.Errorf("%d of %d entries accepted", answer.Accepted, len(r.messages))
			}
		})
	}
}

// before is what was accepted before a request, and is safe when that is.
func (l *life) before() ([]sample, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.loose), slices.Clone(l.looseLog)
}

// heard notes what a sender was told, unless the power was cut before.
func (l *life) heard(err error, messages []string, accepted func()) {
	l.power.unlessCut(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, m := range messages {
			delete(l.refused, m)
		}
		switch {
		case err == nil:
			l.told["accepted"]++
			accepted()
		case l.weather == nil:
			l.t.Errorf("refused on a sound disk: %v", err)
		case errors.Is(err, ingest.ErrUnavailable), errors.Is(err, ingest.ErrBusy):
			l.told["refused"]++
			for _, m := range messages {
				l.refused[m] = !l.promised[m]
			}
		default:
			l.t.Errorf("refused with another error: %v", err)
		}
	})
}

// entries is what a receiver such as syslog's does.
func (l *life) entries(durable bool) func() {
	var batch []entry.Entry
	var messages []string
	for range 1 + l.rng.IntN(5) {
		e := entry.Entry{Time: l.moment().UnixNano(), Component: l.component(), Host: "h9", Message: l.message()}
		if l.rng.IntN(2) == 0 {
			e.Fields = []entry.Field{{Key: "client", Value: "::1"}, {Key: "status", Value: "503"}, {Key: "request_time", Value: "1.5"}}
		}
		batch, messages = append(batch, e), append(messages, e.Message)
	}
	keep := l.app.lines.Entries
	if durable {
		keep = l.app.lines.DurableEntries
	}
	return func() {
		samples, earlier := l.before()
		err := keep(context.Background(), "syslog", "192.0.2.8", batch)
		l.heard(err, messages, func() {
			if !durable {
				l.looseLog = append(l.looseLog, messages...)
				return
			}
			l.keepLocked(samples, earlier)
			l.keepLocked(nil, messages)
		})
	}
}

func (l *life) samples() func() {
	var batch []metric.Sample
	var sent []sample
	for range 1 + l.rng.IntN(20) {
		l.next++
		s := sample{fmt.Sprintf("g.s%d", l.rng.IntN(5)), l.start.Unix()/10*10 - 100_000 + int64(l.next)*10}
		if l.rng.IntN(20) == 0 {
			s.series = fmt.Sprintf("g.new%d", l.next)
		}
		batch = append(batch, metric.Sample{Name: s.series, Time: s.slot * 1000, Value: float64(l.next)})
		sent = append(sent, s)
		l.mu.Lock()
		l.sent[s] = float64(l.next)
		l.mu.Unlock()
	}
	source := l.app.samples.Source("carbon", "192.0.2.7")
	return func() {
		err := source.Samples(context.Background(), batch)
		l.heard(err, nil, func() { l.loose = append(l.loose, sent...) })
	}
}

// inOrder gives a map's keys so that equal seeds do equal things.
func inOrder[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
