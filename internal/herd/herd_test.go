package herd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/event"
	"patou/internal/host"
)

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// story is a herd with a clock that stands still, and what is told of it.
type story struct {
	*Herd
	t     *testing.T
	clock *clock.Manual
	disk  *memory
}

func begin(t *testing.T) *story {
	t.Helper()
	return (&story{t: t, clock: clock.NewManual(noon()), disk: &memory{hosts: map[string]host.Kept{}, groups: map[string]string{}}}).restart()
}

// restart is the herd after a server that was killed started again.
func (s *story) restart() *story {
	s.t.Helper()
	next := &story{New(Options{Clock: s.clock, Store: s.disk}), s.t, s.clock, s.disk}
	if err := next.Load(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return next
}

func (s *story) save() {
	s.t.Helper()
	if err := s.Save(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// machine is an identity by name and boot; its machine-id is its name's.
func machine(name string, boot int) host.Identity {
	return host.Identity{Machine: "m-" + name, Boot: fmt.Sprint("boot ", boot), Instance: "i-" + name, Name: name}
}

func (s *story) contact(i host.Identity) host.Contact {
	now := s.clock.Now()
	return host.Contact{Identity: i, Sent: now, Received: now, Newest: now}
}

// say has a machine send a chunk with a report.
func (s *story) say(i host.Identity, r *host.Report) host.Known {
	s.t.Helper()
	return s.send(s.contact(i), r)
}

func (s *story) send(c host.Contact, r *host.Report) host.Known {
	s.t.Helper()
	k, err := s.Identify(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Heard(k.ID, c, r, unreadReadings(), true)
	return k
}

// pass moves the clock, second by second, while some speak every other one.
func (s *story) pass(d time.Duration, speakers ...host.Identity) {
	s.t.Helper()
	for i := range int(d / time.Second) {
		s.clock.Advance(time.Second)
		if i%2 == 0 {
			for _, who := range speakers {
				s.say(who, nil)
			}
		}
		s.Tick()
	}
}

// is checks the state of a host by its name.
func (s *story) is(name string, want State) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(name)
	if m == nil {
		s.t.Errorf("there is no %s", name)
		return
	}
	if m.State != want {
		s.t.Errorf("%s is %s, want %s", name, m.State, want)
	}
}

// told are the events so far, without their hosts.
func (s *story) told() []string {
	s.save()
	var out []string
	for _, e := range s.disk.events {
		out = append(out, e.What)
	}
	return out
}

func (s *story) hasTold(want ...string) {
	s.t.Helper()
	if got := s.told(); !slices.Equal(got, want) {
		s.t.Errorf("told:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// memory is a store that keeps in memory.
type memory struct {
	hosts   map[string]host.Kept
	places  []host.Place
	groups  map[string]string
	moments []host.Moment
	events  []event.Keyed
	err     error
}

func (d *memory) Load(context.Context) (Saved, error) {
	s := Saved{Places: d.places, Groups: d.groups}
	for _, k := range d.hosts {
		s.Hosts = append(s.Hosts, k)
	}
	return s, d.err
}

func (d *memory) Save(_ context.Context, c Changes) error {
	if d.err != nil {
		return d.err
	}
	for _, id := range c.Forgotten { // before those that came back
		delete(d.hosts, id)
		delete(d.groups, id)
	}
	for _, k := range c.Hosts {
		d.hosts[k.ID] = k
	}
	for id, name := range c.Groups {
		d.groups[id] = name
	}
	d.places, d.moments, d.events = append(d.places, c.Places...), append(d.moments, c.Moments...), append(d.events, c.Events...)
	return nil
}

func (d *memory) Moments(_ context.Context, from, until int64) ([]host.Moment, error) {
	last, out := map[string]host.Moment{}, []host.Moment{}
	for _, m := range d.moments {
		switch {
		case m.Time < from && m.Time >= last[m.Host].Time:
			last[m.Host] = m
		case m.Time >= from && m.Time < until:
			out = append(out, m)
		}
	}
	for _, m := range last {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b host.Moment) int { return int(a.Time - b.Time) })
	return out, d.err
}

func (d *memory) MomentsOf(_ context.Context, id string, limit int) ([]host.Moment, error) {
	var out []host.Moment
	for _, m := range slices.Backward(d.moments) {
		if m.Host == id && len(out) < limit {
			out = append(out, m)
		}
	}
	return out, d.err
}

func (d *memory) DropMoments(_ context.Context, before int64) error {
	d.moments = slices.DeleteFunc(d.moments, func(m host.Moment) bool { return m.Time < before })
	return d.err
}
