package vitals

import (
	"net"
	"os"
	"slices"
	"testing"
	"time"
)

// hostOf writes a host's files and returns their root.
func hostOf(t *testing.T, texts map[string]string) string {
	m := newMachine(t)
	m.writeAll(texts)
	return m.root
}

func TestFactsAreThoseOfTheFiles(t *testing.T) {
	f := Facts(hostOf(t, example(t)))
	if f.OS != "Debian GNU/Linux 12 (bookworm)" || f.Kernel != "6.12.3-amd64" || f.CPUs != 2 || f.CPU != "Made Up CPU @ 2.60GHz" {
		t.Errorf("got %+v", f)
	}
	if f.Memory != 8123456*1024 || f.Container != "" || f.Arch == "" || !f.Started.Equal(time.Unix(1790000000, 0)) {
		t.Errorf("got %+v", f)
	}
	for _, a := range f.Addresses {
		if ip := net.ParseIP(a); ip == nil || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			t.Errorf("address %q", a)
		}
	}
	if f := Facts(t.TempDir()); f.OS != "" || f.CPUs != 0 || !f.Started.IsZero() {
		t.Errorf("of nothing: %+v", f)
	}
}

func TestAContainerIsKnownByItsMarks(t *testing.T) {
	is := func(kind, path, text string) {
		t.Helper()
		if got := files(hostOf(t, map[string]string{path: text})).container(); got != kind {
			t.Errorf("%s %q: %q, want %q", path, text, got, kind)
		}
	}
	is("systemd-nspawn", "run/systemd/container", "systemd-nspawn\n")
	is("docker", ".dockerenv", "")
	is("podman", "run/.containerenv", "")
	is("lxc", "proc/1/environ", "TERM=linux\x00container=lxc\x00")
	is("kubernetes", "proc/1/cgroup", "0::/kubepods/burstable/pod1\n")
	is("docker", "proc/1/cgroup", "12:cpu:/docker/0a1b\n")
	is("", "proc/1/cgroup", "0::/init.scope\n")
	m := newMachine(t) // whose disk was made from a container's image
	m.write(".dockerenv", "")
	m.write("proc/1/ns/x", "")
	if err := os.Symlink(firstProcesses, m.root+"/proc/1/ns/pid"); err != nil {
		t.Fatal(err)
	}
	if got := files(m.root).container(); got != "" {
		t.Errorf("a machine is a %q", got)
	}
}

func TestAMachineIsKnownByItsId(t *testing.T) {
	const board = "4c4c4544-0042-4a10-8051-b4c04f4e3332"
	all := example(t)
	id := Identity(hostOf(t, all))
	if id.Machine != "0123456789abcdef0123456789abcdef" || id.Boot != "5f0c1d2e3a4b4c5d8e6f708192a3b4c5" || id.Instance+id.Name != "" {
		t.Errorf("got %+v", id)
	}
	all["etc/machine-id"] = "uninitialized\n"
	all["var/lib/dbus/machine-id"] = "fedcba9876543210fedcba9876543210\n"
	if id := Identity(hostOf(t, all)); id.Machine != "fedcba9876543210fedcba9876543210" {
		t.Errorf("by D-Bus: %+v", id)
	}
	delete(all, "var/lib/dbus/machine-id")
	seen := map[string]string{}
	differs := func(by string) {
		t.Helper()
		root := hostOf(t, all)
		id := Identity(root).Machine
		if bare(id) == "" || seen[id] != "" || id != Identity(root).Machine {
			t.Errorf("by %s: %q, the same as by %q", by, id, seen[id])
		}
		seen[id] = by
	}
	all["sys/class/dmi/id/product_uuid"] = board
	differs("board")
	all[".dockerenv"] = "" // where the board is the host's
	differs("address, in a container")
	all["sys/class/net/eth0/addr_assign_type"] = "3"
	differs("name")
	all["proc/sys/kernel/hostname"] = "web-2"
	differs("another name")
	delete(all, "proc/sys/kernel/hostname")
	differs("the system's name")
}

func TestARunIsKnownWithoutItsId(t *testing.T) {
	all := example(t)
	delete(all, "proc/sys/kernel/random/boot_id")
	one := Identity(hostOf(t, all)).Boot
	all["proc/stat"] = "btime 1790000001\n"
	if two := Identity(hostOf(t, all)).Boot; bare(one) == "" || bare(two) == "" || one == two {
		t.Errorf("%q and %q", one, two)
	}
	if bare("00000000-0000-0000-0000-000000000000") != "" {
		t.Error("no id is one")
	}
}

func TestThisHostHasFactsAndAnIdentity(t *testing.T) {
	if _, err := os.Stat("/proc/stat"); err != nil {
		t.Skip("skipped 1 test: this system offers no vitals")
	}
	if f := Facts(""); f.CPUs == 0 || f.Memory == 0 || f.Kernel == "" || f.Started.IsZero() || slices.Contains(f.Addresses, "127.0.0.1") {
		t.Errorf("got %+v", f)
	}
	if id := Identity(""); bare(id.Machine) == "" || bare(id.Boot) == "" || id != Identity("/") {
		t.Errorf("got %+v", id)
	}
}

func TestBelowAnotherRootTheNameIsThatOfTheHostsFile(t *testing.T) {
	if got := Name(hostOf(t, map[string]string{"etc/hostname": "web-1\n"})); got != "web-1" {
		t.Errorf("got %q", got)
	}
	own, _ := os.Hostname()
	for _, root := range []string{"", "/", t.TempDir()} {
		if got := Name(root); got != own {
			t.Errorf("below %q: %q, want %q", root, got, own)
		}
	}
}
