package sockets

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
)

// table reads the tables of /proc/net, which every kernel has: slower than
// sock_diag, and without counters.
type table struct {
	root string
	seed maphash.Seed
}

// dump visits the sockets of one protocol, "tcp" or "udp", of both families.
func (t *table) dump(protocol string, states uint32, visit func(r *row)) error {
	for _, name := range [...]string{protocol, protocol + "6"} {
		err := t.read(name, states, visit)
		if err != nil && (name == protocol || !os.IsNotExist(err)) { // without IPv6 there is no second one
			return fmt.Errorf("reading this host's sockets: %w", err)
		}
	}
	return nil
}

// fromTable tells ids made here from the kernel's own, which it counts up.
const fromTable = 1 << 63

func (t *table) read(name string, states uint32, visit func(r *row)) error {
	f, err := os.Open(filepath.Join(t.root, "proc/net", name))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		r, ok := parseLine(lines.Bytes())
		if !ok || states&(1<<r.state) == 0 {
			continue
		}
		if r.id = r.inode<<1 | fromTable; r.inode == 0 { // what is unique is its ends
			r.id = maphash.Comparable(t.seed, [2]netip.AddrPort{r.local, r.remote}) | 1 | fromTable
		}
		visit(&r)
	}
	return lines.Err()
}

// parseLine reads a line of /proc/net/tcp: its number, both ends, the state, four
// columns, the user's number, one column, and the inode.
func parseLine(line []byte) (r row, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) < 10 {
		return r, false
	}
	var okLocal, okRemote bool
	r.local, okLocal = parseEnd(fields[1])
	r.remote, okRemote = parseEnd(fields[2])
	state, err := strconv.ParseUint(string(fields[3]), 16, 5)
	if !okLocal || !okRemote || err != nil {
		return r, false // the heading
	}
	r.state = byte(state)
	r.inode, err = strconv.ParseUint(string(fields[9]), 10, 32)
	return r, err == nil
}

// parseEnd reads "0100007F:1F90": the address in words of the machine's order.
func parseEnd(b []byte) (netip.AddrPort, bool) {
	address, port, ok := bytes.Cut(b, []byte{':'})
	var raw [16]byte
	if !ok || len(address) != 8 && len(address) != 32 {
		return netip.AddrPort{}, false
	}
	n, err := hex.Decode(raw[:], address)
	number, err2 := strconv.ParseUint(string(port), 16, 16)
	if err != nil || err2 != nil {
		return netip.AddrPort{}, false
	}
	for i := 0; i < n; i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	a := netip.AddrFrom16(raw).Unmap()
	if n == 4 {
		a = netip.AddrFrom4([4]byte(raw[:4]))
	}
	return netip.AddrPortFrom(a, uint16(number)), true
}
