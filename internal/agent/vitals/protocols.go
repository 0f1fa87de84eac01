package vitals

import "bytes"

// overIPv6 is what IPv6 has for itself, to be added to IPv4's. What TCP counts
// is of both.
type overIPv6 struct {
	udp              [udpCounters]uint64
	tcpUsed, udpUsed uint64
}

const udpCounters = 5

// udpNames are the columns of snmp's Udp; snmp6 has them with "Udp6" before.
func udpNames() [udpCounters]string {
	return [udpCounters]string{"InDatagrams", "OutDatagrams", "InErrors", "NoPorts", "RcvbufErrors"}
}

// readProtocols reads /proc/net/snmp6, a name and a number a line.
func (s *overIPv6) readProtocols(text []byte) {
	names := udpNames()
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		rest, ok := bytes.CutPrefix(line, []byte("Udp6"))
		if !ok {
			continue
		}
		key, values := nextField(rest)
		for i := range names {
			if string(key) == names[i] {
				s.udp[i], _ = first(values)
			}
		}
	}
}

// readSockets reads /proc/net/sockstat6.
func (s *overIPv6) readSockets(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		switch string(key) {
		case "TCP6:":
			s.tcpUsed, _ = numberOf(values, "inuse")
		case "UDP6:":
			s.udpUsed, _ = numberOf(values, "inuse")
		}
	}
}

// protocols reads a file such as /proc/net/snmp, where a line of names of
// columns stands above a line of their values, for each protocol.
type protocols struct {
	c      *Collector
	tables []*table
}

// table is one protocol's lines.
type table struct {
	key     string // "Tcp:"
	columns []column
	heading []byte    // as it was when places were found
	places  []*column // by the place in the line; nil for what is not ours
}

// column is a number that becomes a series.
type column struct {
	name  string // the kernel's
	gauge string // the series, when the number itself is it
	rate  counter
	add   *uint64 // what IPv6 has of it; may be nil
}

func rateColumn(name, series string) column { return column{name: name, rate: rateName(series, 1)} }

func newProtocols(c *Collector, six *overIPv6) *protocols {
	udp := &table{key: "Udp:"}
	series := [udpCounters]string{"udp.received", "udp.sent", "udp.receive_errors", "udp.no_port", "udp.buffer_errors"}
	for i, name := range udpNames() {
		udp.columns = append(udp.columns, column{name: name, rate: rateName(series[i], 1), add: &six.udp[i]})
	}
	tcp := &table{key: "Tcp:", columns: []column{
		rateColumn("ActiveOpens", "tcp.opened"), rateColumn("PassiveOpens", "tcp.accepted"),
		rateColumn("AttemptFails", "tcp.failed"), rateColumn("EstabResets", "tcp.resets"),
		{name: "CurrEstab", gauge: "tcp.established"},
		rateColumn("InSegs", "tcp.segments_in"), rateColumn("OutSegs", "tcp.segments_out"),
		rateColumn("RetransSegs", "tcp.retransmits"), rateColumn("InErrs", "tcp.receive_errors"),
		rateColumn("OutRsts", "tcp.resets_sent"),
	}}
	return &protocols{c: c, tables: []*table{tcp, udp}}
}

// newMoreProtocols is for /proc/net/netstat.
func newMoreProtocols(c *Collector) *protocols {
	return &protocols{c: c, tables: []*table{{key: "TcpExt:", columns: []column{
		rateColumn("ListenOverflows", "tcp.listen_overflows"), rateColumn("ListenDrops", "tcp.listen_drops"),
		rateColumn("SyncookiesSent", "tcp.syn_cookies"), rateColumn("TCPTimeouts", "tcp.timeouts"),
	}}}}
}

func (p *protocols) read(text []byte) {
	for len(text) > 0 {
		var heading []byte
		heading, text = nextLine(text)
		key, _ := nextField(heading)
		t := p.table(key)
		if t == nil || !bytes.HasPrefix(text, key) {
			continue
		}
		var line []byte
		line, text = nextLine(text)
		if !bytes.Equal(heading, t.heading) {
			t.find(heading)
		}
		p.emit(t, line)
	}
}

func (p *protocols) table(key []byte) *table {
	for _, t := range p.tables {
		if string(key) == t.key {
			return t
		}
	}
	return nil
}

// find looks for the columns in a heading, which only another kernel changes.
func (t *table) find(heading []byte) {
	t.heading, t.places = bytes.Clone(heading), t.places[:0]
	for name := range bytes.FieldsSeq(heading) {
		var place *column
		for i := range t.columns {
			if t.columns[i].name == string(name) {
				place = &t.columns[i]
			}
		}
		t.places = append(t.places, place)
	}
}

// emit leaves out what is no whole number: some limits are -1.
func (p *protocols) emit(t *table, line []byte) {
	for _, k := range t.places {
		var f []byte
		if f, line = nextField(line); k == nil {
			continue
		}
		v, ok := number(f)
		switch {
		case !ok:
		case k.gauge != "":
			p.c.emit(k.gauge, float64(v))
		case k.add != nil:
			p.c.rate(&k.rate, v+*k.add)
		default:
			p.c.rate(&k.rate, v)
		}
	}
}
