package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"patou/internal/chunk"
	"patou/internal/demo/pretend"
	"patou/internal/entry"
	"patou/internal/host"
)

// How the pretended hosts live.
const (
	// cattle is how many web hosts come and go beside web-1.
	cattle = 4
	// lateEvery is how often one host falls silent for a while, lateFor for how
	// long: long enough to be called late, too short to be lost.
	lateEvery = 5 * time.Minute
	lateFor   = 7 * time.Second
	// pastChunk is how much of the past one chunk holds.
	pastChunk = 10 * time.Minute
	// maxWaiting bounds the chunks that wait for a busy server.
	maxWaiting = 30
)

// machine is one pretended host and its agent.
type machine struct {
	*pretend.Host
	name string
	// until is when it leaves, zero for those that stay; last the second that
	// it told of last.
	until, last time.Time
	waiting     [][]byte
}

// machines are all pretended hosts. They are for one goroutine.
type machines struct {
	sender *pretend.Sender
	rand   *rand.Rand
	all    []*machine
	start  time.Time
	// slow tells how slow the git service was at a time, 0 to 1.
	slow func(t time.Time) float64
	// comes is when the next web host does, in place of one that left.
	comes  []time.Time
	number int // of the web hosts that there have been
}

func newMachines(to Addresses, client *http.Client, seed uint64, now time.Time, slow func(time.Time) float64) (*machines, error) {
	sender, err := pretend.NewSender("http://"+to.HTTP, "", client)
	if err != nil {
		return nil, err
	}
	ms := &machines{sender: sender, rand: rand.New(rand.NewPCG(seed, 3)), start: now, slow: slow}
	for _, spec := range pets(now) {
		ms.all = append(ms.all, &machine{Host: pretend.New(spec, seed), name: spec.Name, last: now.Add(-time.Second)})
	}
	for i := range cattle {
		ms.come(now, now.Add(-time.Duration(1+7*i)*time.Minute))
	}
	return ms, nil
}

// come adds a web host.
func (ms *machines) come(now, started time.Time) *machine {
	ms.number++
	name := fmt.Sprintf("web-%x%04x", 10+ms.number%6, ms.rand.IntN(1<<16))
	life := 3*time.Minute + time.Duration(ms.rand.IntN(360))*time.Second
	m := &machine{Host: pretend.New(webSpec(name, 100+ms.number%100, started), ms.rand.Uint64()), name: name, last: now.Add(-time.Second), until: now.Add(life)}
	ms.all = append(ms.all, m)
	ms.connect()
	return m
}

// connect lets the edge ask the web hosts that there are.
func (ms *machines) connect() {
	edge, kept := ms.all[0], ms.all[0].Links[:0]
	for _, l := range edge.Links {
		if l.Port != webPort {
			kept = append(kept, l)
		}
	}
	for _, m := range ms.all {
		if s := m.Services[0]; s.Port == webPort {
			kept = append(kept, pretend.Link{Unit: "nginx.service", Address: m.Address, Port: webPort, Sockets: 3, RTT: 0.3})
		}
	}
	edge.Links = kept
}

// join lets each host speak for the first time.
func (ms *machines) join(ctx context.Context, now time.Time) error {
	for _, m := range ms.all {
		ms.catchUp(m, now)
		if err := ms.send(ctx, m, m.Take(now, "")); err != nil {
			return err
		}
	}
	return nil
}

// past sends the hour before, as an agent would that could not reach its server.
// Of hosts that are younger it is their life.
func (ms *machines) past(ctx context.Context, now time.Time, slow func(time.Time) float64) error {
	for _, m := range ms.all {
		start := now.Add(-historyLength)
		if m.Started.After(start) {
			start = m.Started.Truncate(time.Second)
		}
		for at := start; at.Before(now); at = at.Add(time.Second) {
			m.Past(at, loadOf(m.name, at, slow(at)))
			if at.Sub(start)%pastChunk == pastChunk-time.Second {
				m.Say(at, "cron", entry.Info, "(root) CMD (run-parts --report /etc/cron.hourly)")
				if err := ms.send(ctx, m, m.TakePast()); err != nil {
					return err
				}
			}
		}
		if m.Samples() > 0 {
			if err := ms.send(ctx, m, m.TakePast()); err != nil {
				return err
			}
		}
	}
	return nil
}

// run sends the past and reports until ctx ends.
func (ms *machines) run(ctx context.Context) error {
	start := ms.all[0].last
	_, from, until := pastDeploys(start)
	slow := func(t time.Time) float64 {
		if t.Before(until) {
			return weight(true, t.Sub(from))
		}
		return weight(false, t.Sub(until))
	}
	if err := ms.past(ctx, start, slow); err != nil {
		return err
	}
	return ms.live(ctx)
}

// live reports until ctx ends, each host every two seconds.
func (ms *machines) live(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if err := ms.second(ctx, n, time.Now()); err != nil {
			return err
		}
	}
}

// second adds what is new of each host and lets half of them report.
func (ms *machines) second(ctx context.Context, n int, now time.Time) error {
	if err := ms.herd(ctx, now); err != nil {
		return err
	}
	for i, m := range ms.all {
		ms.catchUp(m, now)
		if (i+n)%2 != 0 || ms.late(m, now) {
			continue
		}
		if err := ms.send(ctx, m, m.Take(now, "")); err != nil {
			return err
		}
	}
	return nil
}

// catchUp adds the seconds since the last one.
func (ms *machines) catchUp(m *machine, now time.Time) {
	for at := m.last.Add(time.Second); !at.After(now); at = at.Add(time.Second) {
		m.Second(at, loadOf(m.name, at, ms.slow(at)))
		m.last = at
	}
}

// late tells whether a host cannot be heard at the moment.
func (ms *machines) late(m *machine, now time.Time) bool {
	return m.name == "cache-1" && now.Sub(ms.start)%lateEvery > lateEvery-lateFor
}

// herd lets hosts leave and others come in their place.
func (ms *machines) herd(ctx context.Context, now time.Time) error {
	for i := 0; i < len(ms.all); i++ {
		m := ms.all[i]
		if m.until.IsZero() || now.Before(m.until) {
			continue
		}
		ms.catchUp(m, now)
		m.Say(now, "systemd", entry.Info, "Reached target shutdown.target - System Shutdown.")
		if err := ms.send(ctx, m, m.Take(now, host.Shutdown)); err != nil {
			return err
		}
		ms.all = append(ms.all[:i], ms.all[i+1:]...)
		i--
		ms.connect()
		ms.comes = append(ms.comes, now.Add(time.Duration(10+ms.rand.IntN(15))*time.Second))
	}
	for len(ms.comes) > 0 && !now.Before(ms.comes[0]) {
		ms.comes = ms.comes[1:]
		m := ms.come(now, now.Add(-9*time.Second))
		m.Say(now, "systemd", entry.Info, "Startup finished in 2.183s (kernel) + 6.204s (userspace) = 8.387s.")
	}
	return nil
}

// send sends a chunk, after those that a busy server did not take before.
func (ms *machines) send(ctx context.Context, m *machine, c *chunk.Chunk) error {
	body, err := ms.sender.Encode(nil, c)
	if err != nil {
		return err
	}
	if m.waiting = append(m.waiting, body); len(m.waiting) > maxWaiting {
		m.waiting = m.waiting[1:]
	}
	for len(m.waiting) > 0 {
		told, err := ms.sender.Post(ctx, m.waiting[0])
		var busy *pretend.BusyError
		switch {
		case ctx.Err() != nil || errors.As(err, &busy):
			return nil //nolint:nilerr // it is sent with the next
		case err != nil:
			return fmt.Errorf("agent of %s: %w", m.name, err)
		}
		if told.WantReport {
			m.TellAll()
		}
		m.waiting = m.waiting[1:]
	}
	return nil
}
