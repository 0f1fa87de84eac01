package lifecycle

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errBroken = errors.New("broken")

// steps records what parts do, in order.
type steps struct{ done []string }

func (s *steps) add(step string) func(context.Context) error {
	return func(context.Context) error { s.done = append(s.done, step); return nil }
}

func TestPartsStopInReverseOfTheirStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s steps
		g := New()
		must(t, g.Start(t.Context(), "store", s.add("start store"), s.add("stop store")))
		g.Go("committer", func(ctx context.Context) error {
			<-ctx.Done()
			s.done = append(s.done, "committer ended")
			return ctx.Err()
		})
		must(t, g.Start(t.Context(), "listener", s.add("start listener"), s.add("stop listener")))
		must(t, g.Start(t.Context(), "nothing", nil, nil))
		must(t, g.Stop(t.Context()))
		want := []string{"start store", "start listener", "stop listener", "committer ended", "stop store"}
		if diff := cmp.Diff(want, s.done); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAPartThatDoesNotStartIsNamedAndNotStopped(t *testing.T) {
	var s steps
	g := New()
	must(t, g.Start(t.Context(), "store", nil, s.add("stop store")))
	err := g.Start(t.Context(), "listener", func(context.Context) error { return errBroken }, s.add("stop listener"))
	if !errors.Is(err, errBroken) || err.Error() != "starting listener: broken" {
		t.Errorf("got %v", err)
	}
	must(t, g.Stop(t.Context()))
	if diff := cmp.Diff([]string{"stop store"}, s.done); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstFailureIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New()
		g.Go("done", func(context.Context) error { return nil })
		g.Go("flusher", func(context.Context) error { return errBroken })
		synctest.Wait()
		g.Go("late", func(context.Context) error { return errors.New("another") })
		synctest.Wait()
		err := g.Wait(t.Context())
		if !errors.Is(err, errBroken) || err.Error() != "flusher: broken" {
			t.Errorf("got %v", err)
		}
		must(t, g.Stop(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		must(t, g.Wait(ctx))
	})
}

func TestAPanicIsAnErrorWithItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New()
		g.Go("parser", func(context.Context) error { panic("off by one") })
		err := <-g.Failed()
		if !strings.Contains(err.Error(), "parser: panic: off by one") || !strings.Contains(err.Error(), "group_test.go") {
			t.Errorf("got %v", err)
		}
		err = g.Start(t.Context(), "listener", func(context.Context) error { panic("no port") }, nil)
		if err == nil || !strings.Contains(err.Error(), "starting listener: panic: no port") {
			t.Errorf("got %v", err)
		}
		must(t, g.Stop(t.Context()))
	})
}

func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s steps
		release := make(chan struct{})
		g := New()
		must(t, g.Start(t.Context(), "store", nil, s.add("stop store")))
		g.Go("deaf", func(context.Context) error { <-release; return nil })
		must(t, g.Start(t.Context(), "slow", nil, func(context.Context) error { <-release; return nil }))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		err := g.Stop(ctx)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("Stop took %v", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		for _, want := range []string{"stopping deaf: ", "stopping slow: "} {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in %v", want, err)
			}
		}
		close(release)
		synctest.Wait()
		if diff := cmp.Diff([]string{"stop store"}, s.done); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStopSaysWhatFailedAndSaysItAgain(t *testing.T) {
	g := New()
	must(t, g.Start(t.Context(), "store", nil, func(context.Context) error { return errBroken }))
	g.Go("flusher", func(ctx context.Context) error { <-ctx.Done(); return errors.New("half flushed") })
	err := g.Stop(t.Context())
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "stopping flusher: half flushed") {
		t.Errorf("got %v", err)
	}
	if again := g.Stop(t.Context()); again != err { //nolint:errorlint // the very same error is told
		t.Errorf("the second Stop says %v", again)
	}
}

func TestNothingStartsAfterStop(t *testing.T) {
	var s steps
	g := New()
	must(t, g.Stop(t.Context()))
	g.Go("late", s.add("ran"))
	err := g.Start(t.Context(), "listener", s.add("start"), s.add("stop"))
	if err == nil || !strings.Contains(err.Error(), "starting listener: the program is stopping") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"start", "stop"}, s.done); diff != "" {
		t.Error(diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
