package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"patou/internal/codec"
	"patou/internal/fsx"
)

// Check reads every byte of a store that nobody writes, and changes nothing. The
// damages name the file, the place and how many entries of which component are
// lost; none means that all is sound. What a crash left is named as harmless.
func Check(fsys fsx.FS, dir string) []fsx.Damage {
	packer, err := codec.NewPacker(maxDirectory)
	if err != nil {
		return []fsx.Damage{{File: dir, Offset: -1, What: err.Error()}}
	}
	defer packer.Close()
	c := &checker{fs: fsys, dir: dir, packer: packer}
	c.check()
	return c.damages
}

// checker collects what is wrong with the files of one store.
type checker struct {
	fs      fsx.FS
	dir     string
	packer  *codec.Packer
	damages []fsx.Damage
}

func (c *checker) add(file, what string) {
	c.damages = append(c.damages, fsx.Damage{File: path.Join(c.dir, file), Offset: -1, What: what})
}

// check reads every byte that a reader might, by the same code as a reader.
func (c *checker) check() {
	files, err := listFiles(c.fs, c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return // there is no store
	}
	if err != nil {
		c.add("", err.Error())
		return
	}
	m, err := readManifest(c.fs, c.dir)
	if err != nil {
		if len(files.segments) > 0 || !errors.Is(err, fs.ErrNotExist) {
			c.add(manifestName, err.Error())
		}
		m = &manifest{segments: files.segments, answers: files.answers}
	}
	for _, number := range m.segments {
		c.segment(number)
	}
	for _, number := range m.answers {
		if _, _, err := readAnswers(c.fs, c.packer, c.dir, number); err != nil {
			c.add(answersName(number), err.Error()+"; retries of its hour may be taken twice")
		}
	}
	c.leftovers(m, files)
}

// leftovers are files that no manifest names. They harm nobody, and the next
// start removes them.
func (c *checker) leftovers(m *manifest, files storeFiles) {
	for _, name := range leftoverFiles(m, files) {
		c.damages = append(c.damages, fsx.Damage{
			File: path.Join(c.dir, name), Offset: -1, Harmless: true,
			What: "a file that a crash left; it is not used and goes at the next start",
		})
	}
}

// segment reads all blocks of a segment.
func (c *checker) segment(number uint64) {
	seg, damages, err := openSegment(c.fs, c.packer, c.dir, number)
	c.damages = append(c.damages, damages...)
	if err != nil {
		c.add(segmentName(number), err.Error()+"; its entries are lost until it can be read")
		return
	}
	for i := range seg.blocks {
		c.block(seg, i)
	}
	if err := seg.closeLocked(); err != nil {
		c.add(segmentName(number), err.Error())
	}
}

// block reads all columns of a block and its counts.
func (c *checker) block(seg *segment, number int) {
	report := func(offset int64, what string, err error) {
		c.damages = append(c.damages, damageOf(seg, number, offset, what, err))
	}
	b := &openBlock{read: segmentReader(c.fs, seg), packer: c.packer, report: report, info: &seg.blocks[number]}
	if err := b.open(); err != nil {
		report(b.info.offset, "the block", err)
		return
	}
	b.getHosts()
	b.getMessages()
	b.mu.Lock()
	f := b.getFields()
	for i := range f.columns {
		b.fieldColumn(f, i)
	}
	b.mu.Unlock()
	c.filter(seg, number)
	c.runs(seg, number, b)
}

// filter checks that a block's filter is as written. A reader does without a
// damaged one: it only skips less.
func (c *checker) filter(seg *segment, number int) {
	b := &seg.blocks[number]
	filter := make([]byte, b.filter)
	at := b.offset + int64(b.head)
	if err := segmentReader(c.fs, seg)(filter, at); err != nil {
		c.damages = append(c.damages, damageOf(seg, number, at, "the filter", err))
		return
	}
	if len(filter) > 0 && !soundFilter(filter) {
		c.damages = append(c.damages, fsx.Damage{File: seg.name, Offset: at, Harmless: true,
			What: "the filter of a block is damaged; searches read the block"})
	}
}

// runs holds the directory against the times of the entries.
func (c *checker) runs(seg *segment, number int, b *openBlock) {
	for i := range seg.runs {
		r := &seg.runs[i]
		if r.block != number {
			continue
		}
		_, err := readMinutes(r.minutes, r.first, r.rows)
		if first, last := b.times[r.row], b.times[r.row+r.rows-1]; err == nil && (first != r.first || last != r.last) {
			err = fmt.Errorf("its entries are from %d to %d: %w", first, last, errDamaged)
		}
		if err != nil {
			c.damages = append(c.damages, damageOf(seg, number, b.info.offset, fmt.Sprintf("the directory of %q", r.component), err))
		}
	}
}

// damageOf is what cannot be read of a block, in words.
func damageOf(seg *segment, block int, offset int64, what string, err error) fsx.Damage {
	return fsx.Damage{File: seg.name, Offset: offset,
		What: what + " of " + lostOf(seg, block) + " cannot be read: " + err.Error()}
}
