package tail

import "bytes"

// maxLines bounds the lines of one entry, maxPieces the entries that are made at
// once: short lines would make far too many of a window.
const (
	maxLines  = 500
	maxPieces = 4096
)

// piece is one entry in the bytes that were read.
type piece struct {
	from, to int
	cut      bool // there was more
}

// framing is how bytes part into entries.
type framing struct {
	max int // bytes of an entry
	// begins reports whether a line begins an entry; nil where each does.
	begins func(line []byte) bool
}

// end says what is known of what follows the bytes: final that none ever will,
// idle that none have for a while.
type end struct{ final, idle bool }

// result is what became of bytes.
type result struct {
	used  int  // bytes that need not be read again
	skip  bool // used ends inside of a line that was cut
	more  bool // there were more entries than are made at once
	hole  bool // what is not used are NUL bytes alone
	holes int  // NUL bytes left out
	cut   int  // bytes of long lines left out
}

// cut parts data into entries and appends them to pieces. Skip is whether data
// begins inside of a line that was cut. What is not used is to be offered again
// with what follows it: lines that have no end yet, and those that the next may
// belong to. It is given at least twice as much as the longest entry, so that it
// always gets on.
func (f *framing) cut(data []byte, skip bool, e end, pieces []piece) ([]piece, result) {
	r := result{skip: skip}
	c := cutter{framing: f, data: data, pieces: pieces}
	if skip && !c.rest(&r, e) {
		return c.pieces, r
	}
	for {
		i := bytes.IndexByte(data[r.used:], '\n')
		if i < 0 {
			break
		}
		c.line(r.used, r.used+i, &r)
		r.used += i + 1
		if len(c.pieces) >= maxPieces {
			r.more = true
			e = end{}
			break
		}
	}
	if !r.more {
		c.tail(&r, e)
	}
	if e.final || e.idle || f.begins == nil {
		c.close()
	}
	if c.lines > 0 {
		r.used = c.from
	}
	return c.pieces, r
}

// cutter gathers the lines of the entry that is being read.
type cutter struct {
	*framing
	data     []byte
	pieces   []piece
	from, to int // of the entry
	lines    int
}

// rest skips to the end of a line that was cut; false when it is not there.
func (c *cutter) rest(r *result, e end) bool {
	i := bytes.IndexByte(c.data, '\n')
	if i < 0 {
		r.used, r.cut, r.skip = len(c.data), len(c.data), !e.final
		return false
	}
	r.used, r.cut, r.skip = i+1, i, false
	return true
}

// line adds a line, without its end.
func (c *cutter) line(from, to int, r *result) {
	holes := nuls(c.data[from:to])
	r.holes += holes
	from += holes
	if to > from && c.data[to-1] == '\r' {
		to--
	}
	if c.begins == nil {
		c.add(from, to, r)
		return
	}
	if c.lines > 0 && (c.lines >= maxLines || to-c.from > c.max || c.begins(c.data[from:to])) {
		c.close()
	}
	if c.lines == 0 && to == from {
		return
	}
	if to-from > c.max {
		c.add(from, to, r)
		return
	}
	if c.lines == 0 {
		c.from = from
	}
	c.to = to
	c.lines++
}

// add makes an entry of one line; an empty one is none.
func (c *cutter) add(from, to int, r *result) {
	p := piece{from: from, to: to}
	if to-from > c.max {
		r.cut += to - from - c.max
		p.to, p.cut = from+c.max, true
	}
	if p.to > p.from {
		c.pieces = append(c.pieces, p)
	}
}

// close ends the entry of several lines.
func (c *cutter) close() {
	if c.lines > 0 {
		c.pieces = append(c.pieces, piece{from: c.from, to: c.to})
	}
	c.lines = 0
}

// tail looks at the bytes behind the last end of a line.
func (c *cutter) tail(r *result, e end) {
	rest := c.data[r.used:]
	holes := nuls(rest)
	switch {
	case holes == len(rest):
		r.hole = holes > 0
		return // what is not written yet may look so, too
	case holes > 0:
		c.close()
		r.holes += holes
		r.used += holes
	}
	switch rest = c.data[r.used:]; {
	case e.final:
		c.line(r.used, len(c.data), r)
		r.used = len(c.data)
	case len(rest) > c.max:
		c.close()
		c.add(r.used, len(c.data), r)
		r.used, r.skip = len(c.data), true
	}
}

// nuls counts the NUL bytes at the start, which a crash or a truncated file
// leaves where nothing was written.
func nuls(b []byte) int {
	n := 0
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}
