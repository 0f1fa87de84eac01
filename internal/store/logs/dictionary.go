package logs

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"patou/internal/codec"
	"patou/internal/entry"
)

// dictionary is a column of texts with repetitions while it is built: distinct
// values in order of first use, and the code of each row. Its table of hashes
// is open-addressed because a map's is too slow for each field of each entry.
type dictionary struct {
	values []string
	codes  []uint32
	hashes []uint64 // of values
	slots  []uint32 // code+1 by hash, 0 for free; a power of two, at most half full
	recent string   // the value of the row before
}

// add appends a row. Neighbours are often equal, so the row before is compared
// first.
func (d *dictionary) add(s string) {
	if n := len(d.codes); n > 0 && s == d.recent {
		d.codes = append(d.codes, d.codes[n-1])
		return
	}
	d.recent = s
	d.codes = append(d.codes, d.code(s))
}

// code finds a value or gives it the next code.
func (d *dictionary) code(s string) uint32 {
	if 2*len(d.values) >= len(d.slots) {
		d.grow()
	}
	h := xxhash.Sum64String(s)
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		c := d.slots[i]
		if c == 0 {
			d.slots[i] = uint32(len(d.values)) + 1
			d.values, d.hashes = append(d.values, s), append(d.hashes, h)
			return uint32(len(d.values)) - 1
		}
		if d.hashes[c-1] == h && d.values[c-1] == s {
			return c - 1
		}
	}
}

// grow doubles the table; the hashes kept make that cheap.
func (d *dictionary) grow() {
	d.slots = make([]uint32, max(64, 2*len(d.slots)))
	mask := uint64(len(d.slots) - 1)
	for c, h := range d.hashes {
		i := h & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = uint32(c) + 1
	}
}

// reset keeps the memory and lets go of the texts, which belong to a
// generation or a block.
func (d *dictionary) reset() {
	clear(d.values)
	d.values, d.codes, d.hashes, d.recent = d.values[:0], d.codes[:0], d.hashes[:0], ""
	clear(d.slots)
}

// append encodes the column: the number of rows, of values, the values' bytes,
// the codes.
func (d *dictionary) append(dst []byte) (raw []byte, encoding byte) {
	dst = binary.AppendUvarint(dst, uint64(len(d.codes)))
	dst = binary.AppendUvarint(dst, uint64(len(d.values)))
	values, ok := codec.AppendNumberTexts(nil, d.values)
	encoding = encodingNumbers
	if !ok {
		values, encoding = codec.AppendTexts(values[:0], d.values), encodingDictionary
	}
	dst = appendText(dst, values)
	return codec.AppendCodes(dst, d.codes, len(d.values)), encoding
}

// readDictionary reads a column of at most rows rows. Without repetitions the
// codes are nil.
func readDictionary(raw []byte, encoding byte, rows int) (entry.Strings, error) {
	r := reader{src: raw}
	n := r.count(rows)
	distinct := r.count(n)
	values := r.text()
	if r.err != nil {
		return entry.Strings{}, r.err
	}
	var out entry.Strings
	var err error
	switch encoding {
	case encodingDictionary:
		out.Values, err = codec.Texts(values, distinct)
	case encodingNumbers:
		out.Values, err = codec.NumberTexts(values, distinct)
	default:
		err = fmt.Errorf("column of unknown encoding %d: %w", encoding, errDamaged)
	}
	if err != nil {
		return entry.Strings{}, err
	}
	out.Codes = make([]uint32, n)
	return out, codec.Codes(out.Codes, r.src, distinct)
}

// shape is a list of keys that entries have, in their order.
type shape struct {
	columns []uint32
	code    uint32
}

// shapes numbers the lists of keys of a block's entries. Most entries of a
// component have the same list as the one before.
type shapes struct {
	keys    []string
	numbers map[string]uint32
	known   map[string]*shape // by the columns' bytes
	list    []*shape
	codes   []uint32
	recent  *shape
	scratch []uint32
	name    []byte
}

func newShapes() shapes {
	return shapes{numbers: map[string]uint32{}, known: map[string]*shape{}}
}

func (s *shapes) reset() {
	clear(s.numbers)
	clear(s.known)
	clear(s.keys)
	clear(s.list)
	s.keys, s.list, s.codes, s.recent = s.keys[:0], s.list[:0], s.codes[:0], nil
}

// of counts one entry with these fields and gives the columns of their values.
func (s *shapes) of(fields []entry.Field) *shape {
	if s.recent == nil || !s.same(s.recent, fields) {
		s.recent = s.find(fields)
	}
	s.codes = append(s.codes, s.recent.code)
	return s.recent
}

// same compares keys by text with the shape of the entry before: no hash is
// needed for most entries.
func (s *shapes) same(sh *shape, fields []entry.Field) bool {
	if len(sh.columns) != len(fields) {
		return false
	}
	for i, c := range sh.columns {
		if s.keys[c] != fields[i].Key {
			return false
		}
	}
	return true
}

// find tells lists apart by the numbers of their columns, in order: the order
// of fields is kept.
func (s *shapes) find(fields []entry.Field) *shape {
	s.scratch, s.name = s.scratch[:0], s.name[:0]
	for i := range fields {
		c := s.column(fields[i].Key)
		s.scratch = append(s.scratch, c)
		s.name = binary.AppendUvarint(s.name, uint64(c))
	}
	if known := s.known[string(s.name)]; known != nil {
		return known
	}
	fresh := &shape{columns: slices.Clone(s.scratch), code: uint32(len(s.list))}
	s.known[string(s.name)] = fresh
	s.list = append(s.list, fresh)
	return fresh
}

// column is the column of a key. A key that an entry has twice, against the
// rule, gets another column the second time, so that nothing is lost.
func (s *shapes) column(key string) uint32 {
	c, ok := s.numbers[key]
	if ok && !slices.Contains(s.scratch, c) {
		return c
	}
	for i := int(c) + 1; ok && i < len(s.keys); i++ {
		if s.keys[i] == key && !slices.Contains(s.scratch, uint32(i)) {
			return uint32(i)
		}
	}
	c = uint32(len(s.keys))
	s.keys = append(s.keys, key)
	if !ok {
		s.numbers[key] = c
	}
	return c
}

// append encodes the shapes and each row's.
func (s *shapes) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.list)))
	for _, sh := range s.list {
		dst = binary.AppendUvarint(dst, uint64(len(sh.columns)))
		for _, c := range sh.columns {
			dst = binary.AppendUvarint(dst, uint64(c))
		}
	}
	return codec.AppendCodes(dst, s.codes, len(s.list))
}

// readShapes reads the shapes of rows rows over keys columns.
func readShapes(raw []byte, rows, keys int) (list [][]uint32, codes []uint32, err error) {
	r := reader{src: raw}
	list = make([][]uint32, r.count(min(rows, len(raw))))
	for i := range list {
		list[i] = make([]uint32, r.count(len(r.src)))
		for j := range list[i] {
			list[i][j] = uint32(r.count(keys - 1))
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	codes = make([]uint32, rows)
	return list, codes, codec.Codes(codes, r.src, len(list))
}
