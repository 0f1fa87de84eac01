package sockets

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/telemetry"
)

// machine is a made-up kernel with sockets, and processes that hold them.
type machine struct {
	t         *testing.T
	root      string
	c         *Collector
	tcp       []row
	udp       []row
	contained []row // in each container's network
	groups    map[int]string
	report    host.Report
	missing   []string
	refuse    error
}

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, root: t.TempDir(), groups: map[int]string{}}
	m.c = New(Options{
		Root: m.root, Clock: clock.NewManual(time.Unix(0, 0)), Telemetry: &telemetry.Set{},
		GroupOf: func(pid int) string { return m.groups[pid] },
		Report:  func(r host.Report) { m.report = r },
		Missing: func(what string, err error) { m.missing = append(m.missing, what) },
		ask: func(protocol byte, states uint32, visit func(*row)) error {
			rows := m.tcp
			if protocol == udp {
				rows = m.udp
			}
			for _, r := range rows {
				if states&(1<<r.state) != 0 {
					visit(&r)
				}
			}
			return m.refuse
		},
		within: func(paths []string, _ uint32, visit func(int, *row)) error {
			for i := range paths {
				for _, r := range m.contained {
					visit(i, &r)
				}
			}
			return nil
		},
	})
	t.Cleanup(m.c.owners.close)
	m.process(1, "init.scope")
	return m
}

// process puts a process there that holds sockets.
func (m *machine) process(pid int, group string, inodes ...int) {
	m.t.Helper()
	m.groups[pid] = group
	dir := filepath.Join(m.root, "proc", strconv.Itoa(pid), "fd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		m.t.Fatal(err)
	}
	for _, inode := range inodes {
		if err := os.Symlink(fmt.Sprintf("socket:[%d]", inode), filepath.Join(dir, strconv.Itoa(inode))); err != nil {
			m.t.Fatal(err)
		}
	}
}

// socket is a row whose id is its inode; one in TIME_WAIT is held by nobody.
func socketOf(state byte, inode int, local, remote string) row {
	r := row{state: state, inode: uint64(inode), id: uint64(inode), local: netip.MustParseAddrPort(local), remote: netip.MustParseAddrPort(remote)}
	if state == timeWait {
		r.inode = 0
	}
	return r
}

func (m *machine) sweep() []host.Connection {
	m.t.Helper()
	m.report = host.Report{}
	m.c.step()
	return m.report.Connections
}

func (m *machine) expect(want ...host.Connection) {
	m.t.Helper()
	got := m.sweep()
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		m.t.Errorf("connections\n%+v, want\n%+v", got, want)
	}
}

const anywhere = "0.0.0.0:0"

func TestDirectionIsThatOfWhoAsked(t *testing.T) {
	m := newMachine(t)
	m.process(10, "nginx.service", 1, 2)
	m.process(20, "app.service", 3)
	in := socketOf(established, 2, "10.0.0.1:443", "10.0.0.9:40001")
	out := socketOf(established, 3, "10.0.0.1:40002", "10.0.0.5:5432")
	in.rtt, out.rtt = 1, 2
	m.tcp = []row{socketOf(listen, 1, "0.0.0.0:443", anywhere), in, out}
	m.expect(
		host.Connection{Group: "app.service", Remote: "10.0.0.5", Port: 5432, Sockets: 1, RTT: 2},
		host.Connection{Group: "nginx.service", Inbound: true, Remote: "10.0.0.9", Port: 443, Sockets: 1, RTT: 1})
	want := host.Listener{Group: "nginx.service", Protocol: "tcp", Address: "0.0.0.0", Port: 443}
	if len(m.report.Listeners) != 1 || m.report.Listeners[0] != want {
		t.Errorf("listeners %+v", m.report.Listeners)
	}
}

func TestSocketsToOneEndAreSummedAndCountedSinceTheSweepBefore(t *testing.T) {
	m := newMachine(t)
	m.process(20, "app.service", 1, 2, 3)
	with := func(inode int, rtt float64, n uint64) row {
		r := socketOf(established, inode, "10.0.0.1:4000"+strconv.Itoa(inode), "10.0.0.5:5432")
		r.rtt, r.counters = rtt, counters{n, 10 * n, 100 * n, 1000 * n}
		return r
	}
	m.tcp = []row{with(1, 9, 5), with(2, 1, 5)}
	m.expect(host.Connection{Group: "app.service", Remote: "10.0.0.5", Port: 5432, Sockets: 2, RTT: 1})
	m.tcp = []row{with(1, 9, 6), with(2, 1, 5), with(3, 2, 2)} // the third is new: all it did counts
	m.expect(host.Connection{
		Group: "app.service", Remote: "10.0.0.5", Port: 5432, Sockets: 3, RTT: 2, Retransmits: 3, Segments: 30, Sent: 300, Received: 3000,
	})
	m.tcp = []row{with(1, 9, 6)}
	m.expect(host.Connection{Group: "app.service", Remote: "10.0.0.5", Port: 5432, Sockets: 1, RTT: 9})
	if len(m.c.known) != 1 {
		t.Errorf("%d sockets are remembered, want 1", len(m.c.known))
	}
}

func TestShortConnectionsCountOnce(t *testing.T) {
	m := newMachine(t)
	m.process(10, "nginx.service", 1)
	m.process(20, "app.service", 2, 3)
	server := socketOf(listen, 1, "[::]:443", "[::]:0")
	open, pool := socketOf(established, 2, "10.0.0.1:40002", "10.0.0.5:5432"), socketOf(established, 3, "10.0.0.1:40003", "10.0.0.5:5432")
	m.tcp = []row{server, open, pool}
	m.sweep()
	m.tcp = []row{
		server, pool,
		socketOf(timeWait, 2, "10.0.0.1:40002", "10.0.0.5:5432"), // was counted while it was open
		socketOf(timeWait, 4, "10.0.0.1:40004", "10.0.0.5:5432"), // as app.service does
		socketOf(timeWait, 5, "10.0.0.1:443", "10.0.0.9:50000"),
		socketOf(timeWait, 6, "10.0.0.1:40006", "10.0.0.8:25"), // nobody knows whose
	}
	m.expect(
		host.Connection{Group: "app.service", Remote: "10.0.0.5", Port: 5432, Sockets: 2},
		host.Connection{Remote: "10.0.0.8", Port: 25, Sockets: 1},
		host.Connection{Group: "nginx.service", Inbound: true, Remote: "10.0.0.9", Port: 443, Sockets: 1})
	m.expect(host.Connection{Group: "app.service", Remote: "10.0.0.5", Port: 5432, Sockets: 1})
}

func TestWithinTheHostOnlyLinksBetweenGroupsAreKept(t *testing.T) {
	m := newMachine(t)
	m.process(10, "postgresql.service", 1, 2)
	m.process(20, "app.service", 3)
	m.process(30, "alone.service", 5, 6)
	m.tcp = []row{
		socketOf(listen, 1, "127.0.0.1:5432", anywhere),
		socketOf(established, 2, "127.0.0.1:5432", "127.0.0.1:40003"),
		socketOf(established, 3, "127.0.0.1:40003", "127.0.0.1:5432"),
		socketOf(listen, 4, "127.0.0.1:9999", anywhere), // in another's hands
		socketOf(established, 5, "127.0.0.1:40005", "127.0.0.1:9999"),
		socketOf(established, 6, "127.0.0.1:40006", "127.0.0.1:40005"),
	}
	m.expect(
		host.Connection{Group: "app.service", Remote: "127.0.0.1", Port: 5432, Sockets: 1},
		host.Connection{Group: "postgresql.service", Inbound: true, Remote: "127.0.0.1", Port: 5432, Sockets: 1})
}

func TestWhatCameInStaysSoWhenNobodyListensAnyMore(t *testing.T) {
	m := newMachine(t)
	m.process(10, "sshd", 2)
	m.tcp = []row{socketOf(established, 2, "10.0.0.1:22", "10.0.0.9:50000")}
	m.expect(host.Connection{Group: "sshd", Inbound: true, Remote: "10.0.0.9", Port: 22, Sockets: 1})
}

func TestSocketsOfServicesStartedOnDemandMoveToThem(t *testing.T) {
	m := newMachine(t)
	m.process(1, "init.scope", 1)
	m.tcp = []row{socketOf(listen, 1, "0.0.0.0:80", anywhere)}
	m.sweep()
	if l := m.report.Listeners; len(l) != 1 || l[0].Group != "init.scope" {
		t.Errorf("listeners %+v", l)
	}
	m.process(50, "web.service", 1)
	for range again {
		m.sweep()
	}
	if l := m.report.Listeners; len(l) != 1 || l[0].Group != "web.service" {
		t.Errorf("listeners %+v after it started", l)
	}
}

func TestOnlyTheBusiestConnectionsAreReported(t *testing.T) {
	m := newMachine(t)
	m.process(10, "web", 1)
	m.tcp = []row{socketOf(listen, 1, "0.0.0.0:80", anywhere)}
	for i := range maxConnections + 7 {
		m.tcp = append(m.tcp, socketOf(established, 100+i, "10.0.0.1:80", fmt.Sprintf("10.1.%d.%d:5000", i/250, i%250)))
	}
	last := &m.tcp[len(m.tcp)-1]
	m.sweep()
	last.sent = 1 << 20
	got := m.sweep()
	if len(got) != maxConnections || got[0].Sent != 1<<20 || m.c.cut.Value() != 14 {
		t.Errorf("%d connections, the first %+v, %d cut", len(got), got[0], m.c.cut.Value())
	}
}

func TestSocketsThatNobodyHoldsAreGivenUp(t *testing.T) {
	m := newMachine(t)
	m.tcp = []row{socketOf(established, 7, "10.0.0.1:900", "10.0.0.5:2049")} // the kernel's own, of NFS
	for range maxRounds + 3 {
		m.expect(host.Connection{Remote: "10.0.0.5", Port: 2049, Sockets: 1})
	}
	if n := m.c.owners.rounds; n != maxRounds+1 {
		t.Errorf("all processes were asked %d times", n)
	}
}

func TestOpenFilesOfASweepAreBounded(t *testing.T) {
	m := newMachine(t)
	m.process(10, "busy")
	o := &m.c.owners
	if err := errors.Join(o.open(), os.MkdirAll(filepath.Join(m.root, "proc/11/fd"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		m.process(11, "rest", 1000+i)
	}
	if left := o.ask(11, 4, map[uint64]int{5: 0}, nil); left != 0 {
		t.Errorf("%d links left of 4, with 10 files", left)
	}
}

func TestPickedPortsOfUDPAreNoListeners(t *testing.T) {
	m := newMachine(t)
	m.process(10, "named.service", 1, 2)
	if err := os.MkdirAll(filepath.Join(m.root, "proc/sys/net/ipv4"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.root, "proc/sys/net/ipv4/ip_local_port_range"), []byte("20000\t30000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	m.udp = []row{socketOf(closed, 1, "0.0.0.0:53", anywhere), socketOf(closed, 2, "0.0.0.0:25000", anywhere)}
	m.sweep()
	want := host.Listener{Group: "named.service", Protocol: "udp", Address: "0.0.0.0", Port: 53}
	if l := m.report.Listeners; len(l) != 1 || l[0] != want {
		t.Errorf("listeners %+v", l)
	}
}

func TestContainersWithANetworkOfTheirOwnAreSeen(t *testing.T) {
	m := newMachine(t)
	m.process(10, "web", 1)
	network := func(pid, inode int) {
		t.Helper()
		dir := filepath.Join(m.root, "proc", strconv.Itoa(pid), "ns")
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.Symlink(fmt.Sprintf("net:[%d]", inode), filepath.Join(dir, "net"))); err != nil {
			t.Fatal(err)
		}
	}
	m.process(20, "docker:shop/api", 2, 3)
	m.process(30, "lxc:machine", 9)
	network(10, 1)
	network(20, 7)
	network(30, 8) // a machine, with an agent of its own
	if err := os.Symlink(filepath.Join(m.root, "proc/10"), filepath.Join(m.root, "proc/self")); err != nil {
		t.Fatal(err)
	}
	m.tcp = []row{socketOf(listen, 1, "0.0.0.0:80", anywhere)}
	m.contained = []row{
		socketOf(listen, 2, "0.0.0.0:5000", anywhere),
		socketOf(established, 3, "172.17.0.2:40001", "10.0.0.7:5432"),
		socketOf(established, 4, "172.17.0.2:80", "10.0.0.9:5432"), // our listener is in another network
		socketOf(established, 5, "127.0.0.1:5000", "127.0.0.1:40002"),
		socketOf(established, 6, "172.17.0.2:5000", "172.17.0.1:40003"),
	}
	m.process(20, "docker:shop/api", 4)
	m.expect(
		host.Connection{Group: "docker:shop/api", Remote: "10.0.0.7", Port: 5432, Sockets: 1},
		host.Connection{Group: "docker:shop/api", Remote: "10.0.0.9", Port: 5432, Sockets: 1},
		host.Connection{Group: "docker:shop/api", Inbound: true, Remote: "172.17.0.1", Port: 5000, Sockets: 1})
	if l := m.report.Listeners; len(l) != 1 || l[0].Port != 80 {
		t.Errorf("listeners %+v", l)
	}
}

func TestTheTablesAreReadWhereSockDiagIsRefused(t *testing.T) {
	m := newMachine(t)
	m.process(10, "web", 4711)
	m.refuse = syscall.ENOENT
	m.sweep()
	if fmt.Sprint(m.missing) != "[sock_diag sockets]" {
		t.Errorf("without tables: missing %v", m.missing)
	}
	text := "  sl  local_address rem_address   st\n" +
		"   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n" +
		"   1: 0100000A:0050 0200000A:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n" +
		"   2: 0100000A:0050 0200000A:D432 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1\n"
	if err := errors.Join(os.MkdirAll(filepath.Join(m.root, "proc/net"), 0o755), os.WriteFile(filepath.Join(m.root, "proc/net/tcp"), []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	m.expect(host.Connection{Group: "web", Inbound: true, Remote: "10.0.0.2", Port: 80, Sockets: 2})
	m.expect(host.Connection{Group: "web", Inbound: true, Remote: "10.0.0.2", Port: 80, Sockets: 1})
}

func TestThePauseIsAskedForEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sweeps := make(chan host.Report)
		pause := time.Minute
		c := New(Options{
			Root: t.TempDir(), Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Report: func(r host.Report) { sweeps <- r },
			Every: func() time.Duration { pause *= 2; return pause }, ask: func(byte, uint32, func(*row)) error { return nil }, within: new(diag).within,
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		began := time.Now()
		for _, want := range []time.Duration{FirstAfter, FirstAfter + 2*time.Minute, FirstAfter + 6*time.Minute} {
			if r := <-sweeps; r.Connections == nil || r.Listeners == nil || time.Since(began) != want {
				t.Errorf("%+v after %v, want %v", r, time.Since(began), want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
