package processes

import (
	"bytes"
	"strconv"
)

// stat is what is used of /proc/[pid]/stat. Times are in ticks, a hundredth of
// a second each: the kernel says so to programs whatever its own clock is.
type stat struct {
	comm    []byte // valid as long as the text
	state   byte
	parent  int
	kernel  bool // a thread of the kernel's
	own     uint64
	waited  uint64 // of children that ended and were waited for, and theirs
	threads int
	start   uint64 // since the boot
	pages   int64  // resident
}

const ticksPerSecond = 100

// kernelThread is PF_KTHREAD of the flags.
const kernelThread = 0x00200000

// parseStat reads a line of stat. The name in parentheses may hold anything,
// parentheses and spaces too; nothing behind it does.
func parseStat(text []byte) (s stat, ok bool) {
	from, to := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return s, false
	}
	s.comm = text[from+1 : to]
	var v [22]uint64 // from the parent to the resident pages
	rest := bytes.TrimLeft(text[to+1:], " ")
	if len(rest) == 0 {
		return s, false
	}
	s.state, rest = rest[0], rest[1:]
	for i := range v {
		var field []byte
		if field, rest = nextField(rest); len(field) == 0 {
			return s, false
		}
		v[i] = number(field)
	}
	s.parent, s.kernel = int(v[0]), v[5]&kernelThread != 0
	s.own, s.waited = v[10]+v[11], v[12]+v[13]
	s.threads, s.start, s.pages = int(v[16]), v[18], int64(v[20])
	return s, true
}

func nextField(b []byte) (field, rest []byte) {
	b = bytes.TrimLeft(b, " \n")
	if i := bytes.IndexAny(b, " \n"); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

// number is 0 for what is none, a negative one included: none of ours can be.
func number(b []byte) uint64 {
	v, _ := strconv.ParseUint(string(b), 10, 64) // no allocation: it does not escape
	return v
}

// parseShared is the resident pages of statm that other processes may share:
// of files, and of shared memory.
func parseShared(text []byte) int64 {
	var field []byte
	for range 3 {
		field, text = nextField(text)
	}
	return int64(number(field))
}

// parseIO is what a process had read from disks and written to them, in bytes.
func parseIO(text []byte) (read, written uint64, ok bool) {
	for line := range bytes.Lines(text) {
		key, value := nextField(line)
		field, _ := nextField(value)
		switch string(key) {
		case "read_bytes:":
			read, ok = number(field), true
		case "write_bytes:":
			written = number(field)
		}
	}
	return read, written, ok
}

// parseUptime is the ticks since the boot, of /proc/uptime.
func parseUptime(text []byte) uint64 {
	field, _ := nextField(text)
	seconds, _ := strconv.ParseFloat(string(field), 64)
	return uint64(max(0, seconds) * ticksPerSecond)
}

// processors counts those of sys/devices/system/cpu/online, "0-3,8": the
// highest number and one.
func processors(text string) int {
	last := text
	if i := bytes.LastIndexAny([]byte(text), "-,"); i >= 0 {
		last = text[i+1:]
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace([]byte(last))))
	if err != nil || n < 0 {
		return 1
	}
	return n + 1
}
