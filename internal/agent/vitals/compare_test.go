package vitals

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"patou/test/shared"
)

// later lets time pass in a host's files: each counter rises by a little, and
// one of thirty begins anew.
func later(random *rand.Rand, texts map[string]string) map[string]string {
	number := regexp.MustCompile(`(^|[\s=:])\d+(?:$|\b)`)
	out := maps.Clone(texts)
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		if !strings.HasPrefix(path, "proc/") || strings.Contains(path, "mountinfo") || strings.Contains(path, "loadavg") {
			continue
		}
		width := "%d"
		if strings.HasSuffix(path, "softnet_stat") {
			width = "%08d" // of digits alone, which are hexadecimal, too
		}
		out[path] = number.ReplaceAllStringFunc(texts[path], func(s string) string {
			digits := strings.TrimLeft(s, " \t\n=:")
			v, err := strconv.ParseUint(digits, 10, 63)
			if err != nil {
				return s
			}
			if v += random.Uint64N(300); random.IntN(30) == 0 {
				v = random.Uint64N(3)
			}
			return s[:len(s)-len(digits)] + fmt.Sprintf(width, v)
		})
	}
	return out
}

// agrees lets the collector read a host's files again and again.
func agrees(t *testing.T, texts map[string]string) {
	t.Helper()
	m, random := newMachine(t), rand.New(rand.NewPCG(7, 7))
	m.writeAll(texts)
	m.read(0)
	for range 30 {
		seconds := 1 + random.IntN(4)
		next := later(random, texts)
		m.writeAll(next)
		got := m.read(time.Duration(seconds) * time.Second)
		m.want(got, naive(texts, next, float64(seconds)))
		if texts = next; t.Failed() {
			return
		}
	}
}

func TestReadingsAreWhatAPlainReaderWorksOut(t *testing.T) {
	texts := example(t)
	delete(texts, "proc/self/mountinfo")
	agrees(t, texts)
}

// TestRealFilesAreReadAsAPlainReaderDoes takes the files of real machines. Of
// their disks and interfaces those count that the example has, too.
func TestRealFilesAreReadAsAPlainReaderDoes(t *testing.T) {
	read := func(name string) string { return string(shared.Read(t, "metrics", "host-agent-proc", name)) }
	texts := map[string]string{"sys/block/sda/size": "1", "sys/block/nvme0n1/size": "1"}
	for _, path := range []string{
		"stat", "meminfo", "vmstat", "loadavg", "diskstats", "pressure/cpu", "pressure/memory", "pressure/io",
		"net/netstat", "net/snmp", "net/sockstat", "net/softnet_stat",
	} {
		texts["proc/"+path] = read("collector__fixtures__proc__" + strings.ReplaceAll(path, "/", "__"))
	}
	agrees(t, texts)
	for path, name := range map[string]string{
		"stat": "cpu-proc_stat_1", "meminfo": "memory-proc_meminfo", "vmstat": "vmstat-proc_vmstat_1",
		"net/netstat": "tcp-proc_net_netstat_1", "net/snmp": "tcp-proc_net_snmp_2", "net/sockstat": "sockstat-proc_net_sockstat",
	} {
		texts["proc/"+path] = read("diamond-" + name)
	}
	agrees(t, texts)
}
