package sockets

import (
	"bytes"
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// space is a network namespace other than ours, and a process in it.
type space struct {
	inode uint64
	pid   int
}

// maxSpaces bounds the namespaces asked in a sweep, of a host with many
// containers.
const maxSpaces = 100

// spaces finds the network namespaces of containers that run programs. Those of
// whole machines, as of LXC and systemd-nspawn, are left to their own agents.
func (c *Collector) spaces() []space {
	if c.owners.open() != nil {
		return nil
	}
	own, err := c.owners.dir.Link("self/ns/net")
	seen := map[string]bool{string(own): true}
	pids, listed := c.owners.dir.Processes(nil)
	if err != nil || listed != nil {
		return nil
	}
	var out []space
	for _, pid := range pids {
		target, err := c.owners.dir.Link(strconv.Itoa(pid) + "/ns/net")
		if err != nil || seen[string(target)] { // no allocation: it does not escape
			continue
		}
		seen[string(target)] = true
		digits, _ := bytes.CutPrefix(target, []byte("net:["))
		inode, err := strconv.ParseUint(string(bytes.TrimSuffix(digits, []byte("]"))), 10, 64)
		if err == nil && contained(c.options.GroupOf(pid)) {
			out = append(out, space{inode, pid})
		}
	}
	slices.SortFunc(out, func(a, b space) int { return cmp.Compare(a.inode, b.inode) })
	if len(out) > maxSpaces {
		c.cut.Add(len(out) - maxSpaces)
	}
	return out[:min(len(out), maxSpaces)]
}

func contained(group string) bool {
	manager, _, ok := strings.Cut(group, ":")
	return ok && (manager == "docker" || manager == "podman" || manager == "k8s" || manager == "container")
}

// elsewhere adds the sockets of containers with a network of their own. Their
// addresses mean something on this host alone, and their loopback not even that,
// so only who talks to whom is of use, not who listens.
func (c *Collector) elsewhere(keep func(r *row)) {
	spaces := c.spaces()
	paths := make([]string, len(spaces))
	for i, s := range spaces {
		paths[i] = filepath.Join(c.options.Root, "proc", strconv.Itoa(s.pid), "ns/net")
	}
	err := c.options.within(paths, wantedStates, func(i int, r *row) {
		if r.remote.Addr().IsLoopback() {
			return
		}
		// Older kernels count cookies in each namespace from 1.
		r.space, r.id = spaces[i].inode, r.id|(spaces[i].inode&0x7fff)<<48
		keep(r)
	})
	if err != nil {
		c.missing("containers", err)
	}
}
