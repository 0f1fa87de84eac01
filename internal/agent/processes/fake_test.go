package processes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// machine is a made-up /proc and a collector over it.
type machine struct {
	t       *testing.T
	root    string
	clock   *clock.Manual
	c       *Collector
	uptime  float64
	values  map[string]float64
	report  []host.Process
	missing []string
	refuse  bool
}

// task is a process of a made-up machine.
type task struct {
	pid, parent  int
	comm, cgroup string
	start        float64 // seconds of uptime
	own, waited  float64 // seconds
	pages        int64
	shared       int64
	read         int64
	flags        int
	files        int
}

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, root: t.TempDir(), clock: clock.NewManual(time.Unix(1_800_000_000, 0)), uptime: 1000}
	m.write("sys/devices/system/cpu/online", "0-1\n")
	m.c = New(Options{
		Root: m.root, Clock: m.clock, Telemetry: &telemetry.Set{}, Sink: m,
		Report:  func(r host.Report) { m.report = r.Processes },
		Missing: func(what string, err error) { m.missing = append(m.missing, what) },
	})
	t.Cleanup(m.c.close)
	return m
}

func (m *machine) Samples(_ context.Context, samples []metric.Sample) error {
	if m.refuse {
		return errors.New("full")
	}
	m.values = map[string]float64{}
	for _, s := range samples {
		if _, twice := m.values[s.Name]; twice {
			m.t.Errorf("%s twice in one sweep", s.Name)
		}
		if err := metric.CheckName(s.Name); err != nil {
			m.t.Error(err)
		}
		m.values[s.Name] = s.Value
	}
	return nil
}

func (m *machine) write(path, text string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		m.t.Fatal(err)
	}
}

// run puts a process there, or changes it.
func (m *machine) run(p task) {
	m.t.Helper()
	dir := "proc/" + strconv.Itoa(p.pid) + "/"
	ticks := func(seconds float64) int { return int(seconds * 100) }
	m.write(dir+"stat", fmt.Sprintf("%d (%s) S %d 1 1 0 -1 %d 1 2 3 4 %d 0 %d 0 20 0 2 0 %d 1000000 %d 1844 1 1 0\n",
		p.pid, p.comm, p.parent, p.flags, ticks(p.own), ticks(p.waited), ticks(p.start), p.pages))
	m.write(dir+"statm", fmt.Sprintf("9999 %d %d 1 0 1 0\n", p.pages, p.shared))
	m.write(dir+"io", fmt.Sprintf("rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: %d\nwrite_bytes: %d\ncancelled_write_bytes: 0\n", p.read, 2*p.read))
	m.write(dir+"cgroup", p.cgroup)
	for i := range p.files {
		m.write(dir+"fd/"+strconv.Itoa(i), "")
	}
	if p.files == 0 {
		_ = os.MkdirAll(filepath.Join(m.root, dir, "fd"), 0o755)
	}
}

func (m *machine) end(pid int) {
	m.t.Helper()
	if err := os.RemoveAll(filepath.Join(m.root, "proc", strconv.Itoa(pid))); err != nil {
		m.t.Fatal(err)
	}
}

// sweep lets time pass and sweeps.
func (m *machine) sweep(seconds float64) {
	m.t.Helper()
	m.clock.Advance(time.Duration(seconds * float64(time.Second)))
	m.uptime += seconds
	m.write("proc/uptime", fmt.Sprintf("%.2f 1.00\n", m.uptime))
	m.report, m.values = nil, nil
	m.c.step(m.t.Context())
}

func (m *machine) expect(name string, want float64) {
	m.t.Helper()
	got, ok := m.values["process."+name]
	if !ok || got < want-0.01 || got > want+0.01 {
		m.t.Errorf("process.%s = %g (there: %v), want %g", name, got, ok, want)
	}
}

// nginx is where a unit's processes are.
const nginx = "1:name=systemd:/system.slice/nginx.service\n0::/\n"
