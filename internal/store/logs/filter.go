package logs

import (
	"encoding/binary"
	"math/bits"
)

// A filter is a bitmap of the three-byte pieces that occur in a block's
// messages, letters of ASCII in lower case. A text of which a piece is missing
// is in none of them, wherever in a word it begins. The bitmap's size is a power
// of two that leaves it less than a third full; its checksum follows it.
const (
	pieceBytes   = 3
	maxFilterLog = 17 // 16 KiB; 1 MiB of messages has some 7,000 pieces
	minFilter    = 64
)

// filterBuilder makes the filters of blocks.
type filterBuilder struct {
	words [1 << maxFilterLog / 64]uint64
	out   []byte
}

// of makes the filter of a block. The result is valid until the next one.
func (f *filterBuilder) of(messages []string) []byte {
	clear(f.words[:])
	for _, m := range messages {
		f.add(m)
	}
	words := f.words[:]
	for half := len(words) / 2; 8*half >= minFilter && sparse(words); half /= 2 {
		for i := range half {
			words[i] |= words[half+i]
		}
		words = words[:half]
	}
	f.out = f.out[:0]
	for _, w := range words {
		f.out = binary.LittleEndian.AppendUint64(f.out, w)
	}
	f.out = binary.LittleEndian.AppendUint32(f.out, checksum(f.out))
	return f.out
}

// add sets the bits of each piece of a message; shorter messages have none,
// and no literal that is looked for by filter fits in them.
func (f *filterBuilder) add(s string) {
	if len(s) < pieceBytes {
		return
	}
	v := uint32(lower(s[0]))<<8 | uint32(lower(s[1]))
	for i := 2; i < len(s); i++ {
		v = v<<8 | uint32(lower(s[i]))
		h := pieceHash(v)
		f.words[h/64] |= 1 << (h % 64)
	}
}

// sparse tells that half the bits would be enough.
func sparse(words []uint64) bool {
	ones := 0
	for _, w := range words {
		ones += bits.OnesCount64(w)
	}
	return 10*ones <= 3*32*len(words)
}

// lower folds ASCII alone, so that the filter never excludes what a search by
// either rule of case would find.
func lower(c byte) byte {
	if c-'A' < 26 {
		return c + 'a' - 'A'
	}
	return c
}

// pieceHash is the place of a piece in the largest bitmap; smaller ones use its
// low bits.
func pieceHash(v uint32) uint32 { return v << 8 * 0x9E3779B1 >> (32 - maxFilterLog) }

// pieces are the places of all that the literals are made of.
func pieces(literals []string) []uint32 {
	var out []uint32
	for _, s := range literals {
		v := uint32(0)
		for i := range len(s) {
			if v = v<<8 | uint32(lower(s[i])); i >= pieceBytes-1 {
				out = append(out, pieceHash(v))
			}
		}
	}
	return out
}

// excludes tells that a filter lacks one of the pieces. A filter that cannot be
// read excludes nothing.
func excludes(filter []byte, wanted []uint32) bool {
	if !soundFilter(filter) {
		return false
	}
	n := len(filter) - 4
	for _, h := range wanted {
		if h &= uint32(8*n - 1); filter[h/8]&(1<<(h%8)) == 0 {
			return true
		}
	}
	return false
}

// soundFilter checks shape and sum before a bit is believed: a lost bit would
// hide entries.
func soundFilter(filter []byte) bool {
	n := len(filter) - 4
	return n >= minFilter && n&(n-1) == 0 && checksum(filter[:n]) == binary.LittleEndian.Uint32(filter[n:])
}

// skippable tells of a segment's blocks whether their filters exclude a literal
// that is asked for. Each filter is read once.
func (l *lookup) skippable(seg *segment) func(block int) bool {
	if len(l.pieces) == 0 {
		return func(int) bool { return false }
	}
	read := segmentReader(l.store.fs, seg)
	const unknown, take, skip = 0, 1, 2
	known := make([]byte, len(seg.blocks))
	return func(block int) bool {
		if known[block] == unknown {
			known[block] = take
			b := &seg.blocks[block]
			l.filter = append(l.filter[:0], make([]byte, b.filter)...)
			if read(l.filter, b.offset+int64(b.head)) == nil && excludes(l.filter, l.pieces) {
				known[block] = skip
			}
		}
		return known[block] == skip
	}
}
