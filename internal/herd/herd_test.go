package herd

import (
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
)

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// story is a herd with a clock that stands still, and what is told of it.
type story struct {
	*Herd
	t     *testing.T
	clock *clock.Manual
}

func begin(t *testing.T) *story {
	c := clock.NewManual(noon())
	return &story{New(Options{Clock: c}), t, c}
}

// speak has a machine send a chunk.
func (s *story) speak(i host.Identity, r *host.Report) host.Known {
	s.t.Helper()
	c := host.Contact{Identity: i, Sent: s.clock.Now(), Received: s.clock.Now(), Newest: s.clock.Now()}
	k, err := s.Identify(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Heard(k.ID, c, r, unreadReadings(), true)
	return k
}

// pass moves the clock, second by second.
func (s *story) pass(d time.Duration, speakers ...host.Identity) {
	s.t.Helper()
	for range int(d / time.Second) {
		s.clock.Advance(time.Second)
		for _, i := range speakers {
			s.speak(i, nil)
		}
		s.Tick()
	}
}

func TestAHostJoinsIsUpFallsSilentAndIsLost(t *testing.T) {
	s := begin(t)
	web := host.Identity{Machine: "m1", Boot: "b1", Instance: "i1", Name: "web-1"}
	k := s.speak(web, nil)
	s.is(k.ID, Joining)
	s.pass(12*time.Second, web)
	s.is(k.ID, Up)
	s.pass(5 * time.Second)
	s.is(k.ID, Late)
	s.pass(15 * time.Second)
	s.is(k.ID, Lost)
	s.pass(time.Second, web)
	s.is(k.ID, Up)
}

func (s *story) is(id string, want State) {
	s.t.Helper()
	if got := s.hosts[id].State; got != want {
		s.t.Errorf("it is %s, want %s", got, want)
	}
}
