package demo

import (
	"context"
	"fmt"
	"time"
)

// historyLength is how much of the past is made from the model, so that the
// first graph is not empty.
const historyLength = time.Hour

// deploy is one change of a version in the past.
type deploy struct {
	at        time.Time
	component string
	what      string
	data      string
}

// pastDeploys are a harmless one, and the bad one that is taken back.
func pastDeploys(now time.Time) (deploys []deploy, slowFrom, slowUntil time.Time) {
	slowFrom = now.Add(-25 * time.Minute).Truncate(time.Second)
	slowUntil = slowFrom.Add(slowFor)
	return []deploy{
		{now.Add(-48 * time.Minute), frontend, "deploy webapp 8.2.0", "by ana: new project page"},
		{slowFrom.Add(-4 * time.Second), git, "deploy git-backend " + badVersion, "by jonas: lower memory limit of pack-objects"},
		{slowUntil, git, "rollback git-backend " + goodVersion, "by deniz: clones are slow"},
	}, slowFrom, slowUntil
}

// history sends an hour of the past, as the services would have written it.
type history struct {
	model *model
	ship  *shipper
	now   time.Time
	// slow is the time of the bad version.
	slowFrom, slowUntil time.Time
	busy                map[string]time.Duration // work of each service in this 10 s
}

// sendHistory lets the model's clock run through the hour as fast as the
// server takes it.
func sendHistory(ctx context.Context, s *shipper, now time.Time, seed uint64) error {
	deploys, from, until := pastDeploys(now)
	for _, d := range deploys {
		if err := s.event(ctx, d.what, d.at, d.data, "deploy", "component:"+d.component); err != nil {
			return err
		}
	}
	h := &history{model: newModel(seed), ship: s, now: now, slowFrom: from, slowUntil: until, busy: map[string]time.Duration{}}
	start := now.Add(-historyLength)
	at, mark, pause := start, start.Truncate(10*time.Second), start
	for at = at.Add(h.model.gap(at)); at.Before(now); at = at.Add(h.model.gap(at)) {
		for at.Sub(mark) >= 10*time.Second {
			mark = mark.Add(10 * time.Second)
			h.gauges(mark)
		}
		if err := h.call(at); err != nil {
			return err
		}
		if at.Sub(pause) >= 30*time.Second {
			pause = at
			if err := h.pause(ctx, at); err != nil {
				return err
			}
		}
	}
	return s.flush(ctx)
}

// call is one request as each service on its way would have logged it, the
// innermost first.
func (h *history) call(at time.Time) error {
	c := h.model.ask()
	slow := c.last() == git && !at.Before(h.slowFrom) && at.Before(h.slowUntil)
	h.model.serve(&c, slow)
	took := c.work
	version := goodVersion
	if slow {
		version = badVersion
	}
	for i := len(c.calls) - 1; i >= 0; i-- {
		h.ship.access(access(c.calls[i], &c, at.Add(took), took))
		h.busy[c.calls[i]] += took
		took += time.Duration(1+h.model.rand.IntN(3)) * time.Millisecond
	}
	h.ship.access(access(edge, &c, at.Add(took), took))
	for _, l := range told(&c, at.Add(took), slow, version, h.model.rand) {
		if err := h.ship.tell(l); err != nil {
			return err
		}
	}
	return nil
}

// gauges are the numbers that services report of themselves: by Little's law
// the work done in 10 s, over 10 s, is how many workers were busy.
func (h *history) gauges(at time.Time) {
	for _, name := range []string{frontend, api, git} {
		report(h.ship, name, h.busy[name].Seconds()/10, at)
	}
	clear(h.busy)
}

func report(s *shipper, name string, busy float64, at time.Time) {
	s.sample(fmt.Sprintf("%s.workers.busy", name), float64(int(busy*100))/100, at)
	s.sample(fmt.Sprintf("%s.workers.max", name), 32, at)
}

// pause sends what has gathered, so that no body grows past what the server
// takes.
func (h *history) pause(ctx context.Context, at time.Time) error {
	if err := h.ship.tell(routine(at, h.model.rand)); err != nil {
		return err
	}
	return h.ship.flush(ctx)
}
