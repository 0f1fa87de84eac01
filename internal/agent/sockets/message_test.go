package sockets

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
	"testing"
)

// message is one of netlink's, padded.
func message(sequence uint32, kind uint16, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body)+3)
	binary.NativeEndian.PutUint32(b, uint32(headerSize+len(body)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint32(b[8:], sequence)
	b = append(b, body...)
	return append(b, make([]byte, -len(b)&3)...)
}

// diagOf is what the kernel says of a socket, with as much of tcp_info as info.
func diagOf(r row, info int) []byte {
	order := binary.NativeEndian
	b := make([]byte, diagSize)
	b[0], b[1] = syscall.AF_INET, r.state
	if r.local.Addr().Is6() {
		b[0] = syscall.AF_INET6
	}
	binary.BigEndian.PutUint16(b[4:], r.local.Port())
	binary.BigEndian.PutUint16(b[6:], r.remote.Port())
	copy(b[8:], r.local.Addr().AsSlice())
	copy(b[24:], r.remote.Addr().AsSlice())
	order.PutUint32(b[44:], uint32(r.id))
	order.PutUint32(b[48:], uint32(r.id>>32))
	order.PutUint32(b[68:], uint32(r.inode))
	b = append(b, 5, 0, 8, 0, 0, 0, 0, 0) // an attribute that is not ours, and its padding
	a := make([]byte, 4+280)
	order.PutUint16(a, uint16(4+info))
	order.PutUint16(a[2:], attrInfo)
	order.PutUint32(a[4+68:], uint32(r.rtt*1000))
	order.PutUint32(a[4+100:], uint32(r.retransmits))
	order.PutUint64(a[4+120:], r.sent)
	order.PutUint64(a[4+128:], r.received)
	order.PutUint32(a[4+136:], uint32(r.segments)+1000)
	order.PutUint32(a[4+156:], uint32(r.segments))
	return append(b, a[:4+info]...)
}

func TestWhatTheKernelSaysOfASocketIsRead(t *testing.T) {
	for _, ends := range [][2]string{{"10.0.0.1:80", "10.0.0.9:4711"}, {"[2001:db8::1]:80", "[2001:db8::9]:4711"}} {
		want := row{
			state: established, local: netip.MustParseAddrPort(ends[0]), remote: netip.MustParseAddrPort(ends[1]), inode: 77, id: 1<<40 + 5, rtt: 1.5,
			counters: counters{retransmits: 2, segments: 30, sent: 1 << 33, received: 9},
		}
		b := append(message(7, byFamily, diagOf(want, 240)), message(6, byFamily, diagOf(want, 240))...)
		b = append(b, message(7, messageDone, make([]byte, 4))...)
		n := 0
		done, err := parseMessages(b, 7, func(r *row) {
			n++
			if *r != want {
				t.Errorf("%+v, want %+v", *r, want)
			}
		})
		if !done || err != nil || n != 1 {
			t.Errorf("done %v, %v, %d sockets: one answers another question", done, err, n)
		}
	}
}

func TestOlderKernelsSayLess(t *testing.T) {
	want := row{local: netip.MustParseAddrPort("10.0.0.1:80"), rtt: 2, counters: counters{retransmits: 3, segments: 4, sent: 5, received: 6}}
	check := func(info int, want counters, rtt float64) {
		t.Helper()
		r := parseDiag(diagOf(row{local: web(), rtt: 2, counters: counters{retransmits: 3, segments: 4, sent: 5, received: 6}}, info))
		if r.counters != want || r.rtt != rtt {
			t.Errorf("%d bytes: %+v, %g ms", info, r.counters, r.rtt)
		}
	}
	check(240, want.counters, 2)
	check(144, counters{3, 1004, 5, 6}, 2)
	check(104, counters{retransmits: 3}, 2)
	check(60, counters{}, 0)
}

func web() netip.AddrPort { return netip.MustParseAddrPort("10.0.0.1:80") }

func TestTheKernelsRefusalIsAnError(t *testing.T) {
	refused := binary.NativeEndian.AppendUint32(nil, ^uint32(syscall.ENOENT)+1)
	_, err := parseMessages(message(1, messageError, refused), 1, nil)
	if !errors.Is(err, syscall.ENOENT) {
		t.Errorf("%v, want %v", err, syscall.ENOENT)
	}
	if _, err := parseMessages(make([]byte, 20), 1, nil); err == nil {
		t.Error("a message of no length is taken")
	}
}

func TestTheTableOfProcIsRead(t *testing.T) {
	check := func(line, local, remote string, state byte, inode uint64) {
		t.Helper()
		r, ok := parseLine([]byte(line))
		if !ok || r.local.String() != local || r.remote.String() != remote || r.state != state || r.inode != inode {
			t.Errorf("%+v, %v", r, ok)
		}
	}
	check("   1: 0100007F:1F90 0200000A:D431 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 20 4 30 10 -1",
		"127.0.0.1:8080", "10.0.0.2:54321", established, 4711)
	check("   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0 100 0 0 10 0",
		"[::1]:22", "[::]:0", listen, 99)
	check("   0: 0000000000000000FFFF00000100000A:0050 0000000000000000FFFF00000200000A:D431 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0",
		"10.0.0.1:80", "10.0.0.2:54321", timeWait, 0)
	for _, bad := range []string{"", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", "0: 01:02 03:04 01 a b c d e f"} {
		if r, ok := parseLine([]byte(bad)); ok {
			t.Errorf("%q is %+v", bad, r)
		}
	}
}

func TestLinksOfSocketsAreTold(t *testing.T) {
	for link, want := range map[string]uint64{"socket:[12]": 12, "socket:[]": 0, "pipe:[12]": 0, "socket:[x]": 0, "": 0} {
		if got, ok := socketInode([]byte(link)); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %v", link, got, ok)
		}
	}
}

func FuzzMessages(f *testing.F) {
	r := row{local: web(), remote: web(), state: established}
	f.Add(append(message(1, byFamily, diagOf(r, 240)), message(1, messageDone, nil)...))
	f.Add(message(1, messageError, []byte{1, 2, 3, 4}))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		if _, err := parseMessages(b, 1, func(*row) { n++ }); err == nil && n*(headerSize+diagSize) > len(b) {
			t.Errorf("%d sockets of %d bytes", n, len(b))
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add("   1: 0100007F:1F90 0200000A:D431 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 20 4 30 10 -1")
	f.Fuzz(func(t *testing.T, line string) {
		if r, ok := parseLine([]byte(line)); ok && (!r.local.IsValid() || r.state > 31) {
			t.Errorf("%+v", r)
		}
		socketInode([]byte(line))
	})
}
