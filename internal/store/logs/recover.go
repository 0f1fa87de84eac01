package logs

import (
	"encoding/binary"
	"fmt"
	"strings"

	"patou/internal/codec"
	"patou/internal/fsx"
)

// openSegment reads what a segment says of itself. Where its directory is
// damaged, the blocks are found by their own heads, and the damages say what is
// left out; an error means that nothing could be read.
func openSegment(fsys fsx.FS, p *codec.Packer, dir string, number uint64) (*segment, []fsx.Damage, error) {
	probe := &segment{name: dirName(dir, number)}
	f, err := fsys.Open(probe.name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, nil, err
	}
	read := func(buf []byte, offset int64) error { _, err := f.ReadAt(buf, offset); return err }
	info, err := readSegmentInfo(read, p, size)
	if err == nil && info.number != number {
		err = fmt.Errorf("it says that it is segment %d: %w", info.number, errDamaged)
	}
	if err == nil {
		return newSegment(dir, info, size), nil, nil
	}
	return salvage(read, p, dir, number, size, err)
}

// readSegmentInfo follows the footer to the directory.
func readSegmentInfo(read func([]byte, int64) error, p *codec.Packer, size int64) (segmentInfo, error) {
	if size < headerSize+footerSize {
		return segmentInfo{}, fmt.Errorf("it is cut to %d bytes: %w", size, errDamaged)
	}
	footer := make([]byte, footerSize)
	if err := read(footer, size-footerSize); err != nil {
		return segmentInfo{}, err
	}
	r := reader{src: footer}
	at := int64(binary.LittleEndian.Uint64(r.take(8)))
	packed, raw, sum := int64(r.uint32()), int64(r.uint32()), r.uint32()
	if r.uint32() != checksum(footer[:20]) || string(r.src) != segmentMagic {
		return segmentInfo{}, fmt.Errorf("it has no sound footer: %w", errDamaged)
	}
	if at < headerSize || packed != size-footerSize-at || raw > maxDirectory {
		return segmentInfo{}, fmt.Errorf("its footer leads nowhere: %w", errDamaged)
	}
	b := make([]byte, packed)
	if err := read(b, at); err != nil {
		return segmentInfo{}, err
	}
	if checksum(b) != sum {
		return segmentInfo{}, fmt.Errorf("the checksum of its directory is wrong: %w", errDamaged)
	}
	dir, err := p.Unpack(b, int(raw))
	if err != nil {
		return segmentInfo{}, err
	}
	return readDirectory(dir)
}

// salvage finds the blocks of a segment without its directory.
func salvage(read func([]byte, int64) error, p *codec.Packer, dir string, number uint64, size int64, because error) (*segment, []fsx.Damage, error) {
	info := segmentInfo{number: number}
	name := dirName(dir, number)
	damages := []fsx.Damage{{File: name, Offset: -1,
		What: "the directory cannot be read, its blocks are found one by one: " + because.Error()}}
	at := int64(headerSize)
	for at < size {
		b, err := salvageBlock(read, p, at, size)
		if err == nil {
			info.blocks = append(info.blocks, b)
			at += int64(b.size)
			continue
		}
		next := findBlock(read, at+1, size)
		damages = append(damages, fsx.Damage{File: name, Offset: at,
			What: fmt.Sprintf("%d bytes hold no block that can be read; their entries, if any, are lost", next-at)})
		at = next
	}
	if len(info.blocks) == 0 {
		return nil, damages, fmt.Errorf("segment %q has no block that can be read: %w", name, because)
	}
	seg := newSegment(dir, info, size)
	seg.damaged.Store(true)
	return seg, damages, nil
}

// salvageBlock reads the directory part of a block's head.
func salvageBlock(read func([]byte, int64) error, p *codec.Packer, at, size int64) (blockInfo, error) {
	head := make([]byte, blockHeadSize)
	if err := read(head, at); err != nil {
		return blockInfo{}, err
	}
	h, err := parseBlockHead(head)
	if err != nil {
		return blockInfo{}, err
	}
	b := blockInfo{offset: at, head: blockHeadSize + h.packed, size: blockHeadSize + h.packed + h.body}
	if at+int64(b.size) > size {
		return blockInfo{}, fmt.Errorf("the block is cut: %w", errDamaged)
	}
	table, runs, err := readHead(read, p, at, b.head)
	if err != nil {
		return blockInfo{}, err
	}
	r := reader{src: runs}
	b.runs = r.readRuns(&runInfo{})
	for i := range table {
		switch table[i].kind {
		case columnFilter:
			b.filter = table[i].packed
		case columnMessages, columnField:
			b.bytes += table[i].size
		}
	}
	b.check(&r)
	return b, r.end()
}

// findBlock is the next place, from at, where a block may begin; size when
// there is none.
func findBlock(read func([]byte, int64) error, at, size int64) int64 {
	const step = 64 << 10
	buf := make([]byte, step+len(blockMagic)-1)
	for at < size {
		part := buf[:min(int64(len(buf)), size-at)]
		if err := read(part, at); err != nil {
			at += step // a place that the disk cannot read: go past it
			continue
		}
		if i := strings.Index(string(part), blockMagic); i >= 0 {
			return at + int64(i)
		}
		at += step
	}
	return size
}

// maxNamed bounds the components that the report of one block's damage names.
const maxNamed = 10

// lostOf names what a block holds, for the report of its damage.
func lostOf(seg *segment, block int) string {
	var names []string
	more := 0
	for i := range seg.runs {
		switch r := &seg.runs[i]; {
		case r.block != block:
		case len(names) == maxNamed:
			more += r.rows
		default:
			names = append(names, fmt.Sprintf("%d entries of %q", r.rows, r.component))
		}
	}
	if more > 0 {
		names = append(names, fmt.Sprintf("%d entries of other components", more))
	}
	return strings.Join(names, ", ")
}
