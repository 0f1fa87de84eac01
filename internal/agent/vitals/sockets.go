package vitals

import "os"

// sockets reads /proc/net/sockstat: how many sockets there are.
type sockets struct {
	c    *Collector
	six  *overIPv6
	page float64
}

func newSockets(c *Collector, six *overIPv6) *sockets {
	return &sockets{c, six, float64(os.Getpagesize())}
}

func (s *sockets) read(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		switch string(key) {
		case "sockets:":
			s.emit("sockets.used", values, "used", 0, 1)
		case "TCP:":
			s.emit("sockets.tcp", values, "inuse", s.six.tcpUsed, 1)
			s.emit("tcp.time_wait", values, "tw", 0, 1)
			s.emit("tcp.orphans", values, "orphan", 0, 1)
			s.emit("tcp.memory", values, "mem", 0, s.page)
		case "UDP:":
			s.emit("sockets.udp", values, "inuse", s.six.udpUsed, 1)
		}
	}
}

func (s *sockets) emit(series string, values []byte, key string, add uint64, scale float64) {
	if v, ok := numberOf(values, key); ok {
		s.c.emit(series, float64(v+add)*scale)
	}
}

// softnet reads /proc/net/softnet_stat, a line for each processor: packets that
// came faster than the kernel could take them.
type softnet struct {
	c                 *Collector
	dropped, squeezed counter
	lines             int // of the reading before
}

func newSoftnet(c *Collector) *softnet {
	return &softnet{c: c, dropped: rateName("softnet.dropped", 1), squeezed: rateName("softnet.squeezed", 1)}
}

// read adds up the second and third column. A processor that goes or comes takes
// or brings what it has counted, which says nothing of this second.
func (s *softnet) read(text []byte) {
	var dropped, squeezed uint64
	var lines int
	for len(text) > 0 {
		var line, f []byte
		line, text = nextLine(text)
		_, line = nextField(line)
		f, line = nextField(line)
		d, ok := hexadecimal(f)
		f, _ = nextField(line)
		q, fine := hexadecimal(f)
		if ok && fine {
			dropped, squeezed, lines = dropped+d, squeezed+q, lines+1
		}
	}
	if lines != s.lines {
		s.lines, s.dropped.tick, s.squeezed.tick = lines, 0, 0
	}
	if lines > 0 {
		s.c.rate(&s.dropped, dropped)
		s.c.rate(&s.squeezed, squeezed)
	}
}

// openFiles reads /proc/sys/fs/file-nr: opened, unused, most.
type openFiles struct{ c *Collector }

func newOpenFiles(c *Collector) *openFiles { return &openFiles{c} }

func (o *openFiles) read(text []byte) {
	line, _ := nextLine(text)
	var v [3]uint64
	if numbers(line, v[:]) != 3 || v[2] == 0 {
		return
	}
	open := float64(v[0] - min(v[0], v[1]))
	o.c.emit("files.open", open)
	o.c.emit("files.max", float64(v[2]))
	o.c.percent("files.percent", 100*open/float64(v[2]))
}

// connectionLimit remembers nf_conntrack_max for tracked.
type connectionLimit struct{ most uint64 }

func (l *connectionLimit) read(text []byte) {
	line, _ := nextLine(text)
	l.most, _ = number(line)
}

// tracked reads nf_conntrack_count: the connections that the firewall follows.
// A full table drops new ones.
type tracked struct {
	c     *Collector
	limit *connectionLimit
}

func newTracked(c *Collector, limit *connectionLimit) *tracked { return &tracked{c, limit} }

func (t *tracked) read(text []byte) {
	line, _ := nextLine(text)
	used, ok := number(line)
	if !ok {
		return
	}
	t.c.emit("conntrack.used", float64(used))
	if most := float64(t.limit.most); most > 0 {
		t.c.emit("conntrack.max", most)
		t.c.percent("conntrack.percent", 100*float64(used)/most)
	}
}
