package server

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"patou/test/apptest"
)

func TestSyslogInEachFormIsFiled(t *testing.T) {
	s := start(t, t.TempDir())
	count := func(query string) int { return len(s.Logs(query)) }
	f := func(name, text string) {
		t.Helper()
		sendTCP(t, s.Addr("syslog"), text)
		apptest.Eventually(t, name+" is filed", func() bool { return count("component:"+name) == 1 })
	}
	rfc5424 := func(app string) string {
		return fmt.Sprintf(`<11>1 %s web01 %s 77 - [origin ip="10.0.0.9"] disk is full`, time.Now().Format(time.RFC3339Nano), app)
	}
	f("lf5424", rfc5424("lf5424")+"\n")
	counted := rfc5424("counted5424")
	f("counted5424", fmt.Sprintf("%d %s", len(counted), counted))
	stamp := time.Now().Format(time.Stamp)
	f("lf3164", "<13>"+stamp+" web01 lf3164[77]: session opened\n")
	e := s.Logs("component:lf5424 level:error host:web01 origin.ip:10.0.0.9")
	if len(e) != 1 || e[0].Message != "disk is full" {
		t.Errorf("by level, host and structured data: %+v", e)
	}
	c, err := net.Dial("udp", s.Addr("syslog"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "<13>"+stamp+" web01 udp3164: by datagram")
	apptest.Eventually(t, "a datagram is filed", func() bool { return count("component:udp3164") == 1 })
}

func TestBadSyslogIsNamedAndLeavesItsNeighbours(t *testing.T) {
	s := start(t, t.TempDir())
	good := func(n int) string { return fmt.Sprintf("<13>1 - - good%d - - - fine\n", n) }
	sendTCP(t, s.Addr("syslog"), good(1)+"<999>1 broken\n"+good(2)+"<13>1 "+strings.Repeat("x", 1<<20)+"\n"+good(3)+"<13>1 - - bad\xff\xfe - - - utf\xff8\n"+good(4))
	for i := range 4 {
		apptest.Eventually(t, "the neighbours are filed", func() bool { return len(s.Logs(fmt.Sprintf("component:good%d", i+1))) == 1 })
	}
	rejected(t, s, "longer than the limit")
}
