package vitals

import (
	"os"
	"regexp"
	"strconv"
	"strings"
)

// naive says what a collector must emit for two states of a host's files, so
// many seconds apart, worked out again in the plainest way. File systems are
// left out: their numbers are in no file.
func naive(before, after map[string]string, seconds float64) map[string]float64 {
	n := &naively{before: naiveNumbers(before), after: naiveNumbers(after), seconds: seconds, out: map[string]float64{}}
	n.cpu()
	n.memory()
	n.rates()
	n.gauges()
	n.disks()
	for _, r := range []string{"cpu", "memory", "io"} {
		n.rate("pressure."+r+".some", "pressure/"+r+" some", 1e-4)
		n.rate("pressure."+r+".full", "pressure/"+r+" full", 1e-4)
		for _, part := range []string{"some", "full"} {
			if v, ok := n.out["pressure."+r+"."+part]; ok {
				n.out["pressure."+r+"."+part] = min(v, 100)
			}
		}
	}
	n.full("cpu", "cpu.busy", "pressure.cpu.some")
	n.full("memory", "memory.used_percent", "pressure.memory.some")
	n.full("io", "pressure.io.some", "disk.sda.util", "disk.nvme0n1.util")
	return n.out
}

// naiveNumbers makes one flat table of all numbers in all files: "Tcp InSegs",
// "cpu0 3" for a column, "MemTotal", "pressure/io some".
func naiveNumbers(texts map[string]string) map[string]float64 {
	out := map[string]float64{}
	put := func(key, value string) {
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[key] = v
		}
	}
	for path, text := range texts {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			f := strings.Fields(strings.Replace(line, ":", " ", 1))
			switch {
			case len(f) == 0 || path == "proc/cpuinfo":
			case strings.HasPrefix(path, "proc/pressure/"):
				_, total, _ := strings.Cut(line, "total=")
				put(strings.TrimPrefix(path, "proc/")+" "+f[0], total)
			case path == "proc/net/snmp" || path == "proc/net/netstat":
				if i%2 == 1 {
					for j, name := range strings.Fields(lines[i-1]) {
						put(f[0]+" "+name, strings.Fields(line)[j])
					}
				}
			case path == "proc/net/softnet_stat":
				for j := range f {
					v, _ := strconv.ParseUint(f[j], 16, 64)
					out["softnet "+strconv.Itoa(j)] += float64(v)
				}
			case strings.HasPrefix(path, "proc/net/sockstat"):
				for j := 1; j+1 < len(f); j += 2 {
					put(f[0]+" "+f[j], f[j+1])
				}
			case path == "proc/diskstats":
				for j := 3; j < len(f); j++ {
					put(f[2]+" "+strconv.Itoa(j-3), f[j])
				}
			case path == "proc/loadavg" || strings.HasPrefix(path, "proc/sys/"):
				for j := range f {
					put(path+" "+strconv.Itoa(j), f[j])
				}
			default:
				put(f[0], f[min(1, len(f)-1)])
				for j := 1; j < len(f); j++ {
					put(f[0]+" "+strconv.Itoa(j-1), f[j])
				}
			}
		}
	}
	return out
}

type naively struct {
	before, after map[string]float64
	seconds       float64
	out           map[string]float64
}

func (n *naively) rose(key string) (float64, bool) {
	b, ok := n.before[key]
	a, there := n.after[key]
	return a - b, ok && there && a >= b
}

func (n *naively) rate(name, key string, scale float64) {
	if r, ok := n.rose(key); ok {
		n.out[name] = r * scale / n.seconds
	}
}

func (n *naively) cpu() {
	for key := range n.after {
		cpu, ok := strings.CutSuffix(key, " 0")
		if !ok || !regexp.MustCompile(`^cpu\d*$`).MatchString(cpu) {
			continue
		}
		prefix := "cpu."
		if cpu != "cpu" {
			prefix = "cpu.core" + cpu[3:] + "."
		}
		sum, rose := 0., [8]float64{}
		for i := range rose {
			value := func(all map[string]float64) float64 {
				v := all[cpu+" "+strconv.Itoa(i)]
				if i < 2 {
					v = max(0, v-all[cpu+" "+strconv.Itoa(i+8)])
				}
				return v
			}
			rose[i] = max(0, value(n.after)-value(n.before))
			sum += rose[i]
		}
		if sum == 0 {
			continue
		}
		for i, state := range strings.Fields("user nice system idle iowait irq softirq steal") {
			n.out[prefix+state] = 100 * rose[i] / sum
		}
		n.out[prefix+"busy"] = 100 * (1 - (rose[3]+rose[4])/sum)
	}
}

func (n *naively) memory() {
	if n.after["MemTotal"] == 0 {
		return
	}
	bytes := func(key string) float64 { return 1024 * n.after[key] }
	available := bytes("MemAvailable")
	if _, ok := n.after["MemAvailable"]; !ok {
		available = bytes("MemFree") + bytes("Buffers") + bytes("Cached")
	}
	n.out["memory.total"], n.out["memory.available"], n.out["memory.free"] = bytes("MemTotal"), available, bytes("MemFree")
	n.out["memory.used"] = max(0, bytes("MemTotal")-available)
	n.out["memory.used_percent"] = 100 * n.out["memory.used"] / bytes("MemTotal")
	n.out["memory.cached"] = bytes("Cached") + bytes("SReclaimable")
	n.out["memory.buffers"], n.out["memory.slab"], n.out["memory.dirty"] = bytes("Buffers"), bytes("Slab"), bytes("Dirty")
	n.out["memory.shared"], n.out["memory.swap_total"] = bytes("Shmem"), bytes("SwapTotal")
	n.out["memory.swap_used"] = max(0, bytes("SwapTotal")-bytes("SwapFree"))
}

func (n *naively) rates() {
	page := float64(os.Getpagesize())
	n.rate("vm.swap_in", "pswpin", page)
	n.rate("vm.swap_out", "pswpout", page)
	for name, key := range map[string]string{
		"processes.context_switches": "ctxt", "processes.forks": "processes",
		"vm.page_faults": "pgfault", "vm.major_faults": "pgmajfault", "vm.oom_kills": "oom_kill",
		"tcp.opened": "Tcp ActiveOpens", "tcp.accepted": "Tcp PassiveOpens", "tcp.failed": "Tcp AttemptFails", "tcp.resets": "Tcp EstabResets",
		"tcp.segments_in": "Tcp InSegs", "tcp.segments_out": "Tcp OutSegs", "tcp.retransmits": "Tcp RetransSegs",
		"tcp.receive_errors": "Tcp InErrs", "tcp.resets_sent": "Tcp OutRsts",
		"tcp.listen_overflows": "TcpExt ListenOverflows", "tcp.listen_drops": "TcpExt ListenDrops",
		"tcp.syn_cookies": "TcpExt SyncookiesSent", "tcp.timeouts": "TcpExt TCPTimeouts",
		"softnet.dropped": "softnet 1", "softnet.squeezed": "softnet 2",
	} {
		n.rate(name, key, 1)
	}
	for name, key := range map[string]string{
		"received": "InDatagrams", "sent": "OutDatagrams", "receive_errors": "InErrors", "no_port": "NoPorts", "buffer_errors": "RcvbufErrors",
	} {
		n.before["both "+key], n.after["both "+key] = n.before["Udp "+key]+n.before["Udp6"+key], n.after["Udp "+key]+n.after["Udp6"+key]
		if _, ok := n.after["Udp "+key]; ok {
			n.rate("udp."+name, "both "+key, 1)
		}
	}
	for _, link := range []string{"lo", "eth0", "tun0"} {
		for name, column := range map[string]int{"bytes": 0, "packets": 1, "errors": 2, "dropped": 3} {
			n.rate("network."+link+".rx_"+name, link+" "+strconv.Itoa(column), 1)
			n.rate("network."+link+".tx_"+name, link+" "+strconv.Itoa(column+8), 1)
		}
	}
	rx, ok := n.out["network.eth0.rx_bytes"]
	tx, too := n.out["network.eth0.tx_bytes"]
	if ok || too {
		n.out["saturation.network"] = min(100, 100*max(rx, tx)/125e6)
	}
}

func (n *naively) gauges() {
	for name, key := range map[string]string{
		"processes.running": "procs_running", "processes.blocked": "procs_blocked", "tcp.established": "Tcp CurrEstab",
		"load.1m": "proc/loadavg 0", "load.5m": "proc/loadavg 1", "load.15m": "proc/loadavg 2",
		"sockets.used": "sockets used", "tcp.time_wait": "TCP tw", "tcp.orphans": "TCP orphan",
		"files.max":      "proc/sys/fs/file-nr 2",
		"conntrack.used": "proc/sys/net/netfilter/nf_conntrack_count 0", "conntrack.max": "proc/sys/net/netfilter/nf_conntrack_max 0",
	} {
		if v, ok := n.after[key]; ok {
			n.out[name] = v
		}
	}
	if v, ok := n.after["TCP inuse"]; ok {
		n.out["sockets.tcp"], n.out["sockets.udp"] = v+n.after["TCP6 inuse"], n.after["UDP inuse"]+n.after["UDP6 inuse"]
		n.out["tcp.memory"] = n.after["TCP mem"] * float64(os.Getpagesize())
	}
	if most, ok := n.out["files.max"]; ok {
		n.out["files.open"] = max(0, n.after["proc/sys/fs/file-nr 0"]-n.after["proc/sys/fs/file-nr 1"])
		n.out["files.percent"] = min(100, 100*n.out["files.open"]/most)
	}
	if most, ok := n.out["conntrack.max"]; ok {
		n.out["conntrack.percent"] = min(100, 100*n.out["conntrack.used"]/most)
	}
}

func (n *naively) disks() {
	for _, disk := range []string{"sda", "nvme0n1"} {
		prefix := "disk." + disk + "."
		n.rate(prefix+"reads", disk+" 0", 1)
		n.rate(prefix+"read_bytes", disk+" 2", 512)
		n.rate(prefix+"writes", disk+" 4", 1)
		n.rate(prefix+"write_bytes", disk+" 6", 512)
		n.rate(prefix+"util", disk+" 9", 0.1)
		n.rate(prefix+"queue", disk+" 10", 0.001)
		if v, ok := n.out[prefix+"util"]; ok {
			n.out[prefix+"util"] = min(100, v)
		}
		for i, name := range []string{"read_ms", "write_ms"} {
			count, ok := n.rose(disk + " " + strconv.Itoa(4*i))
			took, known := n.rose(disk + " " + strconv.Itoa(4*i+3))
			if ok && known && count > 0 {
				n.out[prefix+name] = took / count
			}
		}
	}
}

func (n *naively) full(name string, of ...string) {
	for _, series := range of {
		if v, ok := n.out[series]; ok {
			n.out["saturation."+name] = max(v, n.out["saturation."+name])
		}
	}
}
