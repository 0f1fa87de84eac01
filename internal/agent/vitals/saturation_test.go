package vitals

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// waits makes a host wait for its disk, so many percent of each second.
type waits struct {
	m     *machine
	total int
}

// second is one more second, and what a report says of it.
func (w *waits) second(percent int) float64 {
	w.total += percent * 10_000
	w.m.write("proc/pressure/io", fmt.Sprintf("some avg10=0.00 avg60=0.00 avg300=0.00 total=%d\n", w.total))
	got := w.m.read(time.Second)
	if v, ok := got["saturation.io"]; ok && v != float64(percent) {
		w.m.t.Errorf("the series says %v of %d", v, percent)
	}
	if len(w.m.reports) == 0 {
		return -1
	}
	return w.m.reports[len(w.m.reports)-1].Full[0].Percent
}

func TestAReportFollowsOverTenSeconds(t *testing.T) {
	w := &waits{m: newMachine(t)}
	w.second(0)
	w.second(0)
	if v := w.second(100); v > 10 {
		t.Errorf("after a second of waiting it says %v", v)
	}
	for range 9 {
		w.second(100)
	}
	if v := w.second(100); v < 60 || v > 70 {
		t.Errorf("after about ten it says %v", v)
	}
	for range 40 {
		w.second(100)
	}
	if v := w.second(100); v < 98 {
		t.Errorf("after a minute it says %v", v)
	}
}

func TestSlowerReadingsCountForMore(t *testing.T) {
	w := &waits{m: newMachine(t)}
	w.second(0)
	w.second(0)
	w.total += 10 * 100 * 10_000
	w.m.write("proc/pressure/io", fmt.Sprintf("some total=%d\n", w.total))
	w.m.read(10 * time.Second)
	if v := w.m.reports[len(w.m.reports)-1].Full[0].Percent; math.Abs(v-100*(1-1/math.E)) > 0.01 {
		t.Errorf("after ten seconds in one it says %v", v)
	}
}

func TestMemoryOfOldKernels(t *testing.T) {
	m := newMachine(t)
	m.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 200 kB\n")
	got := m.read(0)
	if got["memory.available"] != 310*1024 || got["memory.used_percent"] != 69 || got["saturation.memory"] != 69 {
		t.Errorf("got %v", got)
	}
}

func TestColumnsOfAnotherKernelAreFoundByTheirNames(t *testing.T) {
	m, text := newMachine(t), "TcpExt: A ListenDrops B\nTcpExt: 1 10 2\n"
	m.write("proc/net/netstat", text)
	m.read(0)
	m.write("proc/net/netstat", "TcpExt: A B ListenDrops ListenOverflows\nTcpExt: 1 2 17 5\nMPTcpExt: ListenDrops\nMPTcpExt: 5\n")
	m.want(m.read(time.Second), map[string]float64{"tcp.listen_drops": 7})
	m.write("proc/net/netstat", strings.Replace(text, "10", "-1", 1))
	m.want(m.read(time.Second), map[string]float64{})
}

func TestAProcessorThatGoesAndComesGivesNoWrongSum(t *testing.T) {
	m := newMachine(t)
	const both = "00000001 00000005 00000002\n00000001 00000006 00000001\n"
	m.write("proc/net/softnet_stat", both)
	m.read(0)
	m.write("proc/net/softnet_stat", "00000001 00000005 00000002\n") // one was switched off
	m.want(m.read(time.Second), map[string]float64{})
	m.write("proc/net/softnet_stat", both)
	m.want(m.read(time.Second), map[string]float64{})
	m.write("proc/net/softnet_stat", strings.Replace(both, "00000006", "0000000a", 1))
	m.want(m.read(time.Second), map[string]float64{"softnet.dropped": 4, "softnet.squeezed": 0})
}
