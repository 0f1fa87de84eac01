package why_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/query/scope"
	"patou/internal/record"
	"patou/internal/store/logs"
	"patou/internal/store/metrics"
	"patou/internal/timerange"
	"patou/internal/why"
)

// The size that an answer has a second for: an hour of 10,000 series at a step
// of ten seconds, and 100,000 lines.
const (
	benchSeries = 10_000
	benchLines  = 100_000
)

func benchEnd() time.Time { return time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC) }

// benchValue is what real fleets report: walks, times, counters, constants and
// series that are mostly zero.
func benchValue(rng *rand.Rand, n int, now *float64) float64 {
	switch n % 10 {
	case 0, 1, 2:
		*now = min(max(*now+rng.NormFloat64(), 0), 100)
	case 3:
		*now = 20 * (1 + 0.1*rng.ExpFloat64())
	case 4, 5:
		*now += float64(rng.IntN(500))
	case 6:
		*now = 42
	case 7:
		*now = 0
		if rng.IntN(50) == 0 {
			*now = float64(rng.IntN(100))
		}
	default:
		*now = float64(rng.IntN(8))
	}
	return *now
}

func benchMetrics(b *testing.B) *metrics.Store {
	b.Helper()
	s, _, err := metrics.Open(fsx.OS(), b.TempDir(), metrics.Options{Clock: clock.NewManual(benchEnd())})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	rng := rand.New(rand.NewPCG(1, 2))
	a, now := s.NewAppender(), make([]float64, benchSeries)
	for i := range 360 {
		at := benchEnd().Add(-time.Hour + time.Duration(i)*10*time.Second)
		batch := &record.Batch{}
		for n := range benchSeries {
			id, err := a.Resolve(fmt.Sprintf("shop.svc%02d.host%02d.metric%02d", n/200, n/20%10, n%20), metric.Gauge)
			if err != nil {
				b.Fatal(err)
			}
			v := benchValue(rng, n, &now[n])
			if n < 12 && i >= 330 {
				v = v*3 + 50
			}
			batch.Points = append(batch.Points, metric.Point{Series: id, Time: at.UnixMilli(), Value: v})
		}
		batch.Defs = s.TakeDefs()
		s.Apply(uint64(i+1), batch)
	}
	s.Freeze(360)
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

func benchEntries(b *testing.B) *logs.Store {
	b.Helper()
	s, _, err := logs.Open(fsx.OS(), b.TempDir(), logs.Options{Clock: clock.NewManual(benchEnd())})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	rng := rand.New(rand.NewPCG(3, 4))
	var batch []entry.Entry
	for i := range benchLines {
		at := benchEnd().Add(-time.Hour + time.Duration(i)*time.Hour/benchLines)
		e := entry.Entry{
			ID: entry.ID{Batch: 1, Row: uint32(i)}, Time: at.UnixNano(), Component: fmt.Sprintf("shop.svc%02d", rng.IntN(50)), Host: fmt.Sprintf("host%02d", rng.IntN(10)), Level: entry.Info,
			Message: fmt.Sprintf("order %d of customer c%d took %d ms in step %s", i, rng.IntN(5000), rng.IntN(900), []string{"pay", "pack", "send"}[rng.IntN(3)]),
			Fields: []entry.Field{{Key: "client", Value: fmt.Sprintf("10.0.%d.%d", rng.IntN(4), rng.IntN(250))}, {Key: "region", Value: []string{"eu", "us"}[rng.IntN(2)]},
				{Key: "ms", Value: fmt.Sprint(rng.IntN(900))}},
		}
		batch = append(batch, e)
	}
	for i := 0; i < len(batch); i += 1000 {
		s.Apply(uint64(i/1000+1), &record.Batch{Entries: batch[i : i+1000]})
	}
	s.Freeze(benchLines / 1000)
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkWhy answers over the real stores, files included.
func BenchmarkWhy(b *testing.B) {
	series, entries := benchMetrics(b), benchEntries(b)
	known := scope.Known{}
	for i := range 50 {
		known.Components = append(known.Components, fmt.Sprintf("shop.svc%02d", i))
	}
	for i := range 10 {
		known.Hosts = append(known.Hosts, fmt.Sprintf("host%02d", i))
	}
	e := why.New(why.Options{Series: series, Entries: entries, Known: func() scope.Known { return known }})
	end := benchEnd().UnixNano()
	ask := why.Ask{
		Targets: []string{"shop.svc00.host00.metric00"}, Now: benchEnd(),
		Window: timerange.Range{From: end - int64(5*time.Minute), Until: end},
		Base:   timerange.Range{From: end - int64(time.Hour), Until: end - int64(5*time.Minute)},
	}
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		a, err := e.Why(b.Context(), ask)
		if err != nil {
			b.Fatal(err)
		}
		if a.Compared.Series != benchSeries || a.Compared.Entries < benchLines-1000 || len(a.Rows) == 0 {
			b.Fatalf("%+v %d rows", a.Compared, len(a.Rows))
		}
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// cpu is the processor time that the process has used: the machine may be busy
// with others.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
