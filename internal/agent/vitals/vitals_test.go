package vitals

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

func TestProcessorsShowSharesOfTheirTime(t *testing.T) {
	m := newMachine(t)
	m.write("proc/stat", "cpu  100 0 50 800 40 0 0 10 20 0\ncpu0 100 0 50 800 40 0 0 10 20 0\nintr 1 2 3\nctxt 100\nprocesses 7\nprocs_running 3\nprocs_blocked 1\n")
	m.want(m.read(0), map[string]float64{"processes.running": 3, "processes.blocked": 1})
	m.write("proc/stat", "cpu  150 0 60 820 50 0 0 10 30 0\ncpu0 140 0 50 840 40 0 0 10 20 0\nintr 1 2 3\nctxt 300\nprocesses 8\nprocs_running 2\nprocs_blocked 0\n")
	m.want(m.read(2*time.Second), map[string]float64{
		"cpu.user": 50, "cpu.nice": 0, "cpu.system": 12.5, "cpu.idle": 25, "cpu.iowait": 12.5, "cpu.irq": 0, "cpu.softirq": 0, "cpu.steal": 0,
		"cpu.core0.user": 50, "cpu.core0.nice": 0, "cpu.core0.system": 0, "cpu.core0.idle": 50, "cpu.core0.iowait": 0,
		"cpu.core0.irq": 0, "cpu.core0.softirq": 0, "cpu.core0.steal": 0,
		"cpu.busy": 62.5, "cpu.core0.busy": 50, "processes.context_switches": 100, "processes.forks": 0.5,
		"processes.running": 2, "processes.blocked": 0, "saturation.cpu": 62.5,
	})
}

func TestPressureIsTheShareOfTheTimeBetweenTwoReadings(t *testing.T) {
	m := newMachine(t)
	const form = "some avg10=0.00 avg60=0.00 avg300=0.00 total=%d\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=%d\n"
	m.write("proc/pressure/io", fmt.Sprintf(form, 1_000_000, 5))
	m.want(m.read(0), map[string]float64{})
	m.write("proc/pressure/io", fmt.Sprintf(form, 1_500_000, 250_005))
	m.want(m.read(2*time.Second), map[string]float64{"pressure.io.some": 25, "pressure.io.full": 12.5, "saturation.io": 25})
	m.write("proc/pressure/io", fmt.Sprintf(form, 2_510_000, 250_005)) // clocks differ by a little
	m.want(m.read(time.Second), map[string]float64{"pressure.io.some": 100, "pressure.io.full": 0, "saturation.io": 100})
}

func TestWholeDisksShowWhatTheyDo(t *testing.T) {
	m := newMachine(t)
	m.write("sys/block/sda/dev", "8:0")
	m.write("sys/block/cciss!c0d0/dev", "8:1")
	const form = " 8 0 sda %d 0 %d 5 %d 0 %d 7 0 %d 9\n 8 1 sda1 1 0 1 1 1 0 1 1 0 1 1\n 7 0 loop0 1 0 1 1 1 0 1 1 0 1 1\n"
	m.write("proc/diskstats", fmt.Sprintf(form, 10, 100, 20, 200, 1000))
	m.want(m.read(0), map[string]float64{})
	m.write("proc/diskstats", fmt.Sprintf(form, 14, 108, 20, 216, 1500))
	m.want(m.read(2*time.Second), map[string]float64{
		"disk.sda.reads": 2, "disk.sda.read_bytes": 2048, "disk.sda.writes": 0, "disk.sda.write_bytes": 4096, "disk.sda.util": 25,
		"disk.sda.read_ms": 0, "disk.sda.queue": 0, // no write, so no time of one
		"saturation.io": 25,
	})
	if r := m.reports[len(m.reports)-1].Full[0]; r != (host.Resource{Name: "io", Percent: 25, Of: "sda"}) {
		t.Errorf("reported %+v", r)
	}
	m.write("proc/diskstats", " 9 0 cciss/c0d0 1 0 1 1 1 0 1 1 0 1 1\n")
	m.read(time.Second)
	m.write("proc/diskstats", " 9 0 cciss/c0d0 3 0 1 1 1 0 1 1 0 1 1\n")
	if got := m.read(time.Second); got["disk.cciss_c0d0.reads"] != 2 {
		t.Errorf("got %v", got)
	}
}

const netHead = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"

func TestADeviceThatComesAndGoesGivesNoWrongNumber(t *testing.T) {
	m := newMachine(t)
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
	step := func(text string, want map[string]float64) {
		t.Helper()
		m.write("proc/net/dev", text)
		m.want(m.read(time.Second), want)
	}
	step(line(100), map[string]float64{})
	step(line(400), series(300))
	step(netHead, map[string]float64{}) // away for a while
	step(line(90_000), map[string]float64{})
	step(line(90_010), series(10))
	without := series(0)
	delete(without, "network.eth0.rx_bytes")
	step(line(5), without) // the counter began anew
	step(line(1<<62), series(1<<62-5))
}

func TestALinksSpeedSaysHowFullItIs(t *testing.T) {
	m := newMachine(t)
	line := func(n int) string {
		text := netHead
		for _, name := range []string{"eth0", "tun0", "eth1", "eth2"} {
			text += fmt.Sprintf("%s: %d 0 0 0 0 0 0 0 %d 0 0 0 0 0 0 0\n", name, n, n/2)
		}
		return text
	}
	m.write("sys/class/net/eth0/device/vendor", "x")
	m.write("sys/class/net/eth0/speed", "1000\n")
	m.write("sys/class/net/tun0/speed", "10\n") // a driver's invention
	m.write("sys/class/net/eth1/device/vendor", "x")
	m.write("sys/class/net/eth1/speed", "-1\n")
	m.write("proc/net/dev", line(0))
	m.read(0)
	m.write("proc/net/dev", line(25_000_000))
	if got := m.read(time.Second); got["saturation.network"] != 20 {
		t.Errorf("full by %v percent", got["saturation.network"])
	}
	if r := m.reports[0].Full[0]; r != (host.Resource{Name: "network", Percent: 20, Of: "eth0"}) {
		t.Errorf("reported %+v", r)
	}
	m.write("sys/class/net/eth0/speed", "100\n") // another cable
	for i := range askSpeed + 1 {
		m.write("proc/net/dev", line(25_000_000+i*5_000_000))
		m.read(time.Second)
	}
	m.write("proc/net/dev", line(1_000_000_000))
	if got := m.read(time.Minute); got["saturation.network"] != 90 {
		t.Errorf("full by %v percent", got["saturation.network"])
	}
}

func TestSeriesOfDevicesAreBounded(t *testing.T) {
	m := newMachine(t)
	names := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " 8 0 sd%d 1 0 1 1 1 0 1 1 0 1 1\n", from+i)
		}
		return b.String()
	}
	series := func() int {
		m.read(time.Second)
		return len(m.read(time.Second)) - 1 // and saturation.io
	}
	m.write("proc/diskstats", names(0, 5000))
	if n := series(); n != 6*maxDevices {
		t.Errorf("%d series", n)
	}
	if n := strings.Count(strings.Join(m.missing, " "), "disks"); n != 1 {
		t.Errorf("said %d times that there are too many: %v", n, m.missing)
	}
	m.write("proc/diskstats", names(9000, 10))
	for range forgetAfter + 2 {
		m.read(time.Second)
	}
	if n := series(); n != 60 {
		t.Errorf("%d series after other disks came", n)
	}
}

func TestWhatIsMissingIsSaidOnceAndTakenUpWhenItComes(t *testing.T) {
	m := newMachine(t)
	m.write("proc/loadavg", "0.1 0.2 0.3")
	for range 100 {
		m.read(time.Second)
	}
	if len(m.missing) != len(m.c.readers)-1 || slices.Contains(m.missing, m.root+"/proc/loadavg") {
		t.Errorf("said: %v", m.missing)
	}
	m.write("proc/sys/net/netfilter/nf_conntrack_count", "17\n")
	for range maxWait + 1 {
		m.read(time.Second)
	}
	if got := m.read(time.Second); got["conntrack.used"] != 17 {
		t.Errorf("got %v", got)
	}
}

func TestAHostSeenFromAContainerIsReadByItsFirstProcess(t *testing.T) {
	m := newMachine(t)
	own := netHead + "  eth0: 1 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n"
	m.write("proc/net/dev", own)
	m.write("proc/1/net/dev", strings.ReplaceAll(own, "eth0", "hosts0"))
	m.read(0)
	if got := m.read(time.Second); len(got) != 8 || got["network.hosts0.rx_bytes"] != 0 {
		t.Errorf("got %v", got)
	}
}

func TestFilesThatMakeNoSenseGiveNothing(t *testing.T) {
	m, paths := newMachine(t), example(t)
	for _, text := range []string{"", "\n\n", "cpu\ncpux 1\ncpu999999 1 2 3 4\n", "x: y\n", strings.Repeat("9", 100_000), " 8 0\n", "MemTotal: x\n", "eth0:\n", "Tcp:\nTcp:\n", "nan inf -1"} {
		for path := range paths {
			m.write(path, text)
		}
		if got := m.read(time.Second); len(got) > 1 { // a number alone is a load
			t.Errorf("%.20q gave %v", text, got)
		}
	}
}

func TestAReadingAllocatesNothing(t *testing.T) {
	root, reports := t.TempDir(), 0
	if err := os.CopyFS(root, os.DirFS("testdata/host")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(root+"/var/log", 0o755); err != nil {
		t.Fatal(err)
	}
	manual := clock.NewManual(time.Unix(1_700_000_000, 0))
	c := New(Options{Root: root, Clock: manual, Telemetry: new(telemetry.Set), Report: func(r host.Report) { reports += len(r.FileSystems) }})
	t.Cleanup(c.Close)
	var samples []metric.Sample
	n := testing.AllocsPerRun(100, func() {
		manual.Advance(time.Second)
		samples = c.Read()
	})
	if n != 0 {
		t.Errorf("%v allocations a reading", n)
	}
	if len(samples) < 110 || reports < 4 {
		t.Errorf("%d samples, %d file systems reported", len(samples), reports)
	}
}

type sinkFunc func([]metric.Sample) error

func (f sinkFunc) Samples(_ context.Context, s []metric.Sample) error { return f(s) }

func TestRunReadsEachSecondUntilItsContextEnds(t *testing.T) {
	m := newMachine(t)
	m.write("proc/loadavg", "0.1 0.2 0.3")
	got, done := make(chan int64), make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	start := m.clock.Now().UnixMilli()
	m.c.options.Sink = sinkFunc(func(s []metric.Sample) error { got <- s[0].Time; return nil })
	go func() { done <- m.c.Run(ctx) }()
	for i := range 3 {
		if ms := <-got; ms != start+int64(i)*1000 {
			t.Errorf("reading %d is of %d", i, ms)
		}
		m.clock.Advance(time.Second)
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
