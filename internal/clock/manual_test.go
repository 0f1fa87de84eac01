package clock

import (
	"testing"
	"time"
)

func TestManualWakesInOrderOfTime(t *testing.T) {
	start := time.Unix(1000, 0)
	m := NewManual(start)
	late, soon := m.After(2*time.Second), m.After(time.Second)
	m.Advance(1500 * time.Millisecond)
	select {
	case at := <-soon:
		if !at.Equal(start.Add(time.Second)) {
			t.Errorf("woken at %v", at)
		}
	default:
		t.Error("a timer that is due did not fire")
	}
	select {
	case <-late:
		t.Error("a timer fired early")
	default:
	}
	if m.Waiting() != 1 {
		t.Errorf("%d wait, want 1", m.Waiting())
	}
}

func TestManualTickerMissesTicksOfASlowReader(t *testing.T) {
	m := NewManual(time.Unix(0, 0))
	tick := m.NewTicker(time.Second)
	m.Advance(10 * time.Second)
	if n := len(tick.C()); n != 1 {
		t.Errorf("%d ticks wait, want 1", n)
	}
	tick.Stop()
	<-tick.C()
	m.Advance(time.Second)
	if n := len(tick.C()); n != 0 {
		t.Error("a stopped ticker ticks")
	}
}

func TestAfterNothingFiresAtOnce(t *testing.T) {
	if len(NewManual(time.Unix(0, 0)).After(0)) != 1 {
		t.Error("After(0) waits")
	}
}
