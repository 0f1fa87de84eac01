package ingest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/telemetry"
)

func TestASenderThatMakesUpComponentsOverflows(t *testing.T) {
	cl, told := clock.NewManual(time.Unix(1_795_183_200, 0)), 0
	a := NewAdmission(cl, &telemetry.Set{}, []string{"known.before"})
	a.Overflow = func(string, string) { told++ }
	for i := range newComponentsPerHour {
		name := fmt.Sprintf("c%d", i)
		if got := a.Component("10.0.0.9", name); got != name {
			t.Fatalf("%s was filed under %s", name, got)
		}
	}
	f := func(source, name, want string) {
		t.Helper()
		if got := a.Component(source, name); got != want {
			t.Errorf("%s of %s was filed under %q, want %q", name, source, got, want)
		}
	}
	f("10.0.0.9", "one.more", "overflow.10_0_0_9")
	f("10.0.0.9", "and.more", "overflow.10_0_0_9")
	f("10.0.0.9", "c7", "c7")
	f("10.0.0.9", "known.before", "known.before")
	f("10.0.0.10", "one.more", "one.more")
	cl.Advance(time.Hour)
	f("10.0.0.9", "next.hour", "next.hour")
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

func TestTheBudgetLetsOneLargeRequestInAlone(t *testing.T) {
	b := newBudget(100)
	release, err := b.take(context.Background(), 500)
	if err != nil {
		t.Fatal(err)
	}
	if !b.full() {
		t.Error("500 of 100 bytes are not full")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.take(ctx, 1); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	release()
	if release, err = b.take(context.Background(), 60); err != nil {
		t.Fatal(err)
	}
	release()
}

func TestTheTapKeepsTheLastRefusedLines(t *testing.T) {
	tap := NewTap(clock.NewManual(time.Unix(0, 0)), &telemetry.Set{})
	seen, stop := tap.Watch(true)
	defer stop()
	for i := range rejectsKept + 5 {
		tap.Reject("carbon", "10.0.0.9", fmt.Sprintf("line %d", i), "want three fields")
	}
	tap.Accept("carbon", "10.0.0.9", "a.b 1 2", "a.b")
	kept := tap.Rejected()
	if len(kept) != rejectsKept || kept[0].Raw != "line 5" || kept[len(kept)-1].Raw != fmt.Sprintf("line %d", rejectsKept+4) {
		t.Errorf("%d kept, from %q to %q", len(kept), kept[0].Raw, kept[len(kept)-1].Raw)
	}
	if a := <-seen; a.Reason == "" {
		t.Errorf("a watcher of refused lines saw %+v", a)
	}
}

func TestPatousOwnNamesAreReserved(t *testing.T) {
	for name, want := range map[string]bool{"logs.web.requests": true, "host.a.cpu": true, "patou.x": true, "check.shop.up": true,
		"logstash.x": false, "hosts.a": false, "collectd.h.cpu": false, "": false} {
		if got := Reserved(name); got != want {
			t.Errorf("Reserved(%q) = %t", name, got)
		}
	}
}
