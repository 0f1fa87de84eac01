package logs

import (
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"sync"
	"sync/atomic"

	"patou/internal/codec"
	"patou/internal/fsx"
)

const (
	segmentMagic   = "PATOULOG"
	segmentVersion = 1
	segmentSuffix  = ".seg"
	headerSize     = 16
	footerSize     = 32
	// maxDirectory bounds an unpacked directory.
	maxDirectory = 1 << 30
)

// blockInfo is what the directory keeps of a block.
type blockInfo struct {
	offset int64
	size   int // of the whole block
	head   int // bytes before its body
	filter int // bytes of the filter, the first column of the body; 0 for none
	rows   int
	bytes  int // of messages and fields
	runs   []runInfo
}

// segmentInfo is what a segment's directory says of the whole.
type segmentInfo struct {
	number uint64
	// level is how often its entries were rewritten.
	level int
	// flushed is the record through which the store was on disk with it.
	flushed uint64
	// inputs are the segments in whose place it was put.
	inputs []uint64
	hosts  []hostInfo
	blocks []blockInfo
}

// hostInfo says when a host spoke last.
type hostInfo struct {
	name string
	last int64
}

// segment is a live segment file.
type segment struct {
	segmentInfo
	name        string
	size        int64 // of the file
	rows        int
	first, last int64
	runs        []segmentRun // by component, then in order of first time
	parts       []runGroup
	damaged     atomic.Bool // something in it could not be read

	mu       sync.Mutex
	file     fsx.File // nil until it is read
	refs     int
	idle     bool // its file stays open while nobody reads it
	obsolete bool // another segment is in its place: removed with the last reader
}

// segmentRun is a run and where it is.
type segmentRun struct {
	runInfo
	block, row int
}

func segmentName(number uint64) string { return fmt.Sprintf("%08d%s", number, segmentSuffix) }

// dirName is where a segment is.
func dirName(dir string, number uint64) string { return path.Join(dir, segmentName(number)) }

// runGroup is the runs of one component.
type runGroup struct {
	component string
	from, to  int // in runs
	last      int64
}

// newSegment indexes what a directory says.
func newSegment(dir string, info segmentInfo, size int64) *segment {
	s := &segment{segmentInfo: info, name: dirName(dir, info.number), size: size}
	for i := range s.blocks {
		row := 0
		for _, r := range s.blocks[i].runs {
			s.addRun(segmentRun{runInfo: r, block: i, row: row})
			row += r.rows
		}
		s.blocks[i].runs = nil
	}
	return s
}

// addRun keeps the runs of a component together, by which they are found.
func (s *segment) addRun(r segmentRun) {
	if len(s.runs) == 0 {
		s.first, s.last = r.first, r.last
	}
	s.first, s.last = min(s.first, r.first), max(s.last, r.last)
	s.rows += r.rows
	s.runs = append(s.runs, r)
	last := len(s.parts) - 1
	if last < 0 || s.parts[last].component != r.component {
		s.parts = append(s.parts, runGroup{component: r.component, from: len(s.runs) - 1, last: r.last})
		last++
	}
	s.parts[last].to = len(s.runs)
	s.parts[last].last = max(s.parts[last].last, r.last)
}

// segmentWriter writes blocks one after another and remembers where they are.
type segmentWriter struct {
	w      io.Writer
	packer *codec.Packer
	info   segmentInfo
	offset int64
	buf    []byte
}

func (w *segmentWriter) begin() error {
	header := append(make([]byte, 0, headerSize), segmentMagic...)
	header = binary.LittleEndian.AppendUint32(header, segmentVersion)
	return w.write(binary.LittleEndian.AppendUint32(header, 0))
}

func (w *segmentWriter) write(b []byte) error {
	n, err := w.w.Write(b)
	w.offset += int64(n)
	return err
}

func (w *segmentWriter) block(b *builder) error {
	var info blockInfo
	w.buf, info = b.encode(w.buf[:0])
	info.offset = w.offset
	w.info.blocks = append(w.info.blocks, info)
	b.reset()
	return w.write(w.buf)
}

// finish writes the directory and the footer that leads to it.
func (w *segmentWriter) finish() error {
	at := w.offset
	raw := appendDirectory(nil, &w.info)
	packed := w.packer.Pack(nil, raw)
	if err := w.write(packed); err != nil {
		return err
	}
	footer := binary.LittleEndian.AppendUint64(nil, uint64(at))
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(packed)))
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(raw)))
	footer = binary.LittleEndian.AppendUint32(footer, checksum(packed))
	footer = binary.LittleEndian.AppendUint32(footer, checksum(footer))
	return w.write(append(footer, segmentMagic...))
}

// appendDirectory packs what a segment says of itself.
func appendDirectory(dst []byte, s *segmentInfo) []byte {
	dst = binary.AppendUvarint(dst, s.number)
	dst = binary.AppendUvarint(dst, uint64(s.level))
	dst = binary.AppendUvarint(dst, s.flushed)
	dst = binary.AppendUvarint(dst, uint64(len(s.inputs)))
	for _, n := range s.inputs {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.hosts)))
	for _, h := range s.hosts {
		dst = binary.AppendVarint(appendText(dst, h.name), h.last)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.blocks)))
	before := &runInfo{}
	for i := range s.blocks {
		b := &s.blocks[i]
		for _, n := range []int{b.size, b.head, b.filter, b.bytes} {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
		dst = appendRuns(dst, before, b.runs)
		before = &b.runs[len(b.runs)-1]
	}
	return dst
}

// readDirectory unpacks what appendDirectory packed.
func readDirectory(raw []byte) (segmentInfo, error) {
	r := reader{src: raw}
	s := segmentInfo{number: r.uvarint(), level: r.count(255), flushed: r.uvarint()}
	for range r.count(len(r.src)) {
		s.inputs = append(s.inputs, r.uvarint())
	}
	for range r.count(len(r.src)) {
		s.hosts = append(s.hosts, hostInfo{string(r.text()), r.varint()})
	}
	offset, before := int64(headerSize), &runInfo{}
	for range r.count(len(r.src)) {
		b := blockInfo{offset: offset, size: r.count(1 << 31), head: r.count(1 << 31),
			filter: r.count(1 << 31), bytes: r.count(1 << 31), runs: r.readRuns(before)}
		if b.check(&r); r.err != nil {
			return s, r.err
		}
		before = &b.runs[len(b.runs)-1]
		offset += int64(b.size)
		s.blocks = append(s.blocks, b)
	}
	return s, r.end()
}

// check bounds what a damaged directory can ask a reader to allocate.
func (b *blockInfo) check(r *reader) {
	for i := range b.runs {
		b.rows += b.runs[i].rows
	}
	if r.err == nil && (b.rows == 0 || b.rows > maxBlockRows || b.head < blockHeadSize || b.head+b.filter > b.size) {
		r.fail("a block of %d bytes and %d rows", b.size, b.rows)
	}
}
