package logs

import (
	"encoding/binary"
	"hash/crc32"

	"patou/internal/codec"
	"patou/internal/entry"
)

// Limits of a block. They are checked when one is read, so that damaged bytes
// cannot ask for more memory than a block may take.
const (
	maxBlockRows = 1 << 16
	// maxColumnBytes bounds an unpacked column: a block is cut when it has
	// enough, and the entry that makes it enough may be a large one.
	maxColumnBytes = 64 << 20
	maxColumns     = 1 << 16
)

// The kinds of columns. They are written: their numbers never change.
const (
	columnTimes byte = iota + 1
	columnLevels
	columnHosts
	columnBatches
	columnIndexes
	columnMessages
	columnShapes
	columnField
	columnFilter
)

// The encodings of a column, by which a later version adds others. Messages
// have room for template columns.
const (
	encodingPlain byte = iota + 1
	encodingDictionary
	encodingNumbers
)

// The head of a block on disk, before its directory part.
const (
	blockMagic    = "PBLK"
	blockHeadSize = 4 + 4 + 4 + 4 + 4
)

// column is one entry of a block's table of columns.
type column struct {
	kind     byte
	encoding byte
	key      string // of a field
	offset   int    // in the block's body
	packed   int    // bytes
	size     int    // unpacked
	sum      uint32
}

// builder makes blocks of entries that come in order of component, time and ID.
type builder struct {
	packer *codec.Packer
	runs   []runInfo
	counts [][]entry.Minute // of the runs
	bytes  int              // of messages and fields so far

	times, batches, indexes []int64
	levels                  []byte
	messages                []string
	hosts                   dictionary
	shapes                  shapes
	fields                  []*dictionary
	filter                  filterBuilder

	raw, body, packed []byte // reused
	table             []column
}

// newBuilder is used for block after block, so that its memory is.
func newBuilder(p *codec.Packer) *builder {
	return &builder{packer: p, shapes: newShapes()}
}

func (b *builder) rows() int { return len(b.times) }

// add takes an entry. Its texts must stay valid until the block is encoded.
func (b *builder) add(component string, e *entry.Entry) {
	b.runOf(component, e)
	b.times = append(b.times, e.Time)
	b.batches = append(b.batches, int64(e.ID.Batch))
	b.indexes = append(b.indexes, int64(e.ID.Row))
	b.levels = append(b.levels, byte(e.Level))
	b.messages = append(b.messages, e.Message)
	b.hosts.add(e.Host)
	b.bytes += len(e.Message)
	shape := b.shapes.of(e.Fields)
	for i, c := range shape.columns {
		if int(c) == len(b.fields) {
			b.fields = append(b.fields, &dictionary{})
		}
		b.fields[c].add(e.Fields[i].Value)
		b.bytes += len(e.Fields[i].Value)
	}
}

// runOf counts the entry in its run, the last one unless it is a new one.
func (b *builder) runOf(component string, e *entry.Entry) {
	last := len(b.runs) - 1
	if last < 0 || b.runs[last].component != component {
		b.runs = append(b.runs, runInfo{component: component, first: e.Time, least: e.ID.Batch, most: e.ID.Batch})
		last++
		if last == len(b.counts) {
			b.counts = append(b.counts, nil)
		}
		b.counts[last] = b.counts[last][:0]
	}
	r := &b.runs[last]
	r.rows++
	r.last = e.Time
	r.least, r.most = min(r.least, e.ID.Batch), max(r.most, e.ID.Batch)
	b.counts[last] = countMinute(b.counts[last], e.Time, e.Level)
}

// reset forgets the entries and keeps the memory.
func (b *builder) reset() {
	b.runs, b.bytes = b.runs[:0], 0
	b.times, b.batches, b.indexes = b.times[:0], b.batches[:0], b.indexes[:0]
	b.levels, b.messages = b.levels[:0], b.messages[:0]
	b.hosts.reset()
	b.shapes.reset()
	for _, d := range b.fields {
		d.reset()
	}
}

// encode appends the block to dst and says what the directory keeps of it.
func (b *builder) encode(dst []byte) ([]byte, blockInfo) {
	for i := range b.runs {
		b.runs[i].minutes = appendMinutes(nil, b.counts[i])
	}
	b.table, b.body = b.table[:0], b.body[:0]
	b.encodeColumns()
	head := b.encodeHead()
	start := len(dst)
	b.packed = b.packer.Pack(b.packed[:0], head)
	dst = append(dst, blockMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.packed)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(head)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.body)))
	sum := checksumMore(checksum(dst[start:]), b.packed)
	dst = binary.LittleEndian.AppendUint32(dst, sum)
	dst = append(append(dst, b.packed...), b.body...)
	info := blockInfo{
		size: len(dst) - start, head: blockHeadSize + len(b.packed), rows: b.rows(), bytes: b.bytes,
		runs: append([]runInfo(nil), b.runs...),
	}
	if f := b.table[0]; f.kind == columnFilter {
		info.filter = f.packed
	}
	return dst, info
}

// encodeColumns appends each column packed on its own: a reader unpacks those
// that a question needs.
func (b *builder) encodeColumns() {
	if bits := b.filter.of(b.messages); len(bits) > 0 {
		b.putPlain(columnFilter, bits)
	}
	b.put(columnTimes, encodingPlain, "", codec.AppendDeltas(b.raw[:0], b.times))
	b.put(columnLevels, encodingPlain, "", append(b.raw[:0], b.levels...))
	b.put(columnBatches, encodingPlain, "", codec.AppendDeltas(b.raw[:0], b.batches))
	b.put(columnIndexes, encodingPlain, "", codec.AppendDeltas(b.raw[:0], b.indexes))
	b.putDictionary(columnHosts, "", &b.hosts)
	b.put(columnMessages, encodingPlain, "", codec.AppendTexts(b.raw[:0], b.messages))
	if len(b.shapes.keys) == 0 {
		return
	}
	b.put(columnShapes, encodingPlain, "", b.shapes.append(b.raw[:0]))
	for i, key := range b.shapes.keys {
		b.putDictionary(columnField, key, b.fields[i])
	}
}

func (b *builder) putDictionary(kind byte, key string, d *dictionary) {
	raw, encoding := d.append(b.raw[:0])
	b.put(kind, encoding, key, raw)
}

// put packs a column that was made in b.raw, and keeps its memory.
func (b *builder) put(kind, encoding byte, key string, raw []byte) {
	b.raw = raw
	start := len(b.body)
	b.body = b.packer.Pack(b.body, raw)
	b.list(column{kind: kind, encoding: encoding, key: key, offset: start, size: len(raw)})
}

// putPlain stores a column that does not compress as it is.
func (b *builder) putPlain(kind byte, raw []byte) {
	start := len(b.body)
	b.body = append(b.body, raw...)
	b.list(column{kind: kind, encoding: encodingPlain, offset: start, size: len(raw)})
}

func (b *builder) list(c column) {
	packed := b.body[c.offset:]
	c.packed, c.sum = len(packed), checksum(packed)
	b.table = append(b.table, c)
}

// encodeHead makes the table of columns and the block's part of the directory.
func (b *builder) encodeHead() []byte {
	head := binary.AppendUvarint(b.raw[:0], uint64(len(b.table)))
	for i := range b.table {
		c := &b.table[i]
		head = append(head, c.kind, c.encoding)
		if c.kind == columnField {
			head = appendText(head, c.key)
		}
		head = binary.AppendUvarint(head, uint64(c.packed))
		head = binary.AppendUvarint(head, uint64(c.size))
		head = binary.LittleEndian.AppendUint32(head, c.sum)
	}
	b.raw = appendRuns(head, &runInfo{}, b.runs)
	return b.raw
}

// checksum is CRC-32C, which processors compute in hardware.
func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func checksumMore(sum uint32, b []byte) uint32 { return crc32.Update(sum, castagnoli, b) }

// castagnoli is the table of the checksums; it never changes.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRuns appends the count of runs and the runs, the first after before.
func appendRuns(dst []byte, before *runInfo, runs []runInfo) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(runs)))
	for i := range runs {
		dst = appendRun(dst, before, &runs[i])
		before = &runs[i]
	}
	return dst
}

// readRuns reads what appendRuns wrote.
func (r *reader) readRuns(before *runInfo) []runInfo {
	n := r.count(min(maxBlockRows, len(r.src)))
	runs := make([]runInfo, 0, n)
	for range n {
		run := r.readRun(before)
		if r.err != nil {
			return nil
		}
		runs = append(runs, run)
		before = &runs[len(runs)-1]
	}
	return runs
}
