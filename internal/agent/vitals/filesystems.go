package vitals

import (
	"strconv"
	"strings"

	"patou/internal/component"
)

// usage is how full a file system is, in bytes and files.
type usage struct {
	total, free, available uint64
	files, filesFree       uint64
}

// fileSystems reads /proc/self/mounts now and then, and each second how full
// what is mounted there is.
type fileSystems struct {
	c      *Collector
	mounts []mount
	age    int // readings since the mounts were listed
}

type mount struct {
	path                                  string
	used, available, total, percent, file string
}

// relist is after how many readings the mounts are listed again.
const relist = 30

func newFileSystems(c *Collector) *fileSystems { return &fileSystems{c: c, age: relist} }

func (f *fileSystems) read(text []byte) {
	if f.age++; f.age > relist {
		f.age = 0
		f.list(string(text))
	}
	for i := range f.mounts {
		m := &f.mounts[i]
		u, err := f.c.options.usage(m.path)
		if err != nil || u.total == 0 {
			continue
		}
		used := u.total - min(u.total, u.free)
		f.c.emit(m.used, float64(used))
		f.c.emit(m.available, float64(u.available))
		f.c.emit(m.total, float64(u.total))
		if used+u.available > 0 { // as df does: without what is root's alone
			f.c.emit(m.percent, 100*float64(used)/float64(used+u.available))
		}
		if u.files > 0 {
			f.c.emit(m.file, 100*float64(u.files-min(u.files, u.filesFree))/float64(u.files))
		}
	}
}

// list finds the file systems that can fill up, each once, however often it is
// mounted. Those of a network are left out: asking one that is away blocks.
func (f *fileSystems) list(text string) {
	f.mounts = f.mounts[:0]
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 3 || !local(fields[2]) || len(f.mounts) >= maxDevices {
			continue
		}
		device, path := fields[0], unescape(fields[1])
		if fields[2] == "overlay" || fields[2] == "tmpfs" {
			device = path // many have the same device's name
		}
		if !seen[device] {
			seen[device] = true
			f.mounts = append(f.mounts, f.c.mount(path))
		}
	}
}

// local leaves out file systems that are made up, and those of other machines:
// asking a dead server for its free space would hang, and the numbers are its
// own to tell.
func local(kind string) bool {
	switch kind {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "vfat", "exfat", "ntfs", "ntfs3", "bcachefs", "overlay":
		return true
	}
	return false
}

// mount names the series by the path: "root" for /, "var-log" for /var/log.
func (c *Collector) mount(path string) mount {
	name := "root"
	if path != "/" {
		name = component.Node(strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
	}
	prefix := c.prefix + "filesystem." + name + "."
	return mount{path, prefix + "used", prefix + "available", prefix + "total", prefix + "used_percent", prefix + "files_percent"}
}

// unescape undoes the octal escapes of spaces and the like.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
