package logs

import (
	"encoding/binary"
	"fmt"
	"sync"

	"patou/internal/codec"
	"patou/internal/entry"
	"patou/internal/fsx"
)

// openBlock is a block of which columns are read when they are asked for. It is
// shared by the runs of one lookup that stand in it.
type openBlock struct {
	read   func(buf []byte, offset int64) error // from the file
	packer *codec.Packer
	// report hears of each column that cannot be read, and what is lost.
	report func(offset int64, what string, err error)
	info   *blockInfo

	mu       sync.Mutex // guards what follows
	table    []column
	times    []int64
	levels   []entry.Level
	ids      []entry.ID
	hosts    *entry.Strings
	messages *entry.Strings
	fields   *fieldColumns
}

// openHead reads the head of a block and its table of columns. The runs that
// stand behind the table are given too: they repeat the directory.
func readHead(read func([]byte, int64) error, p *codec.Packer, offset int64, size int) ([]column, []byte, error) {
	if size < blockHeadSize {
		return nil, nil, fmt.Errorf("a block's head of %d bytes: %w", size, errDamaged)
	}
	b := make([]byte, size)
	if err := read(b, offset); err != nil {
		return nil, nil, err
	}
	h, err := parseBlockHead(b)
	if err != nil {
		return nil, nil, err
	}
	if h.packed != size-blockHeadSize || h.sum != headSum(b) {
		return nil, nil, fmt.Errorf("the head of a block is not as written: %w", errDamaged)
	}
	raw, err := p.Unpack(b[blockHeadSize:], h.size)
	if err != nil {
		return nil, nil, err
	}
	r := reader{src: raw}
	table := r.readTable(h.body)
	return table, r.src, r.err
}

// blockHead is what stands before a block's packed head.
type blockHead struct {
	packed, size, body int
	sum                uint32
}

// parseBlockHead reads the fixed part and refuses sizes that no block has. The
// checksum is for the caller, who has the bytes that it covers.
func parseBlockHead(b []byte) (blockHead, error) {
	if len(b) < blockHeadSize || string(b[:4]) != blockMagic {
		return blockHead{}, fmt.Errorf("no block begins here: %w", errDamaged)
	}
	u := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	h := blockHead{u(4), u(8), u(12), binary.LittleEndian.Uint32(b[16:])}
	if h.packed > maxColumnBytes || h.size > maxColumnBytes || h.body > 1<<30 {
		return h, fmt.Errorf("a block of impossible size: %w", errDamaged)
	}
	return h, nil
}

// headSum is the checksum of a block's head: all but itself.
func headSum(b []byte) uint32 {
	return checksumMore(checksum(b[:blockHeadSize-4]), b[blockHeadSize:])
}

// readTable reads the table of columns of a body of so many bytes.
func (r *reader) readTable(body int) []column {
	table := make([]column, 0, min(len(r.src), 32))
	offset := 0
	for range r.count(min(maxColumns, len(r.src))) {
		c := column{kind: r.byte(), encoding: r.byte(), offset: offset}
		if c.kind == columnField {
			c.key = string(r.text())
		}
		c.packed, c.size, c.sum = r.count(body-offset), r.count(maxColumnBytes), r.uint32()
		if r.err != nil {
			return nil
		}
		offset += c.packed
		table = append(table, c)
	}
	if r.err == nil && offset != body {
		r.fail("columns of %d bytes in a body of %d", offset, body)
	}
	return table
}

// column finds a column by kind; nil where the block has none.
func (b *openBlock) column(kind byte) *column {
	for i := range b.table {
		if b.table[i].kind == kind {
			return &b.table[i]
		}
	}
	return nil
}

// load reads and unpacks a column.
func (b *openBlock) load(c *column) ([]byte, error) {
	buf := make([]byte, c.packed)
	if err := b.read(buf, b.at(c)); err != nil {
		return nil, err
	}
	if checksum(buf) != c.sum {
		return nil, fmt.Errorf("its checksum is wrong: %w", errDamaged)
	}
	return b.packer.Unpack(buf, c.size)
}

func (b *openBlock) at(c *column) int64 { return b.info.offset + int64(b.info.head+c.offset) }

// open reads what every use needs: the table, times, levels and IDs. Without
// one of them the block's entries are lost.
func (b *openBlock) open() error {
	var err error
	if b.table, _, err = readHead(b.read, b.packer, b.info.offset, b.info.head); err != nil {
		return err
	}
	b.times, err = b.numbers(columnTimes)
	if err != nil {
		return err
	}
	batches, err := b.numbers(columnBatches)
	if err != nil {
		return err
	}
	indexes, err := b.numbers(columnIndexes)
	if err != nil {
		return err
	}
	b.ids = make([]entry.ID, b.info.rows)
	for i := range b.ids {
		b.ids[i] = entry.ID{Batch: uint64(batches[i]), Row: uint32(indexes[i])}
	}
	return b.openLevels()
}

// essential loads a column that must be there.
func (b *openBlock) essential(kind byte) ([]byte, error) {
	c := b.column(kind)
	if c == nil {
		return nil, fmt.Errorf("column %d is missing: %w", kind, errDamaged)
	}
	raw, err := b.load(c)
	if err != nil {
		return nil, fmt.Errorf("column %d: %w", kind, err)
	}
	return raw, nil
}

func (b *openBlock) numbers(kind byte) ([]int64, error) {
	raw, err := b.essential(kind)
	if err != nil {
		return nil, err
	}
	out := make([]int64, b.info.rows)
	return out, codec.Deltas(out, raw)
}

func (b *openBlock) openLevels() error {
	raw, err := b.essential(columnLevels)
	if err == nil && len(raw) != b.info.rows {
		err = fmt.Errorf("%d levels for %d entries: %w", len(raw), b.info.rows, errDamaged)
	}
	if err != nil {
		return err
	}
	b.levels = make([]entry.Level, len(raw))
	for i, l := range raw {
		b.levels[i] = min(entry.Level(l), entry.Levels-1)
	}
	return nil
}

// getHosts gives the column of hosts; where it is lost, no entry has one.
func (b *openBlock) getHosts() entry.Strings {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hosts == nil {
		hosts, err := b.texts(b.column(columnHosts))
		if err != nil {
			b.lost(b.column(columnHosts), "the hosts", err)
			hosts = entry.Strings{Codes: absentCodes(b.info.rows)}
		}
		b.hosts = &hosts
	}
	return *b.hosts
}

// texts reads a dictionary that must have a value for each row.
func (b *openBlock) texts(c *column) (entry.Strings, error) {
	if c == nil {
		return entry.Strings{}, fmt.Errorf("the column is missing: %w", errDamaged)
	}
	raw, err := b.load(c)
	if err != nil {
		return entry.Strings{}, err
	}
	out, err := readDictionary(raw, c.encoding, b.info.rows)
	if err == nil && len(out.Codes) != b.info.rows {
		err = fmt.Errorf("%d values for %d entries: %w", len(out.Codes), b.info.rows, errDamaged)
	}
	return out, err
}

// getMessages gives the messages; where they are lost, each entry says so.
func (b *openBlock) getMessages() entry.Strings {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.messages == nil {
		values, err := b.readMessages()
		if err != nil {
			b.lost(b.column(columnMessages), "the messages", err)
			values = make([]string, b.info.rows)
			for i := range values {
				values[i] = lostMessage
			}
		}
		b.messages = &entry.Strings{Values: values}
	}
	return *b.messages
}

// lostMessage stands where a damaged file has lost a message.
const lostMessage = "(the message was lost: its file is damaged, see patou fsck)"

func (b *openBlock) readMessages() ([]string, error) {
	raw, err := b.essential(columnMessages)
	if err != nil {
		return nil, err
	}
	if e := b.column(columnMessages).encoding; e != encodingPlain {
		return nil, fmt.Errorf("messages of unknown encoding %d: %w", e, errDamaged)
	}
	return codec.Texts(raw, b.info.rows)
}

// lost reports what a column's damage takes away.
func (b *openBlock) lost(c *column, what string, err error) {
	at := b.info.offset
	if c != nil {
		at = b.at(c)
	}
	b.report(at, what, err)
}

// absentCodes is a column in which no entry has a value.
func absentCodes(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = entry.Absent
	}
	return out
}

// segmentReader is how a block reads its segment's file.
func segmentReader(fsys fsx.FS, seg *segment) func([]byte, int64) error {
	return func(buf []byte, offset int64) error { return seg.read(fsys, buf, offset) }
}
