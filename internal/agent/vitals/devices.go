package vitals

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"patou/internal/component"
)

// maxDevices bounds the devices of one kind that have series.
const maxDevices = 128

// sector is the unit of /proc/diskstats whatever the disk's is.
const sector = 512

// disks reads /proc/diskstats: what whole disks read and wrote a second, and
// the percentage of time in which they did.
type disks struct {
	c     *Collector
	known map[string]*disk // nil for what is left out
}

type disk struct {
	reads, readBytes, writes, writeBytes, util counter
}

func newDisks(c *Collector) *disks { return &disks{c: c, known: map[string]*disk{}} }

// read skips the first two columns, the device's numbers. A kernel may add
// columns at the end.
func (d *disks) read(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		_, line = nextField(line) // the major and minor number
		_, line = nextField(line)
		name, values := nextField(line)
		var v [11]uint64
		if numbers(values, v[:]) < 10 {
			continue
		}
		if k := d.disk(name); k != nil {
			d.c.rate(&k.reads, v[0])
			d.c.rate(&k.readBytes, v[2])
			d.c.rate(&k.writes, v[4])
			d.c.rate(&k.writeBytes, v[6])
			d.c.rate(&k.util, v[9])
		}
	}
}

// disk decides once for each name whether it has series, as sysfs is slow to
// ask each second.
func (d *disks) disk(name []byte) *disk {
	k, ok := d.known[string(name)]
	if ok || len(d.known) >= maxDevices {
		return k
	}
	if d.whole(string(name)) {
		prefix := "disk." + component.Node(string(name)) + "."
		k = &disk{
			reads: d.c.counterOf(prefix+"reads", 1), readBytes: d.c.counterOf(prefix+"read_bytes", sector),
			writes: d.c.counterOf(prefix+"writes", 1), writeBytes: d.c.counterOf(prefix+"write_bytes", sector),
			util: d.c.counterOf(prefix+"util", 0.1), // ms a second to percent
		}
	}
	d.known[string(name)] = k
	return k
}

// whole leaves out partitions, whose numbers are in their disk's, and what is
// no disk.
func (d *disks) whole(name string) bool {
	for _, prefix := range [...]string{"loop", "ram", "zram", "fd", "sr"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
			return false
		}
	}
	block := filepath.Join(d.c.options.Root, "sys", "block")
	if _, err := os.Stat(block); err != nil {
		return true // better too much than nothing
	}
	_, err := os.Stat(filepath.Join(block, name))
	return err == nil
}

// interfaces reads /proc/net/dev: what the network interfaces received and sent
// a second.
type interfaces struct {
	c     *Collector
	known map[string]*[8]counter // nil for what is left out
}

func newInterfaces(c *Collector) *interfaces {
	return &interfaces{c: c, known: map[string]*[8]counter{}}
}

// columns are the columns of /proc/net/dev that become series, in the order of
// names.
func columns() [8]int { return [8]int{0, 1, 2, 3, 8, 9, 10, 11} }

func (n *interfaces) read(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		name, values, ok := bytes.Cut(line, []byte{':'})
		var v [16]uint64
		if !ok || numbers(values, v[:]) < 16 {
			continue // the two lines of headings
		}
		k := n.counters(bytes.TrimLeft(name, " "))
		if k == nil {
			continue
		}
		for i, column := range columns() {
			n.c.rate(&k[i], v[column])
		}
	}
}

// counters decides once for each name, too.
func (n *interfaces) counters(name []byte) *[8]counter {
	k, ok := n.known[string(name)]
	if ok || len(n.known) >= maxDevices {
		return k
	}
	// The ends of containers' links come and go with them.
	if !bytes.HasPrefix(name, []byte("veth")) {
		k = new([8]counter)
		for i, s := range [8]string{
			"rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets", "tx_errors", "tx_dropped",
		} {
			k[i] = n.c.counterOf("network."+component.Node(string(name))+"."+s, 1)
		}
	}
	n.known[string(name)] = k
	return k
}
