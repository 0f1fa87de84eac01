package metrics

import (
	"encoding/binary"
	"fmt"
	"io"
	"path"

	"patou/internal/fsx"
	"patou/internal/metric"
)

// segmentWriter writes blocks as they come, in order of window and series, and
// keeps the index in memory until the end.
type segmentWriter struct {
	w      io.Writer
	at     int64
	dir    []dirEntry
	index  []byte
	blocks int
}

// writeSegment publishes a segment of the blocks that fill adds. A segment
// without a block is an error: there would be nothing to read.
func writeSegment(fsys fsx.FS, dir string, m *meta, fill func(w *segmentWriter) error) error {
	return fsx.Publish(fsys, path.Join(dir, segmentName(m.gen)), func(out io.Writer) error {
		w := &segmentWriter{w: out}
		if err := w.write(segmentHeader()); err != nil {
			return err
		}
		if err := fill(w); err != nil {
			return err
		}
		return w.finish(m)
	})
}

func segmentHeader() []byte {
	b := append([]byte(nil), segmentMagic...)
	b = binary.LittleEndian.AppendUint16(b, segmentVersion)
	b = append(b, 0, 0)
	return binary.LittleEndian.AppendUint32(b, checksum(b))
}

func (w *segmentWriter) write(b []byte) error {
	n, err := w.w.Write(b)
	w.at += int64(n)
	return err
}

// add writes a block. Blocks come in rising order of window, then series.
func (w *segmentWriter) add(window uint32, id metric.ID, block []byte) error {
	if n := len(w.dir); n > 0 && (window < w.dir[n-1].window || window == w.dir[n-1].window && id <= w.dir[n-1].last) {
		return fmt.Errorf("adding series %d of window %d after series %d of window %d", id, window, w.dir[n-1].last, w.dir[n-1].window)
	}
	if n := len(w.dir); n == 0 || w.dir[n-1].window != window || w.dir[n-1].count == chunkEntries {
		w.closeChunk()
		w.dir = append(w.dir, dirEntry{window: window, first: id, offset: w.at, index: int64(len(w.index))})
	}
	d := &w.dir[len(w.dir)-1]
	d.last = id
	d.count++
	d.bytes += uint32(len(block))
	w.index = binary.LittleEndian.AppendUint32(w.index, uint32(id))
	w.index = binary.LittleEndian.AppendUint32(w.index, uint32(len(block)))
	w.index = binary.LittleEndian.AppendUint32(w.index, checksum(block))
	w.blocks++
	return w.write(block)
}

func (w *segmentWriter) closeChunk() {
	if len(w.dir) > 0 {
		d := &w.dir[len(w.dir)-1]
		d.crc = checksum(w.index[d.index:])
	}
}

func (w *segmentWriter) finish(m *meta) error {
	if w.blocks == 0 {
		return fmt.Errorf("segment %d has no blocks", m.gen)
	}
	w.closeChunk()
	indexAt := w.at
	if err := w.write(w.index); err != nil {
		return err
	}
	le := binary.LittleEndian
	dirAt, dir := w.at, []byte(nil)
	for i := range w.dir {
		d := &w.dir[i]
		dir = le.AppendUint32(dir, d.window)
		dir = le.AppendUint32(dir, uint32(d.first))
		dir = le.AppendUint32(dir, uint32(d.last))
		dir = le.AppendUint32(dir, d.count)
		dir = le.AppendUint64(dir, uint64(d.offset))
		dir = le.AppendUint32(dir, d.crc)
		dir = le.AppendUint32(dir, d.bytes)
	}
	for _, gen := range m.replaces {
		dir = le.AppendUint64(dir, gen)
	}
	if err := w.write(dir); err != nil {
		return err
	}
	return w.write(trailer(m, len(w.dir), indexAt, dirAt, checksum(dir)))
}

func trailer(m *meta, chunks int, indexAt, dirAt int64, dirSum uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(m.step))
	b = le.AppendUint32(b, uint32(m.slots))
	b = le.AppendUint32(b, uint32(chunks))
	b = le.AppendUint32(b, uint32(len(m.replaces)))
	b = le.AppendUint64(b, uint64(indexAt))
	b = le.AppendUint64(b, uint64(dirAt))
	b = le.AppendUint64(b, m.lsn)
	b = le.AppendUint64(b, m.gen)
	b = append(b, byte(m.class), 0, 0, 0)
	b = le.AppendUint32(b, dirSum)
	b = le.AppendUint32(b, 0) // for later
	b = le.AppendUint32(b, checksum(b))
	return append(b, segmentMagic...)
}
