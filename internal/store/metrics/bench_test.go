package metrics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/timerange"
)

// sender makes series in the mix of notes on real fleets: percentages and times
// with two decimals, bytes in pages, counters, constants, rare events.
type sender struct {
	names []string
	now   []int64
	rng   *rand.Rand
}

func newSender(series int) *sender {
	s := &sender{now: make([]int64, series), rng: rand.New(rand.NewPCG(3, 4))}
	for n := range series {
		s.names = append(s.names, fmt.Sprintf("dc%d.web.host%04d.cpu.%d.metric%02d", n%2, n/50, n%8, n%50))
	}
	return s
}

func (s *sender) value(n int) float64 {
	switch v := &s.now[n]; n % 10 {
	case 0, 1: // percentages
		*v = min(max(*v+s.rng.Int64N(401)-200, 0), 10000)
		return float64(*v) / 100
	case 2: // milliseconds
		*v = 2000 + s.rng.Int64N(200)
		return float64(*v) / 100
	case 3: // bytes
		*v = max(*v+4096*(s.rng.Int64N(65)-32), 0)
		return float64(*v)
	case 4, 5: // counters
		*v += s.rng.Int64N(5000)
		return float64(*v)
	case 6: // constants
		return 42
	case 7: // mostly nothing
		if s.rng.Int64N(50) == 0 {
			return float64(s.rng.Int64N(100))
		}
		return 0
	}
	return float64(s.rng.Int64N(8)) // small integers
}

// cpu is the processor time that the process has used: the machine may be busy
// with others.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// batch is what all series send at a time.
func (s *sender) batch(b *testing.B, a *Appender, at int64, points []metric.Point) []metric.Point {
	points = points[:0]
	for n, name := range s.names {
		id, err := a.Resolve(name, metric.Gauge)
		if err != nil {
			b.Fatal(err)
		}
		points = append(points, metric.Point{Series: id, Time: at * 1000, Value: s.value(n)})
	}
	return points
}

// BenchmarkIngest is the store's whole part of a sample's way: resolve, apply,
// flush each ten minutes, roll up, merge. The sender's own cost is measured
// apart and taken off.
func BenchmarkIngest(b *testing.B) {
	for _, series := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("%d series", series), func(b *testing.B) { benchIngest(b, series, 720*10_000/series*2) })
	}
}

func benchIngest(b *testing.B, series, rounds int) {
	var spent, flushing, maintaining time.Duration
	points := 0
	var bytes, raw int64
	for b.Loop() {
		f := &fixture{t: b, fs: fsx.NewMem(), clock: newManual()}
		f.opt = Options{Clock: f.clock}
		f.open()
		s, a := newSender(series), f.NewAppender()
		var batch []metric.Point
		for i := range int64(rounds) {
			f.clock.Advance(10 * time.Second)
			batch = s.batch(b, a, start+i*10, batch)
			began := cpu()
			f.Apply(uint64(i), &record.Batch{Points: batch})
			spent += cpu() - began
			points += len(batch)
			if i%60 == 59 {
				began = cpu()
				f.Freeze(uint64(i))
				if err := f.Flush(context.Background()); err != nil {
					b.Fatal(err)
				}
				flushing += cpu() - began
				began = cpu()
				f.maintain()
				maintaining += cpu() - began
			}
		}
		f.clock.Advance(3 * time.Hour)
		began := cpu()
		f.maintain()
		maintaining += cpu() - began
		bytes, raw = f.DiskBytes(), 0
		for _, l := range f.live {
			if l.class == classRaw {
				raw += l.size
			}
		}
		_ = f.Close()
	}
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(points) }
	b.ReportMetric(per(spent), "ns-apply/point")
	b.ReportMetric(per(flushing), "ns-flush/point")
	b.ReportMetric(per(maintaining), "ns-maintain/point")
	b.ReportMetric(float64(bytes)/float64(series*rounds), "B/point")
	b.ReportMetric(float64(raw)/float64(series*rounds), "B-raw/point")
}

// BenchmarkResolve is a name that follows the one that it followed before.
func BenchmarkResolve(b *testing.B) {
	f := &fixture{t: b, fs: fsx.NewMem(), clock: newManual()}
	f.opt = Options{Clock: f.clock}
	f.open()
	s, a := newSender(100_000), f.NewAppender()
	points := s.batch(b, a, start, nil)
	for n := 0; b.Loop(); n++ {
		if _, err := a.Resolve(s.names[n%len(points)], metric.Gauge); err != nil {
			b.Fatal(err)
		}
	}
}

// aDay is a store with 100 series over a day, a point each ten seconds.
func aDay(b *testing.B) (*fixture, []string) {
	f := &fixture{t: b, fs: fsx.NewMem(), clock: newManual()}
	f.opt = Options{Clock: f.clock}
	f.open()
	s, a := newSender(100), f.NewAppender()
	for i := range int64(8640) {
		f.clock.Advance(10 * time.Second)
		f.Apply(uint64(i), &record.Batch{Points: s.batch(b, a, start+i*10, nil)})
		if i%360 == 359 {
			f.Freeze(uint64(i))
			_ = f.Flush(context.Background())
			f.maintain()
		}
	}
	return f, s.names
}

// BenchmarkFetchADay reads 864,000 points of 100 series.
func BenchmarkFetchADay(b *testing.B) {
	f, names := aDay(b)
	for b.Loop() {
		all, err := f.Fetch(context.Background(), names, timerange.Range{From: start * 1e9, Until: (start + 86400) * 1e9}, f.clock.Now())
		if err != nil || len(all) != 100 || all[0].Step != 10 {
			b.Fatal(len(all), err)
		}
	}
}

// BenchmarkFetchCoarse reads a month at a minute of which a day is there.
func BenchmarkFetchCoarse(b *testing.B) {
	f, names := aDay(b)
	for b.Loop() {
		if _, err := f.Fetch(context.Background(), names, timerange.Range{From: (start - 20*86400) * 1e9, Until: (start + 86400) * 1e9}, f.clock.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind is a deep wildcard over 100,000 paths.
func BenchmarkFind(b *testing.B) {
	f := &fixture{t: b, fs: fsx.NewMem(), clock: newManual()}
	f.opt = Options{Clock: f.clock}
	f.open()
	newSender(100_000).batch(b, f.NewAppender(), start, nil)
	for b.Loop() {
		if _, err := f.Find(context.Background(), "dc*.*.host00*.cpu.*.metric0*", timerange.Range{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a store of 100,000 series with an hour on disk.
func BenchmarkOpen(b *testing.B) {
	f := &fixture{t: b, fs: fsx.NewMem(), clock: newManual()}
	f.opt = Options{Clock: f.clock}
	f.open()
	s, a := newSender(100_000), f.NewAppender()
	for i := range int64(10) {
		f.clock.Advance(6 * time.Minute)
		f.Apply(uint64(i), &record.Batch{Points: s.batch(b, a, start+i*360, nil)})
		f.Freeze(uint64(i))
		_ = f.Flush(context.Background())
	}
	_ = f.Close()
	names := s.names
	f.Store, s = nil, nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		f.open()
		_ = f.Len()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e5, "B/series")
	runtime.KeepAlive(f)
	runtime.KeepAlive(names)
}
