package vitals

import (
	"os"
	"path/filepath"
	"strings"

	"patou/internal/component"
)

// sector is the unit of /proc/diskstats whatever the disk's is.
const sector = 512

// disks reads /proc/diskstats: what whole disks read and wrote a second, how
// long a request took, and how busy they were.
type disks struct {
	c   *Collector
	all devices[disk]
}

type disk struct {
	name                              string
	reads, readBytes, writes, written counter
	readTime, writeTime, util, queued counter
	readMillis, writeMillis           string
}

func newDisks(c *Collector) *disks {
	d := &disks{c: c}
	d.all = newDevices(c, "disks", d.begin)
	return d
}

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
		if numbers(values, v[:]) < 11 {
			continue
		}
		if k := d.all.of(name); k != nil {
			d.emit(k, &v)
		}
	}
}

// emit gives no time for requests when there were none.
func (d *disks) emit(k *disk, v *[11]uint64) {
	d.requests(&k.reads, &k.readTime, k.readMillis, v[0], v[3])
	d.requests(&k.writes, &k.writeTime, k.writeMillis, v[4], v[7])
	d.c.rate(&k.readBytes, v[2])
	d.c.rate(&k.written, v[6])
	if busy, ok := d.c.speed(&k.util, v[9]); ok {
		d.c.full.note(ioFull, d.c.percent(k.util.name, busy), k.name)
	}
	d.c.rate(&k.queued, v[10])
}

func (d *disks) requests(count, time *counter, millis string, n, spent uint64) {
	done, ok := d.c.speed(count, n)
	took, known := d.c.speed(time, spent)
	if ok {
		d.c.emit(count.name, done)
	}
	if ok && known && done > 0 {
		d.c.emit(millis, took/done)
	}
}

// begin asks sysfs, which is too slow to ask each second.
func (d *disks) begin(name string) *disk {
	if !d.whole(name) {
		return nil
	}
	prefix := "disk." + component.Node(name) + "."
	return &disk{
		name:  name,
		reads: rateName(prefix+"reads", 1), readBytes: rateName(prefix+"read_bytes", sector),
		writes: rateName(prefix+"writes", 1), written: rateName(prefix+"write_bytes", sector),
		readTime: rateName("", 1), readMillis: prefix + "read_ms",
		writeTime: rateName("", 1), writeMillis: prefix + "write_ms",
		util:   rateName(prefix+"util", 0.1), // ms a second to percent
		queued: rateName(prefix+"queue", 0.001),
	}
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
	// A name with a slash, as cciss/c0d0, has another sign there.
	_, err := os.Stat(filepath.Join(block, strings.ReplaceAll(name, "/", "!")))
	return err == nil
}
