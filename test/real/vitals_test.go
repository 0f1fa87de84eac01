//go:build real

package real

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"patou/internal/agent/vitals"
	"patou/internal/clock"
	"patou/internal/telemetry"
	"patou/test/apptest"
)

// between stands for the time between two readings: so long that no
// share reaches 100, as the collector would cut it off there.
const between = 1000 * time.Second

// counted pairs a rate with the counters behind it: those of Debian's exporter,
// and those of the kernel's files. Several are added up.
type counted struct {
	series   string
	exporter []string
	kernel   []string
	// scale is from the kernel's unit to the series', unit to the exporter's.
	scale, unit float64
}

func oneToOne(series, exporter, kernel string) counted {
	return counted{series, strings.Split(exporter, "+"), strings.Split(kernel, "+"), 1, 1}
}

func scaled(scale, unit float64, c counted) counted {
	c.scale, c.unit = scale, unit
	return c
}

func countedOfHost(disk string) []counted {
	page := float64(os.Getpagesize())
	rows := []counted{
		oneToOne("processes.context_switches", "node_context_switches_total", "stat ctxt 1"),
		oneToOne("processes.forks", "node_forks_total", "stat processes 1"),
		oneToOne("vm.page_faults", "node_vmstat_pgfault", "vmstat pgfault 1"),
		oneToOne("vm.major_faults", "node_vmstat_pgmajfault", "vmstat pgmajfault 1"),
		oneToOne("vm.oom_kills", "node_vmstat_oom_kill", "vmstat oom_kill 1"),
		scaled(page, page, oneToOne("vm.swap_in", "node_vmstat_pswpin", "vmstat pswpin 1")),
		scaled(page, page, oneToOne("vm.swap_out", "node_vmstat_pswpout", "vmstat pswpout 1")),
		oneToOne("udp.received", "node_netstat_Udp_InDatagrams+node_netstat_Udp6_InDatagrams", "net/snmp Udp InDatagrams+net/snmp6 Udp6InDatagrams 1"),
		oneToOne("udp.sent", "node_netstat_Udp_OutDatagrams+node_netstat_Udp6_OutDatagrams", "net/snmp Udp OutDatagrams+net/snmp6 Udp6OutDatagrams 1"),
		oneToOne("udp.no_port", "node_netstat_Udp_NoPorts+node_netstat_Udp6_NoPorts", "net/snmp Udp NoPorts+net/snmp6 Udp6NoPorts 1"),
		oneToOne("udp.receive_errors", "node_netstat_Udp_InErrors+node_netstat_Udp6_InErrors", "net/snmp Udp InErrors+net/snmp6 Udp6InErrors 1"),
		oneToOne("tcp.listen_overflows", "node_netstat_TcpExt_ListenOverflows", "net/netstat TcpExt ListenOverflows"),
		oneToOne("tcp.timeouts", "node_netstat_TcpExt_TCPTimeouts", "net/netstat TcpExt TCPTimeouts"),
		oneToOne("tcp.syn_cookies", "node_netstat_TcpExt_SyncookiesSent", "net/netstat TcpExt SyncookiesSent"),
		oneToOne("tcp.listen_drops", "node_netstat_TcpExt_ListenDrops", "net/netstat TcpExt ListenDrops"),
	}
	for series, name := range map[string]string{
		"segments_in": "InSegs", "segments_out": "OutSegs", "retransmits": "RetransSegs", "opened": "ActiveOpens",
		"accepted": "PassiveOpens", "failed": "AttemptFails", "resets": "EstabResets", "receive_errors": "InErrs", "resets_sent": "OutRsts",
	} {
		rows = append(rows, oneToOne("tcp."+series, "node_netstat_Tcp_"+name, "net/snmp Tcp "+name))
	}
	for i, name := range []string{"bytes", "packets", "errs", "drop"} {
		series := []string{"bytes", "packets", "errors", "dropped"}[i]
		rows = append(rows,
			oneToOne("network.lo.rx_"+series, "node_network_receive_"+name+`_total{device="lo"}`, fmt.Sprintf("net/dev lo %d", 1+i)),
			oneToOne("network.lo.tx_"+series, "node_network_transmit_"+name+`_total{device="lo"}`, fmt.Sprintf("net/dev lo %d", 9+i)))
	}
	of := func(series, name string, column int, scale, unit float64) {
		row := oneToOne("disk."+disk+"."+series, fmt.Sprintf(`node_disk_%s{device="%s"}`, name, disk), fmt.Sprintf("diskstats %s %d", disk, column))
		rows = append(rows, scaled(scale, unit, row))
	}
	of("reads", "reads_completed_total", 1, 1, 1)
	of("read_bytes", "read_bytes_total", 3, 512, 1)
	of("writes", "writes_completed_total", 5, 1, 1)
	of("write_bytes", "written_bytes_total", 7, 512, 1)
	of("util", "io_time_seconds_total", 10, 0.1, 100)
	of("queue", "io_time_weighted_seconds_total", 11, 0.001, 1)
	for kind, names := range map[string][2]string{"cpu some": {"cpu", "waiting"}, "io some": {"io", "waiting"}, "io full": {"io", "stalled"},
		"memory some": {"memory", "waiting"}, "memory full": {"memory", "stalled"}} {
		file, part, _ := strings.Cut(kind, " ")
		rows = append(rows, scaled(1e-4, 100, oneToOne("pressure."+file+"."+part,
			"node_pressure_"+names[0]+"_"+names[1]+"_seconds_total", "pressure/"+file+" "+part+" total")))
	}
	return rows
}

// TestReadingsAreBetweenTheExportersBeforeAndAfter reads counters in this order:
// exporter and kernel, ours, exporter and kernel, a few seconds of work, and the
// same again. What ours rose by is at least what the inner readings of the
// others rose by, and at most what the outer ones did: nothing is tolerated
// but the rounding of a float.
func TestReadingsAreBetweenTheExportersBeforeAndAfter(t *testing.T) {
	e := startExporter(t)
	manual := clock.NewManual(time.Now())
	c := vitals.New(vitals.Options{Clock: manual, Telemetry: new(telemetry.Set)})
	defer c.Close()
	ours := func() map[string]float64 {
		out := map[string]float64{}
		for _, s := range c.Read() {
			out[s.Name] = s.Value
		}
		return out
	}
	e.read(t) // what the reading itself begins, it has begun
	outer := e.read(t)
	ours()
	inner := e.read(t)
	work(t, 3*time.Second)
	manual.Advance(between)
	innerEnd := e.read(t)
	got := ours()
	outerEnd := e.read(t)
	compared := 0
	for _, row := range countedOfHost(wholeDisk(t)) {
		value, ok := got[row.series]
		if !ok {
			t.Errorf("%s has no value", row.series)
			continue
		}
		compared++
		within(t, row.series+", the exporter's", value*between.Seconds(), row.unit, row.exporter, inner, innerEnd, outer, outerEnd)
		within(t, row.series+", the kernel's", value*between.Seconds(), row.scale, row.kernel, inner, innerEnd, outer, outerEnd)
	}
	t.Logf("%d rates compared", compared)
	gauges(t, got, innerEnd, outerEnd)
	processorsAgree(t, got, inner, innerEnd)
}

type numbers map[string]float64

// within compares a rise, in units of the series, with those of the counters.
func within(t *testing.T, what string, rose, unit float64, keys []string, inner, innerEnd, outer, outerEnd numbers) {
	t.Helper()
	least, most := 0., 0.
	for _, key := range keys {
		if _, ok := outerEnd[key]; !ok {
			t.Errorf("%s: %q is not there", what, key)
		}
		least += unit * (innerEnd[key] - inner[key])
		most += unit * (outerEnd[key] - outer[key])
	}
	slack := 1e-6 * max(1, math.Abs(most))
	if rose < least-slack || rose > most+slack {
		t.Errorf("%s: rose by %v, which is not between %v and %v", what, rose, least, most)
	}
}

// gauges are compared with the readings just before and after. Other programs
// take and give memory in between: one percent of it is tolerated, and of the
// disk 64 MiB and a thousand files.
func gauges(t *testing.T, got, before, after numbers) {
	t.Helper()
	const mebi = 1 << 20
	near := func(series string, tolerance float64, keys ...string) {
		t.Helper()
		low, high := 0., 0.
		for _, key := range keys {
			a, ok := before[key]
			if b := after[key]; ok {
				low, high = low+min(a, b), high+max(a, b)
				continue
			}
			t.Errorf("%s: %q is not there", series, key)
		}
		if v, ok := got[series]; !ok || v < low-tolerance || v > high+tolerance {
			t.Errorf("%s is %v (there: %v), not within %v of %v to %v", series, v, ok, tolerance, low, high)
		}
	}
	some := got["memory.total"] / 100
	near("memory.total", 0, "node_memory_MemTotal_bytes")
	near("memory.available", some, "node_memory_MemAvailable_bytes")
	near("memory.free", some, "node_memory_MemFree_bytes")
	near("memory.cached", some, "node_memory_Cached_bytes", "node_memory_SReclaimable_bytes")
	near("memory.buffers", some, "node_memory_Buffers_bytes")
	near("memory.slab", some, "node_memory_Slab_bytes")
	near("memory.swap_total", 0, "node_memory_SwapTotal_bytes")
	for series, name := range map[string]string{"1m": "load1", "5m": "load5", "15m": "load15"} {
		near("load."+series, 0.011, "node_"+name)
	}
	near("files.open", 200, "node_filefd_allocated")
	near("files.max", 0, "node_filefd_maximum")
	near("tcp.established", 10, "node_netstat_Tcp_CurrEstab")
	near("tcp.time_wait", 50, "node_sockstat_TCP_tw")
	near("sockets.tcp", 10, "node_sockstat_TCP_inuse", "node_sockstat_TCP6_inuse")
	near("sockets.used", 50, "node_sockstat_sockets_used")
	of := func(name string) string { return rootMetric(t, after, "node_filesystem_"+name) }
	near("filesystem.root.total", 0, of("size_bytes"))
	near("filesystem.root.available", 64*mebi, of("avail_bytes"))
	near("filesystem.root.read_only", 0, of("readonly"))
	used := 100 * (after[of("files")] - after[of("files_free")]) / after[of("files")]
	if v := got["filesystem.root.files_percent"]; math.Abs(v-used) > 100*1000/after[of("files")] {
		t.Errorf("files_percent is %v, the exporter's %v", v, used)
	}
}

// rootMetric is the full name of a metric of the file system at /.
func rootMetric(t *testing.T, all numbers, name string) string {
	t.Helper()
	for key := range all {
		if strings.HasPrefix(key, name+"{") && strings.Contains(key, `mountpoint="/"`) {
			return key
		}
	}
	t.Fatalf("no %s of /", name)
	return ""
}

// processorsAgree compares shares of time. The windows differ by the time of two
// scrapes at most, some 100 ms of 3 s: 5 points are tolerated.
func processorsAgree(t *testing.T, got, before, after numbers) {
	t.Helper()
	rose, sum := map[string]float64{}, 0.
	for key, v := range after {
		if labels, ok := strings.CutPrefix(key, "node_cpu_seconds_total{"); ok {
			_, mode, _ := strings.Cut(labels, `mode="`)
			mode, _, _ = strings.Cut(mode, `"`)
			rose[mode] += v - before[key]
			sum += v - before[key]
		}
	}
	for _, mode := range []string{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"} {
		if want := 100 * rose[mode] / sum; math.Abs(got["cpu."+mode]-want) > 5 {
			t.Errorf("cpu.%s is %v percent, the exporter's %v", mode, got["cpu."+mode], want)
		}
	}
}

// exporter is Debian's prometheus-node-exporter, on loopback.
type exporter struct{ url string }

func startExporter(t *testing.T) *exporter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	program(t, "prometheus-node-exporter", "--web.listen-address="+address, "--log.level=error", "--no-collector.systemd",
		"--collector.netdev.device-exclude=^$", "--collector.netstat.fields=.*")
	e := &exporter{"http://" + address + "/metrics"}
	apptest.Eventually(t, "the exporter answers", func() bool {
		resp, err := http.Get(e.url)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	return e
}

// read reads the exporter's metrics by their full names, and the kernel's own
// numbers as "file key column".
func (e *exporter) read(t *testing.T) numbers {
	t.Helper()
	resp, err := http.Get(e.url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out := numbers{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 && lines.Text()[0] != '#' {
			out[lines.Text()[:i]], _ = strconv.ParseFloat(lines.Text()[i+1:], 64)
		}
	}
	for _, name := range []string{"stat", "vmstat", "diskstats", "net/dev", "net/snmp", "net/snmp6", "net/netstat", "pressure/cpu", "pressure/io", "pressure/memory"} {
		text, err := os.ReadFile(filepath.Join("/proc", name))
		if err != nil {
			t.Fatal(err)
		}
		out.kernel(name, strings.Split(string(text), "\n"))
	}
	return out
}

func (n numbers) kernel(file string, lines []string) {
	for i, line := range lines {
		f := strings.Fields(strings.ReplaceAll(line, ":", " "))
		switch {
		case len(f) < 2:
			continue
		case file == "diskstats":
			f = f[2:]
		case i%2 == 1 && (file == "net/snmp" || file == "net/netstat"):
			for j, name := range strings.Fields(lines[i-1]) {
				n.set(file+" "+f[0]+" "+name, f[j])
			}
		}
		for j, word := range f[1:] {
			if key, v, ok := strings.Cut(word, "="); ok {
				n.set(file+" "+f[0]+" "+key, v)
			}
			n.set(file+" "+f[0]+" "+strconv.Itoa(j+1), word)
		}
	}
}

func (n numbers) set(key, text string) {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		n[key] = v
	}
}

// wholeDisk is the first disk of this host that is one.
func wholeDisk(t *testing.T) string {
	t.Helper()
	disks, err := filepath.Glob("/sys/block/*/device")
	if err != nil || len(disks) == 0 {
		t.Fatalf("this host has no disk: %v", err)
	}
	slices.Sort(disks)
	return filepath.Base(filepath.Dir(disks[0]))
}

// work keeps the processors, the disk and the network of this host busy.
func work(t *testing.T, d time.Duration) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	data := make([]byte, 1<<20)
	for round, until := 0, time.Now().Add(d); time.Now().Before(until); round++ {
		file := write(t, t.TempDir(), "data", string(data))
		if f, err := os.OpenFile(file, os.O_RDWR, 0); err == nil {
			_ = f.Sync()
			_ = f.Close()
		}
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			_, _ = c.Write(data)
			_ = c.Close()
		}
		if c, err := net.Dial("udp", "127.0.0.1:9"); err == nil { // where nobody listens
			_, _ = c.Write(data[:100])
			_ = c.Close()
		}
		for i := range data {
			data[i] += byte(round)
		}
	}
}
