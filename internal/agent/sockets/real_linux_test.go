package sockets

import (
	"bufio"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/telemetry"
)

// TestChild is no test: it is what the tests run in another process, in another
// network namespace. It prints a line when it is ready and ends with its input.
func TestChild(t *testing.T) {
	kind, address, _ := strings.Cut(os.Getenv("PATOU_SOCKETS_CHILD"), " ")
	var open []io.Closer
	switch kind {
	case "serve":
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go echo(l)
		open = append(open, l)
	case "dial":
		for range 3 {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				_, err = conn.Write(make([]byte, 10_000))
			}
			if err == nil {
				_, err = io.ReadFull(conn, make([]byte, 10_000))
			}
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, conn)
		}
	default:
		t.Skip("run by other tests")
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	for _, c := range open {
		_ = c.Close()
	}
}

func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(conn, conn) }()
	}
}

func sh(t testing.TB, command string, args ...string) {
	t.Helper()
	if out, err := exec.Command(command, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", command, args, err, out)
	}
}

// namespaces makes two network namespaces with a link between them, 10.98.0.1
// and 10.98.0.2.
func namespaces(t testing.TB) (a, b string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("there is no ip to make network namespaces with")
	}
	a, b = fmt.Sprintf("patou-a-%d", os.Getpid()), fmt.Sprintf("patou-b-%d", os.Getpid())
	for _, name := range []string{a, b} {
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Skipf("network namespaces cannot be made here: %s", out)
		}
		t.Cleanup(func() { sh(t, "ip", "netns", "del", name) })
	}
	sh(t, "ip", "link", "add", "pa", "netns", a, "type", "veth", "peer", "name", "pb", "netns", b)
	for i, link := range [][2]string{{a, "pa"}, {b, "pb"}} {
		sh(t, "ip", "-n", link[0], "address", "add", fmt.Sprintf("10.98.0.%d/24", i+1), "dev", link[1])
		sh(t, "ip", "-n", link[0], "link", "set", link[1], "up")
		sh(t, "ip", "-n", link[0], "link", "set", "lo", "up")
	}
	return a, b
}

// child runs TestChild in a namespace; it has ended when the test has.
func child(t testing.TB, namespace, kind string) int {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", namespace, os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "PATOU_SOCKETS_CHILD="+kind)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _, _ = io.Copy(io.Discard, out); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("%s in %s said %q, %v", kind, namespace, line, err)
	}
	return cmd.Process.Pid // ip becomes what it runs
}

// inside calls f in a network namespace.
func inside(t testing.TB, namespace string, f func()) {
	t.Helper()
	there, err := os.Open(filepath.Join("/run/netns", namespace))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its namespace
		err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("entering %s: %v", namespace, err)
	}
}

func TestBothEndsOfARealLinkAreTold(t *testing.T) {
	a, b := namespaces(t)
	server := child(t, a, "serve 10.98.0.1:8420")
	groups := map[int]string{server: "server.service"}
	sweep := func(namespace string) (r host.Report) {
		c := New(Options{
			Clock: clock.Real{}, Telemetry: &telemetry.Set{}, GroupOf: func(pid int) string { return groups[pid] },
			Report: func(got host.Report) { r = got }, Missing: func(what string, err error) { t.Errorf("%s: %v", what, err) },
		})
		defer c.owners.close()
		inside(t, namespace, func() {
			c.step()
			dialler := child(t, b, "dial 10.98.0.1:8420")
			groups[dialler] = "client.service"
			c.step()
		})
		return r
	}
	check := func(r host.Report, want host.Connection) {
		t.Helper()
		if len(r.Connections) != 1 {
			t.Fatalf("connections %+v", r.Connections)
		}
		got := r.Connections[0]
		if got.RTT <= 0 || got.RTT > 1000 || got.Segments < 6 || got.Sent < 30_000 || got.Sent > 30_100 || got.Received < 30_000 || got.Received > 30_100 {
			t.Errorf("counted %+v", got)
		}
		got.RTT, got.Segments, got.Sent, got.Received, got.Retransmits = 0, 0, 0, 0, 0
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	check(sweep(b), host.Connection{Group: "client.service", Remote: "10.98.0.1", Port: 8420, Sockets: 3})
	r := sweep(a)
	want := host.Listener{Group: "server.service", Protocol: "tcp", Address: "10.98.0.1", Port: 8420}
	if len(r.Listeners) != 1 || r.Listeners[0] != want {
		t.Errorf("listeners %+v", r.Listeners)
	}
	// Three were open before, and count nothing of what they did.
	check(r, host.Connection{Group: "server.service", Inbound: true, Remote: "10.98.0.2", Port: 8420, Sockets: 6})
}

func TestATableThatIsReadNaivelySaysTheSame(t *testing.T) {
	a, _ := namespaces(t)
	inside(t, a, func() {
		l, err := net.Listen("tcp", "[::]:8421")
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		go echo(l)
		for range 20 {
			conn, err := net.Dial("tcp", "127.0.0.1:8421")
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
		}
		name := func(r *row) string { return fmt.Sprint(r.state, r.local, r.remote, r.inode) }
		var asked, read []string
		const steady = 1<<established | 1<<listen // all else changes meanwhile
		if err := new(diag).dump(tcp, steady, func(r *row) { asked = append(asked, name(r)) }); err != nil {
			t.Error(err)
		}
		naive := &table{root: "/", seed: maphash.MakeSeed()}
		// The process's own /proc/net is of its first thread's namespace.
		root := t.TempDir()
		text6, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/tcp6", unix.Gettid()))
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/tcp", unix.Gettid()))
		_ = os.MkdirAll(filepath.Join(root, "proc/net"), 0o755)
		if err != nil || os.WriteFile(filepath.Join(root, "proc/net/tcp"), text, 0o644) != nil || os.WriteFile(filepath.Join(root, "proc/net/tcp6"), text6, 0o644) != nil {
			t.Error(err)
		}
		naive.root = root
		if err := naive.dump("tcp", steady, func(r *row) { read = append(read, name(r)) }); err != nil {
			t.Error(err)
		}
		slices.Sort(asked)
		slices.Sort(read)
		if len(asked) != 41 || !slices.Equal(asked, read) {
			t.Errorf("sock_diag gives %d sockets\n%v\nthe tables %d\n%v", len(asked), asked, len(read), read)
		}
	})
}

func TestARealContainersLinkIsSeenFromItsHost(t *testing.T) {
	a, b := namespaces(t)
	groups := map[int]string{child(t, a, "serve 10.98.0.1:8420"): "docker:server", child(t, b, "dial 10.98.0.1:8420"): "docker:client"}
	var r host.Report
	c := New(Options{
		Clock: clock.Real{}, Telemetry: &telemetry.Set{}, GroupOf: func(pid int) string { return groups[pid] },
		Report: func(got host.Report) { r = got }, Missing: func(what string, err error) { t.Errorf("%s: %v", what, err) },
	})
	defer c.owners.close()
	before, _ := os.Readlink("/proc/thread-self/ns/net")
	c.step()
	after, _ := os.Readlink("/proc/thread-self/ns/net")
	var got []string
	for _, k := range r.Connections {
		if strings.HasPrefix(k.Group, "docker:") {
			got = append(got, fmt.Sprint(k.Group, " ", k.Inbound, " ", k.Remote, " ", k.Port, " ", k.Sockets))
		}
	}
	if want := []string{"docker:client false 10.98.0.1 8420 3", "docker:server true 10.98.0.2 8420 3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if before != after {
		t.Errorf("the thread went from %s to %s", before, after)
	}
}

func TestSlowLinksShowTheirRoundTrips(t *testing.T) {
	a, b := namespaces(t)
	if out, err := exec.Command("ip", "netns", "exec", a, "tc", "qdisc", "add", "dev", "pa", "root", "netem", "delay", "30ms").CombinedOutput(); err != nil {
		t.Skipf("links cannot be slowed here: %s", out)
	}
	child(t, a, "serve 10.98.0.1:8420")
	child(t, b, "dial 10.98.0.1:8420")
	var r host.Report
	c := New(Options{Clock: clock.Real{}, Telemetry: &telemetry.Set{}, GroupOf: strconv.Itoa, Report: func(got host.Report) { r = got }})
	defer c.owners.close()
	inside(t, b, c.step)
	if len(r.Connections) != 1 || r.Connections[0].RTT < 30 || r.Connections[0].RTT > 200 {
		t.Errorf("%+v, want 30 ms", r.Connections)
	}
}

// BenchmarkSweep tells the time of a processor for a sweep over 8,000 sockets.
func BenchmarkSweep(b *testing.B) {
	limit := unix.Rlimit{}
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur < 9000 {
		b.Skip("8,000 sockets need more open files")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go echo(l)
	for range 4000 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
	}
	cpu := func() time.Duration {
		var r unix.Rusage
		_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	run := func(name string, step func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpu()
			for b.Loop() {
				step()
			}
			each := float64(cpu()-began) / float64(b.N)
			b.ReportMetric(each/1e6, "cpu-ms/sweep")
			b.ReportMetric(100*each/float64(Interval), "%core")
		})
	}
	c := New(Options{Clock: clock.Real{}, Telemetry: &telemetry.Set{}, GroupOf: strconv.Itoa})
	defer c.owners.close()
	fresh := func() *Collector {
		return New(Options{Clock: clock.Real{}, Telemetry: &telemetry.Set{}, GroupOf: strconv.Itoa})
	}
	run("first", func() { n := fresh(); n.step(); n.owners.close() })
	run("again", c.step)
	run("tables", func() { _ = c.table.dump("tcp", wantedStates, func(*row) {}) })
	if n := len(c.rows); n < 8000 {
		b.Errorf("%d sockets", n)
	}
}
