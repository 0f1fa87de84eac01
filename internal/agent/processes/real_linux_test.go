package processes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"patou/internal/clock"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// keep keeps the values of the last sweep.
type keep map[string]float64

func (k keep) Samples(_ context.Context, samples []metric.Sample) error {
	clear(k)
	for _, s := range samples {
		k[s.Name] = s.Value
	}
	return nil
}

// this is a collector of the machine that the test runs on.
func this(t testing.TB) (*Collector, keep) {
	values := keep{}
	c := New(Options{Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Sink: values})
	t.Cleanup(c.close)
	return c, values
}

// named copies a shell under a name of its own, so that its group is new.
func named(t testing.TB, name string) string {
	t.Helper()
	shell, err := exec.LookPath("dash")
	if err != nil {
		t.Skip("there is no dash to run under another name")
	}
	text, err := os.ReadFile(shell)
	path := filepath.Join(t.TempDir(), name)
	if err != nil || os.WriteFile(path, text, 0o755) != nil {
		t.Fatalf("copying %s: %v", shell, err)
	}
	return path
}

func TestTheTimeOfUnseenChildrenIsInTheNextSweep(t *testing.T) {
	c, values := this(t)
	cmd := exec.Command(named(t, "patoutest"), "-c", `read x; (i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done); echo done; read x`)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	c.step(t.Context()) // the shell is there from the first sweep on
	if g := c.GroupOf(cmd.Process.Pid); g != "patoutest" {
		t.Skipf("this test runs in %s, whose other processes count too", g)
	}
	_, _ = in.Write([]byte("\n"))
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	c.step(t.Context())
	got := values["process.patoutest.cpu"] / 100 * c.elapsed
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	s, ok := parseStat(text)
	if err != nil || !ok {
		t.Fatal(err)
	}
	want := float64(s.own+s.waited) / ticksPerSecond
	if want < 0.05 || got < want-0.06 || got > want+0.06 {
		t.Errorf("%.2f s counted, the kernel says %.2f", got, want)
	}
}

func TestMemoryAndFilesOfThisProcessAreWhatTheKernelSays(t *testing.T) {
	c, _ := this(t)
	c.step(t.Context())
	p := c.processes[os.Getpid()]
	status, err := os.ReadFile("/proc/self/status")
	if err != nil || p == nil {
		t.Fatal(err)
	}
	var kib int64
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ = strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	got := p.pages * int64(os.Getpagesize())
	if got < kib*1024*8/10 || got > kib*1024*12/10 {
		t.Errorf("%d bytes resident, status says %d KiB", got, kib)
	}
	if n := c.GroupOf(os.Getpid()); n == "" || p.shared == 0 || p.files < 3 || !p.known {
		t.Errorf("this process: group %q, %+v", n, p.detail)
	}
}

// crowd starts n processes that do nothing, and ends them with the test.
func crowd(t testing.TB, n int) {
	t.Helper()
	for range n {
		cmd := exec.Command("sleep", "300")
		if err := cmd.Start(); err != nil {
			t.Skipf("starting processes: %v", err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
}

func cpuTime(t testing.TB) time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkSweep tells what a sweep costs in the time of a processor, which
// other work on the machine does not change.
func BenchmarkSweep(b *testing.B) {
	for _, n := range []int{0, 2000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			crowd(b, n)
			c, _ := this(b)
			c.step(b.Context())
			b.ReportAllocs()
			began := cpuTime(b)
			for b.Loop() {
				c.step(b.Context())
			}
			each := float64(cpuTime(b)-began) / float64(b.N)
			b.ReportMetric(each/1e6, "cpu-ms/sweep")
			b.ReportMetric(each/1e3/float64(len(c.live)), "µs/process")
			b.ReportMetric(100*each/float64(Interval), "%core")
		})
	}
}
