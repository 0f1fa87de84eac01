//go:build real

package real

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The network that machines of a test stand in: one switch, which this machine
// has an address at too. It is made, and taken away, by the tests.
const (
	bridge  = "patou0"
	network = "10.77.41."
	here    = network + "1"
)

// atEnd runs a command when the test has ended, which ends its context too.
func atEnd(t *testing.T, name string, args ...string) {
	t.Helper()
	path := find(t, name)
	t.Cleanup(func() {
		if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
			t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	})
}

// machine is a Debian of its own over the files of this one: systemd as process
// 1, its own units, journal, name, machine-id, boot-id and network. What it
// changes is gone with it.
type machine struct {
	t       *testing.T
	whole   *testing.T // what it is started for ends with it
	name    string
	address string
	root    string // its files, as this machine sees them
	leader  int    // its process 1
	cmd     *exec.Cmd
	ended   chan struct{}
}

// bootTime is how long a machine may take until its units run.
const bootTime = 60 * time.Second

// newNetwork makes the switch.
func newNetwork(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("machines of their own need root")
	}
	_ = exec.Command(find(t, "ip"), "link", "del", bridge).Run() // of a test that was killed
	// Without an address of its own the switch takes that of a machine, and has
	// another one when that machine has gone.
	run(t, "ip", "link", "add", bridge, "address", "02:00:00:00:41:01", "type", "bridge")
	atEnd(t, "ip", "link", "del", bridge)
	run(t, "ip", "address", "add", here+"/24", "dev", bridge)
	run(t, "ip", "link", "set", bridge, "up")
}

// prepare makes a machine's files: this machine's, without the units that
// start by themselves but for those named, and with files of its own.
func prepare(t *testing.T, name string, number int, units []string, files map[string]string) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t: t, whole: t, name: name, address: network + strconv.Itoa(number), root: filepath.Join(dir, "root")}
	upper := filepath.Join(dir, "upper")
	for _, d := range []string{m.root, upper} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// An overlay cannot have its upper side on another overlay.
	run(t, "mount", "-t", "tmpfs", "tmpfs", upper)
	atEnd(t, "umount", "-l", upper)
	for _, d := range []string{"files", "work"} {
		if err := os.Mkdir(filepath.Join(upper, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "mount", "-t", "overlay", "overlay", "-o",
		fmt.Sprintf("lowerdir=/,upperdir=%s/files,workdir=%s/work", upper, upper), m.root)
	atEnd(t, "umount", "-l", m.root)
	m.clean(units)
	m.put("/etc/hostname", name+"\n")
	m.put("/etc/machine-id", fmt.Sprintf("%032x\n", 0xfeed0000+number))
	for path, text := range files {
		m.put(path, text)
	}
	return m
}

// clean leaves of the units that start by themselves those named.
func (m *machine) clean(units []string) {
	m.t.Helper()
	wants, err := filepath.Glob(filepath.Join(m.root, "etc/systemd/system/*.wants/*"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, w := range wants {
		if err := os.Remove(w); err != nil {
			m.t.Fatal(err)
		}
	}
	for _, u := range units {
		link := filepath.Join(m.root, "etc/systemd/system/multi-user.target.wants", u)
		_ = os.MkdirAll(filepath.Dir(link), 0o755)
		if err := os.Symlink("/lib/systemd/system/"+u, link); err != nil {
			m.t.Fatal(err)
		}
	}
	// They need what a machine without hardware lacks.
	for _, u := range []string{"console-getty.service", "getty@.service", "systemd-udevd.service", "systemd-resolved.service"} {
		link := filepath.Join(m.root, "etc/systemd/system", u)
		_ = os.Remove(link)
		if err := os.Symlink("/dev/null", link); err != nil {
			m.t.Fatal(err)
		}
	}
}

// put writes a file of the machine.
func (m *machine) put(path, text string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.RemoveAll(path), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		m.t.Fatal(err)
	}
}

// remove takes files of the machine away.
func (m *machine) remove(pattern string) {
	m.t.Helper()
	paths, err := filepath.Glob(filepath.Join(m.root, pattern))
	for _, path := range paths {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// install copies a program into the machine.
func (m *machine) install(program, path string) {
	m.t.Helper()
	text, err := os.ReadFile(program)
	if err != nil {
		m.t.Fatal(err)
	}
	m.put(path, string(text))
	if err := os.Chmod(filepath.Join(m.root, path), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// boot starts the machine and gives it its address.
func (m *machine) boot() {
	m.t.Helper()
	m.cmd = exec.Command(find(m.t, "systemd-nspawn"), "--quiet", "--boot", "--directory", m.root, "--machine", m.name,
		"--hostname", m.name, "--register=no", "--keep-unit", "--network-bridge="+bridge, "--console=pipe", "--link-journal=no")
	var out strings.Builder // read when the machine has ended
	m.cmd.Stdout, m.cmd.Stderr = &out, &out
	m.cmd.WaitDelay = stopTime
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan struct{})
	m.ended = ended
	cmd := m.cmd
	go func() { _ = cmd.Wait(); close(ended) }()
	t := m.whole
	t.Cleanup(func() {
		m.pull(ended)
		if t.Failed() {
			t.Logf("%s printed:\n%s", m.name, out.String())
		}
	})
	m.leader = m.findLeader()
	m.sh("ip link set lo up; ip link set host0 up; ip address add " + m.address + "/24 dev host0")
	m.until("its units run", "systemctl is-system-running | grep -E 'running|degraded'")
}

// reboot has the machine start again, with the files that it has. As no unit is
// around it, systemd-nspawn leaves the second half to who started it.
func (m *machine) reboot() {
	m.t.Helper()
	m.end("reboot")
	m.boot()
}

// findLeader waits for the machine's process 1: systemd-nspawn's one child.
func (m *machine) findLeader() int {
	m.t.Helper()
	pid := m.cmd.Process.Pid
	path := fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)
	for range eachTenth(m.t, bootTime) {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		child, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			continue
		}
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child))
		if strings.TrimSpace(string(name)) == "systemd" && m.try("systemctl is-system-running --wait=no; test -S /run/systemd/private", child) == nil {
			return child
		}
	}
	m.t.Fatalf("%s did not start", m.name)
	return 0
}

// eachTenth gives a tick each tenth of a second for so long.
func eachTenth(t *testing.T, patience time.Duration) <-chan time.Time {
	ticks := make(chan time.Time)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	go func() {
		defer cancel()
		defer close(ticks)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				select {
				case ticks <- now:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ticks
}

func (m *machine) command(script string, leader int) *exec.Cmd {
	return exec.Command(find(m.t, "nsenter"), "--all", "--target", strconv.Itoa(leader), "--root", "--wd", "/bin/sh", "-c", script)
}

func (m *machine) try(script string, leader int) error { return m.command(script, leader).Run() }

// sh runs a script on the machine and returns what it printed.
func (m *machine) sh(script string) string {
	m.t.Helper()
	out, err := m.command(script, m.leader).CombinedOutput()
	if err != nil {
		m.t.Fatalf("on %s: %s: %v\n%s", m.name, script, err, out)
	}
	return string(out)
}

// until waits for a script to say yes.
func (m *machine) until(what, script string) {
	m.t.Helper()
	for range eachTenth(m.t, bootTime) {
		if m.try(script, m.leader) == nil {
			return
		}
	}
	out, _ := m.command(script+"; systemctl --failed --no-pager; journalctl -n 30 --no-pager", m.leader).CombinedOutput()
	m.t.Fatalf("%s: %s did not come about\n%s", m.name, what, out)
}

// off switches the machine off, as its power button would.
func (m *machine) off() { m.t.Helper(); m.end("poweroff") }

// end tells the machine to end, and waits until it has.
func (m *machine) end(how string) {
	m.t.Helper()
	_ = m.try("systemctl "+how, m.leader) // it may end before the command does
	select {
	case <-m.ended:
	case <-time.After(bootTime):
		m.t.Fatalf("%s did not end by %s", m.name, how)
	}
}

// pull takes its power away.
func (m *machine) pull(ended <-chan struct{}) {
	select {
	case <-ended:
		return
	default:
	}
	_ = syscall.Kill(m.leader, syscall.SIGKILL)
	select {
	case <-ended:
	case <-time.After(stopTime):
		_ = m.cmd.Process.Kill()
		<-ended
	}
}

// cut takes the machine's cable out, mend puts it back.
func (m *machine) cut()  { m.t.Helper(); run(m.t, "ip", "link", "set", "vb-"+m.name, "down") }
func (m *machine) mend() { m.t.Helper(); run(m.t, "ip", "link", "set", "vb-"+m.name, "up") }
