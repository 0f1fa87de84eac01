package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/timerange"
)

// filled is a store with series over several windows, flushed twice, and
// the last hour of it in memory.
func filled(t testing.TB, series int) *fixture {
	f := newFixture(t)
	f.many = series
	for part := range int64(3) {
		b := &record.Batch{}
		for n := range f.many {
			id, err := f.Resolve(fmt.Sprintf("s.n%03d", n), metric.Gauge)
			if err != nil {
				t.Fatal(err)
			}
			for i := range int64(5) {
				b.Points = append(b.Points, metric.Point{Series: id, Time: (start + part*3600 + i*600) * 1000, Value: float64(n) + float64(i)/4})
			}
		}
		f.apply(b)
		if part < 2 {
			f.flush()
		}
	}
	f.clock.Advance(3 * time.Hour)
	return f
}

// readable is the number of values that come back, and whether all are right.
func (f *fixture) readable() (n int) {
	f.t.Helper()
	var names []string
	for n := range f.many {
		names = append(names, fmt.Sprintf("s.n%03d", n))
	}
	all, err := f.Fetch(context.Background(), names, timerange.Range{From: (start - 1) * 1e9, Until: (start + 3*3600) * 1e9}, f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, s := range all {
		var series int
		fmt.Sscanf(s.Name, "s.n%d", &series)
		for i, v := range s.Values {
			at := s.Start + int64(i)*s.Step - start
			if v != v {
				continue
			}
			n++
			if want := float64(series) + float64(at%3600/600)/4; v != want {
				f.t.Errorf("%s at %d is %v, want %v", s.Name, at, v, want)
			}
		}
	}
	return n
}

// hurt changes a file of the directory.
func (f *fixture) hurt(name string, change func([]byte) []byte) {
	f.t.Helper()
	b, err := readFile(f.fs, path.Join("m", name), 1<<30)
	if err != nil {
		f.t.Fatal(err)
	}
	b = change(slices.Clone(b))
	if err := fsx.Publish(f.fs, path.Join("m", name), func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		f.t.Fatal(err)
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 0x10
		return b
	}
}

func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }

func TestDamageCostsOnlyWhatItHits(t *testing.T) {
	const total = 600 * 15
	f := func(name, file string, change func([]byte) []byte, atLeast, atMost int) {
		t.Run(name, func(t *testing.T) {
			f := filled(t, 600)
			f.log = nil // the log is cut: what is in no file is lost
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if file == "" {
				file = segmentName(f.live0())
			}
			f.hurt(file, change)
			if len(Check(f.fs, "m")) == 0 {
				t.Error("check finds nothing")
			}
			f.open()
			if n := f.readable(); n < atLeast || n > atMost {
				t.Errorf("%d values of %d are readable, want %d to %d", n, total, atLeast, atMost)
			}
			if d := f.Damage(); len(d) == 0 || !strings.Contains(d[0].File, "m/") || f.opt.Telemetry.Counter("metrics.damage").Value() == 0 {
				t.Errorf("damage is reported as %v", d)
			}
			if _, err := f.fs.Stat("m/" + file); err != nil && file != manifestName {
				t.Errorf("the damaged file is gone: %v", err)
			}
		})
	}
	const flushed = 600 * 10
	f("a block's bit", "", flip(headerSize+5), flushed-5, flushed-1)
	f("the index", "", func(b []byte) []byte { return flip(len(b) - trailerSize - 3*dirSize - 40)(b) }, flushed-5*256, flushed-1)
	f("the directory", "", func(b []byte) []byte { return flip(len(b) - trailerSize - 3)(b) }, flushed/2, flushed/2)
	f("the trailer", "", flip(-10), flushed/2, flushed/2)
	f("the header", "", flip(2), flushed/2, flushed/2)
	f("a torn segment", "", cut(100), flushed/2, flushed/2)
	f("an empty segment", "", func([]byte) []byte { return nil }, flushed/2, flushed/2)
	f("the manifest", manifestName, flip(-20), flushed, flushed)
	f("half a manifest", manifestName, cut(50), flushed, flushed)
	f("a names part", namesFile(1), flip(-100), 0, flushed)
}

// live0 is the generation of the oldest segment on disk, of a closed store.
func (f *fixture) live0() uint64 {
	m, err := loadManifest(f.fs, "m")
	if err != nil {
		f.t.Fatal(err)
	}
	return m.Segments[0].Gen
}

func TestAFullDiskKeepsAllInMemory(t *testing.T) {
	for free := int64(0); free < 40_000; free += 2500 {
		f := filled(t, 600)
		disk := &fsx.Disk{}
		f.Store.fs = fsx.Faulty(f.fs, disk.Rule)
		disk.SetFree(free)
		f.Freeze(f.lsn)
		err := f.Flush(context.Background())
		if errors.Is(err, syscall.ENOSPC) && f.Flushed() == f.lsn {
			t.Fatalf("with %d bytes free: an error and yet flushed", free)
		}
		if n := f.readable(); n != 600*15 {
			t.Fatalf("with %d bytes free: %d values are readable after %v", free, n, err)
		}
		disk.SetFree(1 << 30)
		if err := f.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		f.log = nil
		f.restart()
		if n := f.readable(); n != 600*15 {
			t.Fatalf("with %d bytes free: %d values are readable later", free, n)
		}
		f.clean()
	}
}

// Whatever call of flushing and maintenance fails, and however a crash follows,
// nothing is lost or counted twice.
func TestAnyCallMayFail(t *testing.T) {
	for n := 1; ; n++ {
		f := filled(t, 20)
		id, _ := f.Resolve("sum", metric.Sum)
		f.apply(&record.Batch{Points: []metric.Point{{Series: id, Time: start * 1000, Value: 1}}})
		count := 0
		rule := fsx.FailNth(n, syscall.EIO)
		f.Store.fs = fsx.Faulty(f.fs, func(op fsx.Op) error {
			if !op.Kind.Reads() {
				count++
			}
			return rule(op)
		})
		work := func() error {
			f.Freeze(f.lsn)
			return errors.Join(f.Flush(context.Background()), f.Maintain(context.Background()))
		}
		_ = work()
		if n > count {
			return // all calls have had their turn
		}
		again := f.fs.CrashClone(newRand(n))
		f.checkAll(t, n, "after the error")
		if err := work(); err != nil {
			t.Fatalf("call %d: again: %v", n, err)
		}
		f.checkAll(t, n, "after another try")
		f.clean()
		f.fs = again
		f.open()
		f.checkAll(t, n, "after a crash")
		f.clean()
	}
}

func (f *fixture) checkAll(t *testing.T, n int, when string) {
	t.Helper()
	if got := f.readable(); got != 20*15 {
		t.Fatalf("call %d: %d values %s", n, got, when)
	}
	if s := f.fetch("sum", start-1, start+5); s.Values[0] != 1 {
		t.Fatalf("call %d: sum is %v %s", n, s.Values[0], when)
	}
}
