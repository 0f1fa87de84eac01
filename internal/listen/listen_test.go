package listen

import (
	"net/netip"
	"testing"
)

func TestOnlyLoopbackAndAllowedNetworksMaySend(t *testing.T) {
	s := Server{options: Options{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}}}
	check := func(addr string, want bool) {
		t.Helper()
		if got := s.allowed(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is allowed: %v, want %v", addr, got, want)
		}
	}
	check("127.0.0.1", true)
	check("127.9.9.9", true)
	check("::1", true)
	check("::ffff:127.0.0.1", true)
	check("10.1.2.3", true)
	check("::ffff:10.1.2.3", true)
	check("fe80::1%eth0", true)
	check("192.168.0.1", false)
	check("2001:db8::1", false)
}

func TestTheQueueOfDatagramsIsBounded(t *testing.T) {
	var q queue
	q.init()
	n := 0
	for q.put("a", make([]byte, maxDatagram)) {
		n++
	}
	if n < queueBytes/maxDatagram-1 || n > queueBytes/maxDatagram {
		t.Errorf("%d datagrams fit", n)
	}
	q.close()
	if got := q.take(nil); len(got) != n {
		t.Errorf("%d of %d datagrams were taken", len(got), n)
	}
	if got := q.take(nil); len(got) != 0 {
		t.Errorf("%d datagrams are left in a closed queue", len(got))
	}
}
