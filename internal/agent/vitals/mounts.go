package vitals

import (
	"slices"
	"strconv"
	"strings"

	"patou/internal/component"
)

// mounted is a line of /proc/self/mountinfo.
type mounted struct {
	device   string // its numbers, one for each file system
	root     string // the part of the file system that is seen here
	path     string
	kind     string
	readOnly bool
}

// parseMounts leaves out lines that make no sense.
func parseMounts(text string) []mounted {
	var all []mounted
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 6 || len(g) < 3 || !strings.HasPrefix(f[4], "/") {
			continue
		}
		all = append(all, mounted{f[2], f[3], unescape(f[4]), g[0], cannotWrite(g[2])})
	}
	return all
}

// cannotWrite is whether a file system's options say that it takes no writes,
// by wish or after an error.
func cannotWrite(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == "ro" || option == "emergency_ro" || option == "shutdown" {
			return true
		}
	}
	return false
}

// chosen are the file systems that can fill up, each once, however often it is
// mounted, maxDevices at most. A host of many containers has thousands of
// mounts, and they change often.
func chosen(all []mounted) []mounted {
	var out []mounted
	top, remotes := map[string]int{}, remotePaths(all)
	for i, m := range all {
		top[m.path] = i // what was mounted at the same path later hides it
	}
	places := map[string]int{} // in out, by the device
	for i, m := range all {
		if !local(m) || top[m.path] != i || behind(m.path, remotes) || lent(m) {
			continue
		}
		place, same := places[m.device]
		switch {
		case !same:
			places[m.device] = len(out)
			out = append(out, m)
		case better(m, out[place]):
			out[place] = m
		}
	}
	return out[:min(len(out), maxDevices)]
}

// lent is whether a container's maker mounted a part of its own disk there, to
// hand things over: it is not the container's to fill, whose root is another one.
func lent(m mounted) bool {
	switch m.path {
	case "/etc/hosts", "/etc/hostname", "/etc/resolv.conf":
		return m.root != "/"
	}
	return strings.HasPrefix(m.path, "/run/host/")
}

// better is whether a mount shows more of a file system than another, or shows
// it nearer to the root.
func better(m, than mounted) bool {
	if whole := m.root == "/"; whole != (than.root == "/") {
		return whole
	}
	return len(m.path) < len(than.path)
}

// remotePaths are where file systems of other machines begin: asking one that is
// away would wait for ever, and so would the way through it to another one. A
// root of this kind is not counted: without it no program runs at all.
func remotePaths(all []mounted) []string {
	var out []string
	for _, m := range all {
		if remote(m.kind) && m.path != "/" {
			out = append(out, m.path+"/")
		}
	}
	return out
}

func behind(path string, remotes []string) bool {
	return slices.ContainsFunc(remotes, func(remote string) bool { return strings.HasPrefix(path, remote) })
}

// remote is whether a file system asks someone else: another machine, or a
// program, which may ask one.
func remote(kind string) bool {
	switch kind {
	case "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gfs2", "ocfs2", "coda", "ncpfs", "orangefs", "virtiofs":
		return true
	}
	return strings.HasPrefix(kind, "fuse")
}

// local leaves out file systems that are made up, and those of other machines,
// whose numbers are theirs to tell. An overlay counts as the root of a
// container; those of other containers lie on a disk that is counted.
func local(m mounted) bool {
	switch m.kind {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "vfat", "exfat", "ntfs", "ntfs3", "bcachefs":
		return true
	case "overlay":
		return m.path == "/"
	}
	return false
}

// mountName is the node of the series: "root" for /, "var-log" for /var/log.
func mountName(path string) string {
	path = strings.Trim(path, "/")
	if path == "" {
		return "root"
	}
	return component.Node(strings.ReplaceAll(path, "/", "-"))
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
