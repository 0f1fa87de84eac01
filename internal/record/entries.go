package record

import (
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/s2"

	"patou/internal/entry"
)

// maxEntriesSection bounds what a damaged record can ask for when it is
// unpacked; a request's limit is far below it.
const maxEntriesSection = 256 << 20

// names numbers the texts that repeat from entry to entry: components, hosts
// and keys. The first use of a text writes it in place.
type names map[string]uint64

func (n names) append(dst []byte, s string) []byte {
	if i, ok := n[s]; ok {
		return binary.AppendUvarint(dst, i)
	}
	n[s] = uint64(len(n)) + 1
	return appendString(append(dst, 0), s)
}

// appendEntries packs the section as a whole: messages of one batch resemble
// each other. What is packed is laid out in dst first, so that who gives the same
// dst again needs no other memory.
func (b *Batch) appendEntries(dst []byte) []byte {
	start, size := len(dst), b.textSize()
	dst = slices.Grow(dst, size+max(0, s2.MaxEncodedLen(size)))
	dst = b.layEntries(dst)
	end := len(dst)
	dst = slices.Grow(dst, max(0, s2.MaxEncodedLen(end-start)))
	packed := s2.Encode(dst[end:cap(dst)], dst[start:end])
	return dst[:start+copy(dst[start:cap(dst)], packed)]
}

// layEntries appends the entries as they are before they are packed.
func (b *Batch) layEntries(raw []byte) []byte {
	seen := names{}
	raw = binary.AppendUvarint(raw, uint64(len(b.Entries)))
	var at int64
	for i := range b.Entries {
		e := &b.Entries[i]
		raw = binary.AppendVarint(raw, e.Time-at)
		at = e.Time
		raw = append(raw, byte(e.Level))
		raw = seen.append(raw, e.Component)
		raw = seen.append(raw, e.Host)
		raw = appendString(raw, e.Message)
		raw = binary.AppendUvarint(raw, uint64(len(e.Fields)))
		for _, f := range e.Fields {
			raw = seen.append(raw, f.Key)
			raw = appendString(raw, f.Value)
		}
	}
	return raw
}

// textSize is about what the entries take unpacked, so that the buffer rarely
// grows.
func (b *Batch) textSize() int {
	size := 16
	for i := range b.Entries {
		e := &b.Entries[i]
		size += len(e.Message) + 24
		for _, f := range e.Fields {
			size += len(f.Value) + 4
		}
	}
	return size
}

func (b *Batch) decodeEntries(r *reader) {
	size, err := s2.DecodedLen(r.data)
	if err != nil || size > maxEntriesSection {
		r.fail("its entries do not unpack")
		return
	}
	raw, err := s2.Decode(nil, r.data)
	if err != nil {
		r.fail("its entries do not unpack")
		return
	}
	r.data = nil
	texts := entryReader{reader: reader{data: raw}, text: string(raw)}
	n := texts.count(6) // each part of an entry takes at least a byte
	b.Entries = make([]entry.Entry, 0, n)
	var at int64
	for range n {
		at += texts.varint()
		b.Entries = append(b.Entries, texts.entry(at))
	}
	if texts.err == nil && len(texts.data) > 0 {
		texts.fail("its entries are longer than their content")
	}
	r.err = texts.err
}

// entryReader reads texts as parts of one string, so that a batch of entries
// costs one allocation for all of them.
type entryReader struct {
	reader
	text string
	seen []string
}

func (r *entryReader) entry(at int64) entry.Entry {
	e := entry.Entry{Time: at, Level: entry.Level(r.byte())}
	if e.Level >= entry.Levels {
		r.fail("a level is not known")
	}
	e.Component, e.Host, e.Message = r.name(), r.name(), r.share()
	if n := r.count(2); n > 0 {
		e.Fields = make([]entry.Field, n)
		for i := range e.Fields {
			e.Fields[i] = entry.Field{Key: r.name(), Value: r.share()}
		}
	}
	return e
}

// name reads what names.append wrote. Only a name that was given before can be
// referred to.
func (r *entryReader) name() string {
	i := r.uvarint()
	switch {
	case i > uint64(len(r.seen)):
		r.fail("a name is used before it is given")
		return ""
	case i > 0:
		return r.seen[i-1]
	}
	s := r.share()
	r.seen = append(r.seen, s)
	return s
}

// share reads a text as a part of the one string.
func (r *entryReader) share() string {
	n := r.length()
	start := len(r.text) - len(r.data)
	r.bytes(n)
	if r.err != nil {
		return ""
	}
	return r.text[start : start+n]
}
