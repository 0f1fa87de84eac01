package tail

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// How much of a content tells it from others: the first bytes and the last ones
// before the offset.
const (
	headLength = 1024
	tailLength = 256
	// enough is from where on equal bytes mean the same content, and not that
	// two programs began with the same words.
	enough = 256
)

// place is how far a content was read, and what stood before. It says nothing
// about bytes behind the offset.
type place struct {
	offset int64
	// head is the hash of the first min(offset, headLength) bytes, tail that of
	// the last min(offset, tailLength).
	head, tail uint64
	// skip is whether the offset is inside of a line that was cut.
	skip bool
	// unzipped is whether offset counts the bytes that a gzip'd file unpacks to.
	unzipped bool
	// packed is the size of a gzip'd file that was read to its end.
	packed int64
	// gone is when the file was seen no more, in s since 1970; 0 while it is.
	gone int64
	// origin is the path that the file was found at first.
	origin string
}

// String is the form in which places are kept.
func (p place) String() string {
	flags := "-"
	if p.skip {
		flags += "s"
	}
	if p.unzipped {
		flags += "z"
	}
	return fmt.Sprintf("1 %d %x %x %s %d %d %s", p.offset, p.head, p.tail, flags, p.packed, p.gone, p.origin)
}

// parsePlace reads what String wrote.
func parsePlace(s string) (p place, ok bool) {
	parts := strings.SplitN(s, " ", 8)
	if len(parts) != 8 || parts[0] != "1" {
		return p, false
	}
	var errs [5]error
	p.offset, errs[0] = strconv.ParseInt(parts[1], 10, 64)
	p.head, errs[1] = strconv.ParseUint(parts[2], 16, 64)
	p.tail, errs[2] = strconv.ParseUint(parts[3], 16, 64)
	p.packed, errs[3] = strconv.ParseInt(parts[5], 10, 64)
	p.gone, errs[4] = strconv.ParseInt(parts[6], 10, 64)
	p.skip, p.unzipped = strings.Contains(parts[4], "s"), strings.Contains(parts[4], "z")
	p.origin = parts[7]
	return p, errs == [5]error{} && p.offset >= 0
}

// move puts the place to offset, given the bytes from a position on up to it: all
// of them while the offset before was within the head, else at least tailLength.
func (p *place) move(offset, from int64, bytes []byte) {
	if p.offset < headLength && from == 0 {
		p.head = xxhash.Sum64(bytes[:min(offset, headLength)])
	}
	last := bytes[:offset-from]
	p.tail = xxhash.Sum64(last[max(0, len(last)-tailLength):])
	p.offset = offset
}

// holds reports whether bytes, which begin at a position and reach at least to
// the offset, are those that the place was made for, as far as they show it.
func (p *place) holds(from int64, bytes []byte) bool {
	if p.offset < from || p.offset-from > int64(len(bytes)) {
		return false
	}
	last := bytes[:p.offset-from]
	if from == 0 && xxhash.Sum64(last[:min(len(last), headLength)]) != p.head && p.offset > 0 {
		return false
	}
	return p.offset == 0 || xxhash.Sum64(last[max(0, len(last)-tailLength):]) == p.tail
}

// window is where to read from, so that what was read can be compared and the
// place moved on.
func (p *place) window() int64 {
	if p.offset < headLength {
		return 0
	}
	return p.offset - tailLength
}

func (i id) key() string { return fmt.Sprintf("%s%d-%d-%d", PlacePrefix, i.device, i.inode, i.born) }

func (p place) goneKey() string { return fmt.Sprintf("%sgone/%x-%d", PlacePrefix, p.head, p.offset) }

func globKey(glob string) string { return PlacePrefix + "glob/" + glob }

// load takes over what was kept before.
func (t *Tailer) load(places map[string]string) {
	for key, value := range places {
		rest, ours := strings.CutPrefix(key, PlacePrefix)
		if !ours || value == "" {
			continue
		}
		if glob, ok := strings.CutPrefix(rest, "glob/"); ok {
			t.globs[glob] = true
			continue
		}
		p, ok := parsePlace(value)
		if !ok {
			continue
		}
		if strings.HasPrefix(rest, "gone/") {
			t.gone[key] = p
			continue
		}
		var i id
		if n, err := fmt.Sscanf(rest, "%d-%d-%d", &i.device, &i.inode, &i.born); n == 3 && err == nil {
			t.known[i] = p
		}
	}
}
