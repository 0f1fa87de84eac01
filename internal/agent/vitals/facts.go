package vitals

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"patou/internal/host"
)

// Facts are what changes rarely about the host whose files are below root; ""
// is "/". What cannot be found out stays empty. The agent's own, its version,
// start and labels, are left to it. The addresses are those that this process
// can see: in a container without the host's network, the container's.
func Facts(root string) host.Facts {
	f := files(root)
	stat := f.read("proc/stat")
	return host.Facts{
		OS: f.system(), Kernel: f.line("proc/sys/kernel/osrelease"), Arch: runtime.GOARCH,
		CPUs: processorCount(stat), CPU: f.processor(), Memory: f.memory(),
		Container: f.container(), Addresses: addresses(), Started: started(stat),
	}
}

// files reads small files below a root; one that is missing is empty.
type files string

func (f files) path(name string) string { return filepath.Join("/", string(f), name) }

func (f files) read(name string) []byte {
	text, _ := os.ReadFile(f.path(name))
	return text
}

func (f files) line(name string) string {
	line, _ := nextLine(f.read(name))
	return string(bytes.TrimSpace(line))
}

// value is what follows a key and a separator, "" when no line has the key.
func (f files) value(name, key, separator string) string {
	for line := range strings.Lines(string(f.read(name))) {
		k, v, ok := strings.Cut(line, separator)
		if ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (f files) system() string {
	for _, name := range [...]string{"etc/os-release", "usr/lib/os-release"} {
		for _, key := range [...]string{"PRETTY_NAME", "NAME"} {
			if v := strings.Trim(f.value(name, key, "="), `"'`); v != "" {
				return v
			}
		}
	}
	return ""
}

// processor is the model's name, which each kind of machine calls another.
func (f files) processor() string {
	for _, key := range [...]string{"model name", "Model", "Hardware", "cpu", "cpu model", "uarch", "machine"} {
		if v := f.value("proc/cpuinfo", key, ":"); v != "" {
			return strings.Join(strings.Fields(v), " ")
		}
	}
	return ""
}

func (f files) memory() int64 {
	kib, _ := first([]byte(f.value("proc/meminfo", "MemTotal", ":")))
	return int64(min(kib, maxKiB) * 1024)
}

// firstProcesses is the kernel's name for the processes that are in no
// container's own space.
const firstProcesses = "pid:[4026531836]"

// container is the kind of container, "" for a machine. The marks in the root
// alone do not tell: some machines' disks are made from containers' images.
func (f files) container() string {
	space, err := os.Readlink(f.path("proc/1/ns/pid"))
	if err != nil && f.path("") == "/" { // only root may read the first process's
		space, _ = os.Readlink("/proc/self/ns/pid")
	}
	if space == firstProcesses {
		return ""
	}
	return f.mark()
}

// mark is what those who make containers leave for programs to find.
func (f files) mark() string {
	if kind := f.line("run/systemd/container"); kind != "" {
		return kind
	}
	for _, mark := range [...][2]string{{".dockerenv", "docker"}, {"run/.containerenv", "podman"}} {
		if exists(f.path(mark[0])) {
			return mark[1]
		}
	}
	for variable := range bytes.SplitSeq(f.read("proc/1/environ"), []byte{0}) {
		if kind, ok := bytes.CutPrefix(variable, []byte("container=")); ok && len(kind) > 0 {
			return string(kind)
		}
	}
	groups := string(f.read("proc/1/cgroup"))
	for _, sign := range [...][2]string{{"/kubepods", "kubernetes"}, {"/docker", "docker"}, {"/lxc", "lxc"}, {"/machine.slice", "nspawn"}} {
		if strings.Contains(groups, sign[0]) {
			return sign[1]
		}
	}
	return ""
}

// processorCount counts the processors that are on.
func processorCount(stat []byte) int {
	n := 0
	for line := range bytes.Lines(stat) {
		rest, ok := bytes.CutPrefix(line, []byte("cpu"))
		if ok && len(rest) > 0 && rest[0] != ' ' {
			n++
		}
	}
	return n
}

// started is when the kernel did, by today's clock: it moves when the clock is
// set, by seconds.
func started(stat []byte) time.Time {
	for line := range bytes.Lines(stat) {
		if rest, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			if seconds, ok := number(bytes.TrimSpace(rest)); ok && seconds < 1<<40 {
				return time.Unix(int64(seconds), 0).UTC()
			}
		}
	}
	return time.Time{}
}

// addresses are those that others may reach this host at, in the order of its
// interfaces: none of loopback, and none that only mean something on one cable.
func addresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok || !n.IP.IsGlobalUnicast() || slices.Contains(out, n.IP.String()) {
			continue
		}
		out = append(out, n.IP.String())
	}
	return out
}
