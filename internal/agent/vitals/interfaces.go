package vitals

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"patou/internal/component"
)

// interfaces reads /proc/net/dev: what the network interfaces received and sent
// a second.
type interfaces struct {
	c   *Collector
	all devices[link]
}

// link is an interface. Its speed is 0 where none is known.
type link struct {
	name    string
	counts  [8]counter
	speed   float64 // bytes a second
	askedAt int     // the reading that asked for the speed
}

const (
	rxBytes, txBytes = 0, 4 // in counts
	// askSpeed is after how many readings a link's speed is asked for again:
	// it is another one when a cable was changed.
	askSpeed = 60
)

func newInterfaces(c *Collector) *interfaces {
	n := &interfaces{c: c}
	n.all = newDevices(c, "network interfaces", n.begin)
	return n
}

// columns are the columns of /proc/net/dev that become series, in the order of
// counts.
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
		if k := n.all.of(bytes.TrimLeft(name, " ")); k != nil {
			n.emit(k, &v)
		}
	}
}

func (n *interfaces) emit(k *link, v *[16]uint64) {
	most := -1.
	for i, column := range columns() {
		speed, ok := n.c.speed(&k.counts[i], v[column])
		if !ok {
			continue
		}
		n.c.emit(k.counts[i].name, speed)
		if i == rxBytes || i == txBytes {
			most = max(most, speed)
		}
	}
	if n.c.tick-k.askedAt >= askSpeed {
		n.ask(k)
	}
	if most >= 0 && k.speed > 0 {
		n.c.full.note(networkFull, 100*most/k.speed, k.name)
	}
}

// begin leaves out the ends of containers' links, which come and go with them.
func (n *interfaces) begin(name string) *link {
	if strings.HasPrefix(name, "veth") || strings.HasPrefix(name, "cali") {
		return nil
	}
	k := &link{name: name}
	for i, s := range [8]string{
		"rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets", "tx_errors", "tx_dropped",
	} {
		k.counts[i] = rateName("network."+component.Node(name)+"."+s, 1)
	}
	n.ask(k)
	return k
}

// ask asks hardware for its speed, and bonds of it. What drivers of made-up
// interfaces say, as 10 Mbit/s of a tunnel, means nothing.
func (n *interfaces) ask(k *link) {
	k.askedAt, k.speed = n.c.tick, 0
	if strings.Contains(k.name, "/") {
		return
	}
	dir := filepath.Join(n.c.options.Root, "sys/class/net", k.name)
	if !exists(filepath.Join(dir, "device")) && !exists(filepath.Join(dir, "bonding")) {
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "speed")) // fails while a link is down
	if megabits, ok := number(bytes.TrimSpace(text)); err == nil && ok && megabits < 1e7 {
		k.speed = float64(megabits) * 1e6 / 8
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
