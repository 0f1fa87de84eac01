package metrics

import (
	"context"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
)

// goldenDir is what the first version of the format left. All later versions
// must open it.
const goldenDir = "testdata/golden/1"

// goldenLife is what the directory went through: live senders, late ones, a new
// finest step, rollups and merging.
func goldenLife(f *fixture) {
	finest := int64(10)
	f.opt.Schemas = func(string) Schema { return Schema{{finest, 86400}, {60, 7 * 86400}, {3600, 400 * 86400}} }
	f.restart()
	send := func(at int64) {
		b := &record.Batch{}
		for name, kind := range map[string]metric.Kind{"web.cpu": metric.Gauge, "web.requests": metric.Sum, "web.time": metric.Distribution} {
			id, err := f.Resolve(name, kind)
			if err != nil {
				f.t.Fatal(err)
			}
			b.Points = append(b.Points, metric.Point{Series: id, Time: at * 1000, Value: float64(at%977) / 4})
		}
		f.apply(b)
	}
	for i := range int64(1800) {
		f.clock.Advance(10 * time.Second)
		send(start + i*10)
		if i%300 == 299 {
			f.flush()
			f.maintain()
		}
	}
	finest = 5
	f.restart()
	for i := range int64(60) {
		send(start + 18000 + i*5)
		send(start - 86400*i) // late
	}
	f.put("odd", metric.Gauge, start+17000, math.Copysign(0, -1))
	f.put("odd", metric.Gauge, start+17005, 1e308)
	f.put("odd", metric.Gauge, start+17010, 1<<60)
	f.flush()
	f.maintain()
	f.maintain()
}

// TestWriteGolden makes the directory anew when PATOU_WRITE_GOLDEN is set, for
// a version of the format that is new. An old one is never written again.
func TestWriteGolden(t *testing.T) {
	if os.Getenv("PATOU_WRITE_GOLDEN") == "" {
		t.Skip("PATOU_WRITE_GOLDEN is not set")
	}
	f := newFixture(t)
	goldenLife(f)
	f.clean()
	copyDir(t, f.fs, "m", fsx.OS(), goldenDir)
}

func copyDir(t *testing.T, from fsx.FS, fromDir string, to fsx.FS, toDir string) {
	t.Helper()
	if err := to.MkdirAll(toDir); err != nil {
		t.Fatal(err)
	}
	files, err := from.ReadDir(fromDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range files {
		b, err := readFile(from, path.Join(fromDir, e.Name()), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		write := func(w io.Writer) error { _, err := w.Write(b); return err }
		if err := fsx.Publish(to, path.Join(toDir, e.Name()), write); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGoldenDirectoryOpens(t *testing.T) {
	want := newFixture(t)
	goldenLife(want)
	got := &fixture{t: t, fs: fsx.NewMem(), clock: want.clock, opt: want.opt}
	copyDir(t, fsx.OS(), filepath.ToSlash(goldenDir), got.fs, "m")
	if damage := got.open(); len(damage) > 0 {
		t.Fatalf("opening: %v", damage)
	}
	for _, name := range []string{"web.cpu", "web.requests", "web.time.p95", "web.time.count", "odd"} {
		for _, back := range []int64{1000, 20_000, 2 * 86400, 70 * 86400} {
			from := want.clock.Now().Unix() - back
			a, b := want.fetch(name, from, from+20_000), got.fetch(name, from, from+20_000)
			if a.Step != b.Step || len(a.Values) != len(b.Values) {
				t.Fatalf("%s: step %d and %d, %d values and %d", name, a.Step, b.Step, len(a.Values), len(b.Values))
			}
			for i := range a.Values {
				if math.Float64bits(a.Values[i]) != math.Float64bits(b.Values[i]) {
					t.Errorf("%s of step %d at %d is %v, want %v", name, a.Step, a.Start+int64(i)*a.Step, b.Values[i], a.Values[i])
				}
			}
		}
	}
	if err := got.Flush(context.Background()); err != nil {
		t.Error(err)
	}
	got.maintain()
	got.clean()
}
