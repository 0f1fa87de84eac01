package logs

import "unsafe"

// arenaChunk is the size of the buffers that texts are copied into: large
// enough that the garbage collector has little to look at.
const arenaChunk = 256 << 10

// arena keeps copies of texts. What was put in never moves and never changes,
// nor do the headers of its chunks, so that a copy of the slice of chunks is
// read without a lock while more is put in.
type arena struct {
	chunks [][]byte // of arenaChunk bytes, or longer for one long text
	used   int      // of the last chunk
	bytes  int64
}

// place is where a chunked store keeps something.
type place struct {
	chunk, offset uint32
}

// put copies a text and says where it is.
func (a *arena) put(s string) place {
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])-a.used < len(s) {
		a.chunks = append(a.chunks, make([]byte, max(arenaChunk, len(s))))
		last, a.used = last+1, 0
		a.bytes += int64(len(a.chunks[last]))
	}
	p := place{uint32(last), uint32(a.used)}
	a.used += copy(a.chunks[last][a.used:], s)
	return p
}

// text is the n bytes at p, valid as long as the arena.
func (a *arena) text(p place, n int) string {
	if n == 0 {
		return ""
	}
	return unsafe.String(&a.chunks[p.chunk][p.offset], n)
}
