package metrics

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/timerange"
)

// One applier, one that flushes and maintains, and readers: a sum that only
// grows is read growing, each time whole.
func TestReadersSeeEachEffectOnce(t *testing.T) {
	f := newFixture(t)
	f.opt.Schemas, f.opt.window = modelSchema, 12
	f.restart()
	var wg sync.WaitGroup
	done := make(chan struct{})
	id, err := f.Resolve("sum", metric.Sum)
	if err != nil {
		t.Fatal(err)
	}
	frozen := make(chan struct{}, 1)
	wg.Go(func() {
		for range frozen {
			if err := f.Flush(context.Background()); err != nil {
				t.Error(err)
			}
			if err := f.Maintain(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wg.Go(func() { readGrowing(t, f, done) })
	}
	wg.Go(func() {
		a := f.NewAppender()
		for i := 0; !closed(done); i++ {
			if _, err := a.Resolve(fmt.Sprintf("new.n%d", i%5000), metric.Gauge); err != nil {
				t.Error(err)
			}
		}
	})
	const rounds = 1500
	for i := range int64(rounds) {
		f.Apply(uint64(i+1), &record.Batch{Defs: f.TakeDefs(), Points: []metric.Point{{Series: id, Time: (start + i) * 1000, Value: 1}}})
		f.clock.Advance(time.Second)
		if i%50 == 49 {
			f.Freeze(uint64(i + 1))
			select {
			case frozen <- struct{}{}:
			default:
			}
		}
	}
	close(done)
	close(frozen)
	wg.Wait()
	if got := total(t, f); got != rounds {
		t.Errorf("the sum is %v, want %v", got, rounds)
	}
}

func closed(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func readGrowing(t *testing.T, f *fixture, done chan struct{}) {
	for last := 0.0; !closed(done); {
		now := total(t, f)
		if now < last {
			t.Errorf("the sum went from %v to %v", last, now)
			return
		}
		last = now
		if _, err := f.Find(context.Background(), "new.*1", timerange.Range{}); err != nil {
			t.Error(err)
		}
	}
}

func total(t *testing.T, f *fixture) (sum float64) {
	all, err := f.Fetch(context.Background(), []string{"sum"}, timerange.Range{From: (start - 1) * 1e9, Until: (start + 3000) * 1e9}, f.clock.Now())
	if err != nil || len(all) != 1 {
		t.Error(err)
		return 0
	}
	for _, v := range all[0].Values {
		if v == v {
			sum += v
		}
	}
	return sum
}
