package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"patou/internal/fsx"
	"patou/internal/metric"
)

// Check reads everything in a store's directory, changes nothing, and lists
// what is damaged: every block is decoded, its series must have a name and a
// kind that fits, and each file must be listed.
func Check(fsys fsx.FS, dir string) []fsx.Damage {
	s, err := newStore(fsys, dir, Options{})
	if err != nil {
		return []fsx.Damage{{File: dir, Offset: -1, What: err.Error()}}
	}
	c := checker{Store: s, read: newReader(&view{store: s}, false)}
	man, err := loadManifest(fsys, dir)
	if errors.Is(err, errNoManifest) {
		man, err = &manifest{}, nil
	}
	if err != nil {
		c.damaged(fsx.Damage{File: s.path(manifestName), Offset: -1, What: err.Error()})
		return c.Damage()
	}
	for _, n := range man.Names {
		s.loadNames(namesFile(n))
	}
	s.loadAlive(man.Alive)
	for _, state := range man.Segments {
		c.segment(state)
	}
	c.orphans(man)
	return c.Damage()
}

type checker struct {
	*Store
	read *reader
}

func (c *checker) segment(state segmentState) {
	name := segmentName(state.Gen)
	seg, err := openSegment(c.fs, c.dir, name)
	if err != nil {
		c.damaged(fsx.Damage{File: c.path(name), Offset: -1, What: err.Error()})
		return
	}
	for i := range seg.dir {
		entries, err := seg.chunk(i)
		if err != nil {
			c.read.hurt(seg, seg.dir[i].index, err)
		}
		for _, e := range entries {
			if err := c.block(seg, e); err != nil {
				c.read.hurt(seg, e.offset, err)
			}
		}
	}
	if err := seg.release(); err != nil {
		c.damaged(fsx.Damage{File: c.path(name), Offset: -1, What: err.Error()})
	}
}

func (c *checker) block(seg *segment, e entry) error {
	ser := c.index.get(e.id)
	if ser == nil {
		return fmt.Errorf("%w: series %d has no name", errBadSegment, e.id)
	}
	b, err := seg.block(e, c.read.buf)
	if err != nil {
		return err
	}
	c.read.buf = b
	if seg.class == classRolled {
		r := rolled{cells: make([]cell, seg.slots)}
		return c.read.blocks.rolled(&r, ser.kind, b, 0, int(seg.slots))
	}
	s := makeSlots(ser.kind, 0, int(seg.slots))
	if err := c.read.blocks.slots(&s, ser.kind, b, 0, int(seg.slots)); err != nil {
		return err
	}
	if ser.kind != metric.Distribution && slices.ContainsFunc(c.read.blocks.column, func(v float64) bool { return v != v }) {
		return fmt.Errorf("%w: series %d %.80q holds NaN", errBadSegment, e.id, ser.name)
	}
	return nil
}

func (c *checker) orphans(man *manifest) {
	files, err := listFiles(c.fs, c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return // a first start that ended before it made the directory
	}
	if err != nil {
		c.damaged(fsx.Damage{File: c.dir, Offset: -1, What: err.Error()})
		return
	}
	listed := man.files()
	for _, name := range files {
		if !listed[name] {
			c.damaged(fsx.Damage{File: c.path(name), Offset: -1, What: "no manifest lists it: a crash left it, the next start removes it", Harmless: true})
		}
	}
}
