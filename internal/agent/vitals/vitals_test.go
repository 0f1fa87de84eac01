package vitals

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// host is a made-up machine whose files a test writes.
type host struct {
	t       *testing.T
	root    string
	c       *Collector
	now     time.Time
	missing []string
}

func newHost(t *testing.T) *host {
	h := &host{t: t, root: t.TempDir(), now: time.Unix(1_700_000_000, 0)}
	h.c = New(Options{
		Host: "web-1.example.org", Root: h.root, Clock: clock.NewManual(h.now), Telemetry: new(telemetry.Set),
		Missing: func(what string, err error) { h.missing = append(h.missing, what) },
		usage: func(path string) (usage, error) {
			if path == "/var/log" {
				return usage{total: 1000, free: 400, available: 300, files: 10, filesFree: 9}, nil
			}
			return usage{}, errors.New("gone")
		},
	})
	t.Cleanup(h.c.close)
	return h
}

func (h *host) write(path, text string) {
	h.t.Helper()
	full := filepath.Join(h.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// collect reads once more, so many seconds later, and returns the samples.
func (h *host) collect(seconds int) map[string]float64 {
	h.t.Helper()
	h.now = h.now.Add(time.Duration(seconds) * time.Second)
	h.c.collect(h.now)
	got := map[string]float64{}
	for _, s := range h.c.samples {
		name := strings.TrimPrefix(s.Name, "host.web-1_example_org.")
		if _, twice := got[name]; twice || s.Time != h.now.UnixMilli() || math.IsNaN(s.Value) {
			h.t.Errorf("sample %+v, twice: %v", s, twice)
		}
		got[name] = s.Value
	}
	return got
}

func (h *host) want(got map[string]float64, want map[string]float64) {
	h.t.Helper()
	for name, v := range want {
		if g, ok := got[name]; !ok || math.Abs(g-v) > 1e-9 {
			h.t.Errorf("%s is %v (there: %v), want %v", name, g, ok, v)
		}
	}
	if len(got) != len(want) {
		h.t.Errorf("got %d series, want %d: %v", len(got), len(want), got)
	}
}

func TestProcessorsShowSharesOfTheirTime(t *testing.T) {
	h := newHost(t)
	h.write("proc/stat", "cpu  100 0 50 800 40 0 0 10 20 0\ncpu0 100 0 50 800 40 0 0 10 20 0\nintr 1 2 3\nctxt 100\nprocesses 7\nprocs_running 3\nprocs_blocked 1\n")
	h.want(h.collect(0), map[string]float64{"processes.running": 3, "processes.blocked": 1})
	h.write("proc/stat", "cpu  150 0 60 820 50 0 0 10 30 0\ncpu0 140 0 50 840 40 0 0 10 20 0\nintr 1 2 3\nctxt 300\nprocesses 8\nprocs_running 2\nprocs_blocked 0\n")
	h.want(h.collect(2), map[string]float64{
		"cpu.user": 50, "cpu.nice": 0, "cpu.system": 12.5, "cpu.idle": 25, "cpu.iowait": 12.5, "cpu.irq": 0, "cpu.softirq": 0, "cpu.steal": 0,
		"cpu.busy": 62.5, "cpu.core0.busy": 50, "processes.context_switches": 100, "processes.forks": 0.5,
		"processes.running": 2, "processes.blocked": 0,
	})
}

func TestMemoryAndLoadAreShownAsTheyAre(t *testing.T) {
	h := newHost(t)
	h.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nBuffers: 10 kB\nCached: 200 kB\nSReclaimable: 50 kB\nShmem: 5 kB\nDirty: 1 kB\nSwapTotal: 100 kB\nSwapFree: 40 kB\nHugePages_Total: 0\n")
	h.write("proc/loadavg", "0.50 1.25 2.00 1/234 5678\n")
	h.want(h.collect(0), map[string]float64{
		"memory.total": 1024000, "memory.used": 409600, "memory.available": 614400, "memory.free": 102400, "memory.cached": 256000,
		"memory.buffers": 10240, "memory.shared": 5120, "memory.dirty": 1024, "memory.swap_total": 102400, "memory.swap_used": 61440,
		"load.1m": 0.5, "load.5m": 1.25, "load.15m": 2,
	})
}

func TestWholeDisksShowWhatTheyDo(t *testing.T) {
	h := newHost(t)
	h.write("sys/block/sda/dev", "8:0")
	const form = " 8 0 sda %d 0 %d 5 %d 0 %d 7 0 %d 9\n 8 1 sda1 1 0 1 1 1 0 1 1 0 1 1\n 7 0 loop0 1 0 1 1 1 0 1 1 0 1 1\n"
	h.write("proc/diskstats", fmt.Sprintf(form, 10, 100, 20, 200, 1000))
	h.want(h.collect(0), map[string]float64{})
	h.write("proc/diskstats", fmt.Sprintf(form, 14, 108, 22, 216, 1500))
	h.want(h.collect(2), map[string]float64{
		"disk.sda.reads": 2, "disk.sda.read_bytes": 2048, "disk.sda.writes": 1, "disk.sda.write_bytes": 4096, "disk.sda.util": 25,
	})
}

const netHead = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"

func TestInterfacesShowTheirTraffic(t *testing.T) {
	h := newHost(t)
	line := func(rx int) string {
		return netHead + fmt.Sprintf("  eth0:%d 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\nveth1: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", rx)
	}
	series := func(rx float64) map[string]float64 {
		want := map[string]float64{"network.eth0.rx_bytes": rx}
		for _, s := range []string{"rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets", "tx_errors", "tx_dropped"} {
			want["network.eth0."+s] = 0
		}
		return want
	}
	h.write("proc/net/dev", line(100))
	h.want(h.collect(0), map[string]float64{})
	h.write("proc/net/dev", line(400))
	h.want(h.collect(1), series(300))
	h.write("proc/net/dev", netHead) // the interface is away for a while
	h.want(h.collect(1), map[string]float64{})
	h.write("proc/net/dev", line(90_000))
	h.want(h.collect(1), map[string]float64{})
	h.write("proc/net/dev", line(90_010))
	h.want(h.collect(1), series(10))
	h.write("proc/net/dev", line(5)) // the counter began anew
	got := h.collect(1)
	if _, ok := got["network.eth0.rx_bytes"]; ok || len(got) != 7 {
		t.Errorf("after a counter went backwards: %v", got)
	}
}

func TestFileSystemsAreMeasuredOnce(t *testing.T) {
	h := newHost(t)
	h.write("proc/self/mounts", "proc /proc proc rw 0 0\n/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /var/log xfs rw 0 0\n/dev/sdb1 /mnt xfs rw 0 0\nnas:/x /nas nfs rw 0 0\n")
	want := map[string]float64{
		"filesystem.var-log.used": 600, "filesystem.var-log.available": 300, "filesystem.var-log.total": 1000,
		"filesystem.var-log.used_percent": 100 * 600. / 900, "filesystem.var-log.files_percent": 10,
	}
	h.want(h.collect(0), want)
	h.want(h.collect(1), want)
	if got := unescape(`/a\040b\x`); got != `/a b\x` {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsMissingIsSaidOnce(t *testing.T) {
	h := newHost(t)
	h.write("proc/loadavg", "0.1 0.2 0.3")
	for range 3 {
		h.collect(1)
	}
	if got := strings.Join(h.missing, " "); got != "/proc/stat /proc/meminfo /proc/diskstats /proc/net/dev /proc/self/mounts" {
		t.Errorf("said: %s", got)
	}
}

func TestFilesThatMakeNoSenseGiveNothing(t *testing.T) {
	h := newHost(t)
	for _, text := range []string{"", "\n\n", "cpu\ncpux 1\ncpu999999 1 2 3 4\n", "x: y\n", strings.Repeat("9", 100_000), " 8 0\n", "MemTotal: x\n", "eth0:\n"} {
		for _, f := range []string{"proc/stat", "proc/meminfo", "proc/loadavg", "proc/diskstats", "proc/net/dev", "proc/self/mounts"} {
			h.write(f, text)
		}
		if got := h.collect(1); len(got) > 3 {
			t.Errorf("%.20q gave %v", text, got)
		}
	}
}

func TestAReadingAllocatesNothing(t *testing.T) {
	c := New(Options{Host: "h", Clock: clock.Real{}, Telemetry: new(telemetry.Set)})
	t.Cleanup(c.close)
	now := time.Now()
	for range 2 {
		c.collect(now)
	}
	c.samples = append(c.samples, make([]metric.Sample, 1000)...)
	n := testing.AllocsPerRun(20, func() {
		now = now.Add(time.Second)
		c.collect(now)
	})
	if len(c.samples) == 0 {
		t.Skip("skipped 1 test: this system offers no vitals")
	}
	if n > 8 { // the system's answers about file systems take their paths as new bytes
		t.Errorf("%v allocations a reading", n)
	}
}

type sinkFunc func([]metric.Sample) error

func (f sinkFunc) Samples(_ context.Context, s []metric.Sample) error { return f(s) }

func TestRunReadsEachSecondUntilItsContextEnds(t *testing.T) {
	h := newHost(t)
	h.write("proc/loadavg", "0.1 0.2 0.3")
	manual := clock.NewManual(h.now)
	got, done := make(chan int64), make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	h.c.options.Clock = manual
	h.c.options.Sink = sinkFunc(func(s []metric.Sample) error { got <- s[0].Time; return nil })
	go func() { done <- h.c.Run(ctx) }()
	for i := range 3 {
		if ms := <-got; ms != h.now.UnixMilli()+int64(i)*1000 {
			t.Errorf("reading %d is of %d", i, ms)
		}
		manual.Advance(time.Second)
	}
	go func() { // Run may be in its sink
		for range got {
		}
	}()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	close(got)
}

func BenchmarkCollect(b *testing.B) {
	c := New(Options{Host: "h", Clock: clock.Real{}, Telemetry: new(telemetry.Set)})
	defer c.close()
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		c.collect(now)
	}
}
