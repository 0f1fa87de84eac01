package telemetry

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOneNameIsOneCounter(t *testing.T) {
	var s Set
	var adding sync.WaitGroup
	for range 8 {
		adding.Go(func() {
			for range 100 {
				s.Counter("ingest.samples").Inc()
			}
		})
	}
	adding.Wait()
	s.Gauge("memory", func() float64 { return 7 })
	want := []Reading{{"ingest.samples", 800, true}, {"memory", 7, false}}
	if diff := cmp.Diff(want, s.Read()); diff != "" {
		t.Error(diff)
	}
}
