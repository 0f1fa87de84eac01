package processes

import (
	"strings"
)

// membership is the unit or container that a process runs in.
type membership struct {
	// kind is unit, user, docker, podman, k8s, lxc, vm or container; "" for
	// none.
	kind string
	// name is the unit's, or the container's id or name.
	name string
}

// member finds the membership in the text of /proc/[pid]/cgroup: a line for each
// hierarchy, "number:controllers:path". systemd's own counts first, then that of
// cgroup v2, then those of single controllers, where Docker without systemd puts
// its containers.
func member(text string) membership {
	var best membership
	rank := 3
	for line := range strings.Lines(text) {
		_, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), ":")
		controllers, path, ok := strings.Cut(rest, ":")
		r := rankOf(controllers)
		if !ok || r >= rank {
			continue
		}
		if m := memberOfPath(path); m.kind != "" {
			best, rank = m, r
		}
	}
	return best
}

func rankOf(controllers string) int {
	switch controllers {
	case "name=systemd":
		return 0
	case "":
		return 1
	}
	return 2
}

// memberOfPath looks for a container first: one may have units of its own
// inside, and one that runs in a unit is finer than that.
func memberOfPath(path string) membership {
	nodes := strings.Split(strings.Trim(path, "/"), "/")
	for i := range nodes {
		if m := containerAt(nodes, i); m.kind != "" {
			return m
		}
	}
	for i, node := range nodes {
		switch {
		case strings.HasPrefix(node, "user-") && strings.HasSuffix(node, ".slice"):
			return memberOfUser(node, nodes[i+1:])
		case strings.HasSuffix(node, ".service"):
			return unit(node)
		case node == "init.scope":
			return membership{"unit", node}
		}
	}
	return membership{}
}

// containerAt reads the ways in which container managers name their groups:
// "docker-<id>.scope", "docker/<id>", "lxc.payload.<name>", "lxc/<name>".
func containerAt(nodes []string, i int) membership {
	node := nodes[i]
	if name, ok := strings.CutPrefix(node, "lxc.payload."); ok {
		return membership{"lxc", name}
	}
	if i > 0 && (nodes[i-1] == "lxc" || nodes[i-1] == "lxc.payload") {
		return membership{"lxc", node}
	}
	scope, isScope := strings.CutSuffix(node, ".scope")
	if name, ok := strings.CutPrefix(scope, "machine-"); ok && isScope {
		return membership{"vm", unescapeUnit(strings.TrimPrefix(name, `qemu\x2d`))}
	}
	manager, id := "", scope
	if at := strings.LastIndexByte(scope, '-'); at >= 0 {
		manager, id = scope[:at], scope[at+1:]
	}
	if !isID(id) {
		return membership{}
	}
	return membership{managerOf(nodes[:i], manager), id}
}

// managerOf tells who made a container, from what stands before its id.
func managerOf(above []string, manager string) string {
	for _, node := range above {
		if strings.HasPrefix(node, "kubepods") {
			return "k8s"
		}
	}
	switch {
	case manager == "docker", len(above) > 0 && above[len(above)-1] == "docker":
		return "docker"
	case manager == "libpod", len(above) > 0 && strings.HasPrefix(above[len(above)-1], "libpod"):
		return "podman"
	case strings.HasSuffix(manager, "conmon"):
		return "" // the one that watches a container, outside of it
	}
	return "container"
}

// isID reports whether s is a container's id: 64 digits of 4 bits.
func isID(s string) bool { return len(s) == 64 && isHex(s) }

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// memberOfUser takes all of a user's processes together, whatever session they
// are of, because sessions are numbered; but for services of the user's own
// systemd.
func memberOfUser(slice string, below []string) membership {
	for _, node := range below {
		if strings.HasSuffix(node, ".service") && !strings.HasPrefix(node, "user@") {
			if m := unit(node); m.kind != "" {
				return membership{"user", strings.TrimSuffix(slice, ".slice") + ":" + m.name}
			}
			break
		}
	}
	return membership{"user", slice}
}

// unit is a service under its name, when that is one that comes again. Numbers
// and ids of single runs would make groups without end: a run's processes
// belong to their program's name, a connection's to its service.
func unit(node string) membership {
	name := unescapeUnit(node)
	if strings.HasPrefix(name, "run-") || strings.HasPrefix(name, "dbus-:") {
		return membership{}
	}
	for part := range strings.FieldsFuncSeq(strings.TrimSuffix(name, ".service"), func(r rune) bool { return r == '-' || r == '@' || r == '_' }) {
		if len(part) >= 16 && isHex(part) {
			return membership{}
		}
	}
	base, instance, isInstance := strings.Cut(name, "@")
	first, rest, more := strings.Cut(instance, "-")
	if isInstance && more && first != "" && strings.Trim(first, "0123456789") == "" && strings.Contains(rest, "-") {
		name = base + "@.service" // ssh@3-10.0.0.1:22-10.0.0.9:4711.service
	}
	return membership{"unit", name}
}

// unescapeUnit undoes systemd's \x2d.
func unescapeUnit(s string) string {
	for from := 0; ; {
		at := strings.Index(s[from:], `\x`)
		if at < 0 || from+at+4 > len(s) {
			return s
		}
		at += from
		hi, lo := hexDigit(s[at+2]), hexDigit(s[at+3])
		if hi >= 0 && lo >= 0 {
			s = s[:at] + string(rune(hi<<4|lo)) + s[at+4:]
		}
		from = at + 1
	}
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c) }
