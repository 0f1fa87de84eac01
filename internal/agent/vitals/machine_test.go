package vitals

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// machine is a made-up host whose files a test writes.
type machine struct {
	t       testing.TB
	root    string
	clock   *clock.Manual
	c       *Collector
	missing []string
	reports []host.Report
	disks   map[string]usage // by path
}

func newMachine(t testing.TB) *machine {
	m := &machine{t: t, root: t.TempDir(), clock: clock.NewManual(time.Unix(1_700_000_000, 0)), disks: map[string]usage{}}
	m.c = New(Options{
		Root: m.root, Clock: m.clock, Telemetry: new(telemetry.Set), usage: m.usage,
		Missing: func(what string, err error) { m.missing = append(m.missing, what) },
		Report: func(r host.Report) {
			r.Full, r.FileSystems = append([]host.Resource(nil), r.Full...), append([]host.FileSystem(nil), r.FileSystems...)
			m.reports = append(m.reports, r)
		},
	})
	t.Cleanup(m.c.Close)
	return m
}

func (m *machine) usage(path string, u *usage) error {
	name, err := filepath.Rel(m.root, path[:len(path)-1])
	if err != nil {
		m.t.Errorf("asked for %q", path)
	}
	if name = filepath.Join("/", name); m.disks[name].total == 0 {
		return errors.New("gone")
	}
	*u = m.disks[name]
	return nil
}

// write writes anew into the file that the collector has open, as the kernel
// does.
func (m *machine) write(path, text string) {
	m.t.Helper()
	full := filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) writeAll(texts map[string]string) {
	m.t.Helper()
	for path, text := range texts {
		m.write(path, text)
	}
}

// read reads once more, so much later, and returns the samples.
func (m *machine) read(later time.Duration) map[string]float64 {
	m.t.Helper()
	m.clock.Advance(later)
	got := map[string]float64{}
	for _, s := range m.c.Read() {
		if _, twice := got[s.Name]; twice || s.Time != m.clock.Now().UnixMilli() || metric.CheckName(s.Name) != nil {
			m.t.Errorf("sample %+v, twice: %v", s, twice)
		}
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Value < 0 {
			m.t.Errorf("absurd: %+v", s)
		}
		got[s.Name] = s.Value
	}
	return got
}

// want compares all series, want's alone.
func (m *machine) want(got, want map[string]float64) {
	m.t.Helper()
	for name, v := range want {
		if g, ok := got[name]; !ok || math.Abs(g-v) > 1e-9*max(1, math.Abs(v)) {
			m.t.Errorf("%s is %v (there: %v), want %v", name, g, ok, v)
		}
	}
	for name, v := range got {
		if _, ok := want[name]; !ok {
			m.t.Errorf("%s is %v, and not wanted", name, v)
		}
	}
}

// example is the made-up machine of testdata: its files by their paths.
func example(t testing.TB) map[string]string {
	t.Helper()
	out, top := map[string]string{}, filepath.Join("testdata", "host")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(top, path)
		out[name] = string(text)
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("the example has %d files: %v", len(out), err)
	}
	return out
}

// exampleMachine has the example's files and two file systems.
func exampleMachine(t testing.TB) *machine {
	m := newMachine(t)
	m.writeAll(example(t))
	m.disks["/"] = usage{total: 10_000, free: 4000, available: 3000, files: 100, filesFree: 80}
	m.disks["/var/log"] = usage{total: 5000, free: 500, available: 500, files: 0}
	return m
}
