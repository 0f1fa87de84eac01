package metrics

import (
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"

	"patou/internal/codec"
	"patou/internal/metric"
)

// The kinds of a block, its first byte. They are stored: they never change.
const (
	blockValues   = 1 // slots of floats
	blockRolled   = 2 // rolled-up slots of floats: sum, min, max, n
	blockSketches = 3 // slots of sketches, rolled-up or not
	// 4 is kept for samples with their own times in ms. Nothing writes it.

	// blockPacked, a bit beside the kind, tells that what follows the first byte
	// is zstd's.
	blockPacked = 0x80
)

// maxBlock bounds the bytes that a packed block may unfold to.
const maxBlock = 64 << 20

// packer makes blocks that will be kept for long smaller. It is safe for use
// by several goroutines.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newPacker() (packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return packer{}, fmt.Errorf("starting zstd: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return packer{}, fmt.Errorf("starting zstd: %w", err)
	}
	return packer{enc, dec}, nil
}

// pack is the block packed, or as it is when that saves less than an eighth.
func (p packer) pack(block []byte) []byte {
	if block[0]&blockPacked != 0 || len(block) < 64 {
		return block
	}
	out := p.enc.EncodeAll(block[1:], append(make([]byte, 0, len(block)), block[0]|blockPacked))
	if len(out) > len(block)-len(block)/8 {
		return block
	}
	return out
}

// unpack is the block as it was before pack.
func (p packer) unpack(block []byte) ([]byte, error) {
	if len(block) == 0 || block[0]&blockPacked == 0 {
		return block, nil
	}
	out, err := p.dec.DecodeAll(block[1:], []byte{block[0] &^ blockPacked})
	if err != nil {
		return nil, badBlock("%v", err)
	}
	return out, nil
}

// The columns of a blockRolled, a bit each, in the order they are stored after
// the sum. Without its bit, min or max equals the sum, n is 1, and last and
// small are the sum where n is 1 and unknown elsewhere.
const (
	columnMin   = 1
	columnMax   = 2
	columnLast  = 4
	columnSmall = 8
	columnCount = 16
)

// floatColumns are the columns of floats beside the sum.
func floatColumns() [4]byte { return [4]byte{columnMin, columnMax, columnLast, columnSmall} }

// blockWriter encodes blocks and keeps its buffers between them.
type blockWriter struct {
	present []int
	column  []float64
	counts  []int64
	filled  []*cell
	buf     []byte
}

// slots encodes the slots of a whole window; it is nil when none holds anything.
// The block is valid until the next call.
func (w *blockWriter) slots(s *slots) []byte {
	w.present, w.column = w.present[:0], w.column[:0]
	for i, v := range s.values {
		if v == v {
			w.present, w.column = append(w.present, i), append(w.column, v)
		}
	}
	for i, sk := range s.sketches {
		if sk != nil {
			w.present = append(w.present, i)
		}
	}
	switch {
	case len(w.present) == 0:
		return nil
	case s.sketches != nil:
		return w.sketches(s.sketches)
	}
	return w.values()
}

// values encodes what column holds in the slots that present names.
func (w *blockWriter) values() []byte {
	w.buf = codec.AppendPresence(append(w.buf[:0], blockValues), w.present)
	w.buf = codec.AppendFloats(w.buf, w.column)
	return w.buf
}

func (w *blockWriter) sketches(all []*metric.Sketch) []byte {
	w.buf = codec.AppendPresence(append(w.buf[:0], blockSketches), w.present)
	for _, i := range w.present {
		w.buf = all[i].AppendBinary(w.buf)
	}
	return w.buf
}

// rolled encodes rolled-up slots of the window whose first slot has number
// first; nil when none holds anything.
func (w *blockWriter) rolled(r *rolled, first int64) []byte {
	w.present, w.filled = w.present[:0], w.filled[:0]
	columns := byte(0)
	for i := range r.cells {
		if c := &r.cells[i]; c.n > 0 {
			w.present, w.filled = append(w.present, int(r.from-first)+i), append(w.filled, c)
			columns |= c.columns()
		}
	}
	if len(w.present) == 0 {
		return nil
	}
	w.buf = append(w.buf[:0], blockRolled)
	w.buf = codec.AppendPresence(w.buf, w.present)
	w.buf = append(w.buf, columns)
	w.floats(0)
	for _, column := range floatColumns() {
		if columns&column != 0 {
			w.floats(column)
		}
	}
	if columns&columnCount != 0 {
		w.counts = w.counts[:0]
		for _, c := range w.filled {
			w.counts = append(w.counts, int64(c.n))
		}
		w.buf = codec.AppendInts(w.buf, w.counts)
	}
	return w.buf
}

func (w *blockWriter) floats(column byte) {
	w.column = w.column[:0]
	for _, c := range w.filled {
		w.column = append(w.column, *c.column(column))
	}
	w.buf = codec.AppendFloats(w.buf, w.column)
}

// column is where the cell keeps a column; the sum is 0.
func (c *cell) column(column byte) *float64 {
	switch column {
	case columnMin:
		return &c.min
	case columnMax:
		return &c.max
	case columnLast:
		return &c.last
	case columnSmall:
		return &c.small
	}
	return &c.sum
}

// columns are those that the cell needs beside its sum.
func (c *cell) columns() byte {
	b := byte(0)
	if math.Float64bits(c.min) != math.Float64bits(c.sum) {
		b |= columnMin
	}
	if math.Float64bits(c.max) != math.Float64bits(c.sum) {
		b |= columnMax
	}
	if c.n == 1 {
		return b
	}
	if c.last == c.last {
		b |= columnLast
	}
	if c.small == c.small {
		b |= columnSmall
	}
	return b | columnCount
}

// blockReader decodes blocks and keeps its buffers between them.
type blockReader struct {
	packer
	present []int
	column  []float64
	counts  []int64
}

func badBlock(format string, args ...any) error {
	return fmt.Errorf("%w: block: %s", errBadSegment, fmt.Sprintf(format, args...))
}

// start reads a block's kind and presence.
func (r *blockReader) start(src []byte, limit int, want byte) (tail []byte, err error) {
	if src, err = r.unpack(src); err != nil {
		return nil, err
	}
	if len(src) == 0 || src[0] != want {
		return nil, badBlock("kind %d is wanted", want)
	}
	if r.present, tail, err = codec.Presence(r.present[:0], src[1:], limit); err != nil {
		return nil, badBlock("%v", err)
	}
	if len(r.present) > cap(r.column) {
		r.column, r.counts = make([]float64, limit), make([]int64, limit)
	}
	r.column, r.counts = r.column[:len(r.present)], r.counts[:len(r.present)]
	return tail, nil
}

// slots decodes a block of a window of limit slots and lets it, as a later
// generation, have its effect on dst; window is the number of the window's
// first slot.
func (r *blockReader) slots(dst *slots, kind metric.Kind, src []byte, window int64, limit int) error {
	if kind == metric.Distribution {
		return r.sketches(src, limit, func(i int, sk *metric.Sketch) {
			if at := window + int64(i) - dst.from; at >= 0 && at < int64(len(dst.sketches)) {
				dst.giveSketch(int(at), sk)
			}
		})
	}
	tail, err := r.start(src, limit, blockValues)
	if err != nil {
		return err
	}
	if _, err := codec.Floats(r.column, tail); err != nil {
		return badBlock("%v", err)
	}
	shift := window - dst.from
	if kind == metric.Gauge && shift >= 0 && shift+int64(limit) <= int64(len(dst.values)) {
		into := dst.values[shift:]
		for j, i := range r.present {
			into[i] = r.column[j]
		}
		return nil
	}
	for j, i := range r.present {
		if at := shift + int64(i); at >= 0 && at < int64(len(dst.values)) {
			dst.put(kind, int(at), r.column[j])
		}
	}
	return nil
}

func (r *blockReader) sketches(src []byte, limit int, put func(i int, sk *metric.Sketch)) error {
	tail, err := r.start(src, limit, blockSketches)
	if err != nil {
		return err
	}
	for _, i := range r.present {
		var sk *metric.Sketch
		if sk, tail, err = metric.DecodeSketch(tail); err != nil {
			return badBlock("%v", err)
		}
		put(i, sk)
	}
	return nil
}

// rolled decodes rolled-up slots and lets them win over those in dst.
func (r *blockReader) rolled(dst *rolled, kind metric.Kind, src []byte, window int64, limit int) error {
	at := func(i int) *cell {
		if at := window + int64(i) - dst.from; at >= 0 && at < int64(len(dst.cells)) {
			return &dst.cells[at]
		}
		return &cell{}
	}
	if kind == metric.Distribution {
		return r.sketches(src, limit, func(i int, sk *metric.Sketch) { *at(i) = cell{sketch: sk, n: 1} })
	}
	tail, err := r.start(src, limit, blockRolled)
	if err != nil {
		return err
	}
	if len(tail) == 0 {
		return badBlock("no columns")
	}
	columns, tail := tail[0], tail[1:]
	if tail, err = r.floats(tail, func(i int, v float64) {
		*at(i) = cell{sum: v, min: v, max: v, last: math.NaN(), small: math.NaN()}
	}); err != nil {
		return err
	}
	for _, column := range floatColumns() {
		if columns&column == 0 {
			continue
		}
		if tail, err = r.floats(tail, func(i int, v float64) { *at(i).column(column) = v }); err != nil {
			return err
		}
	}
	return r.rolledCounts(tail, columns, at)
}

func (r *blockReader) floats(src []byte, set func(i int, v float64)) ([]byte, error) {
	tail, err := codec.Floats(r.column, src)
	if err != nil {
		return nil, badBlock("%v", err)
	}
	for j, i := range r.present {
		set(i, r.column[j])
	}
	return tail, nil
}

func (r *blockReader) rolledCounts(src []byte, columns byte, at func(int) *cell) error {
	if columns&columnCount == 0 {
		for _, i := range r.present {
			at(i).setCount(1)
		}
		return nil
	}
	if _, err := codec.Ints(r.counts, src); err != nil {
		return badBlock("%v", err)
	}
	for j, i := range r.present {
		if r.counts[j] <= 0 || r.counts[j] > math.MaxUint32 {
			return badBlock("%d samples in a slot", r.counts[j])
		}
		at(i).setCount(uint32(r.counts[j]))
	}
	return nil
}

func (c *cell) setCount(n uint32) {
	if c.n = n; n == 1 {
		c.last, c.small = c.sum, c.sum
	}
}

// windowOf is the number of the window that a slot lies in; ok is false for
// times before 1970 or past what a window's number holds.
func windowOf(slot, perWindow int64) (uint32, bool) {
	w := slot / perWindow
	return uint32(w), slot >= 0 && w <= math.MaxUint32
}
