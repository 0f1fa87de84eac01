package logs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"patou/internal/entry"
)

// merger reads segments side by side. It holds one open block of each and the
// entries of runs that overlap in time.
type merger struct {
	store  *Store
	ctx    context.Context
	inputs []*segment
	now    time.Time
	open   map[*segment]*mergedBlock
}

// mergedBlock is the block of a segment that was opened last.
type mergedBlock struct {
	number int
	open   *openBlock
	failed error
}

// source is a run to merge.
type source struct {
	seg *segment
	run *segmentRun
}

// fill gives all entries of the inputs to add, by component, time and ID.
func (m *merger) fill(add func(string, *entry.Entry) error) error {
	for _, component := range m.components() {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		if err := m.component(component, add); err != nil {
			return err
		}
	}
	return nil
}

// components are those of all inputs, in order.
func (m *merger) components() []string {
	var names []string
	for _, seg := range m.inputs {
		for i := range seg.parts {
			names = append(names, seg.parts[i].component)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// component merges one component's runs. A run is read when the ones before
// have been written up to its first entry, so that only what overlaps is held.
func (m *merger) component(name string, add func(string, *entry.Entry) error) error {
	since, bounded := m.store.keptSince(name, m.now)
	if !bounded {
		since = minTime
	}
	runs := m.runsOf(name, since)
	var held []entry.Entry
	for i, src := range runs {
		var err error
		if held, err = m.read(held, src, since); err != nil {
			return err
		}
		until := int64(maxTime)
		if i+1 < len(runs) {
			until = runs[i+1].run.first
		}
		sortEntries(held)
		n := 0
		for ; n < len(held) && (held[n].Time < until || i+1 == len(runs)); n++ {
			if err := add(name, &held[n]); err != nil {
				return err
			}
		}
		held = slices.Delete(held, 0, n)
	}
	return nil
}

// runsOf is the runs of a component that are not all past their retention.
func (m *merger) runsOf(name string, since int64) []source {
	var out []source
	for _, seg := range m.inputs {
		at, ok := slices.BinarySearchFunc(seg.parts, name, func(p runGroup, name string) int {
			switch {
			case p.component < name:
				return -1
			case p.component > name:
				return 1
			}
			return 0
		})
		for j := 0; ok && j < seg.parts[at].to-seg.parts[at].from; j++ {
			if r := &seg.runs[seg.parts[at].from+j]; r.last >= since {
				out = append(out, source{seg, r})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b source) int { return compare(a.run.first, b.run.first) })
	return out
}

// sortEntries orders by time and then by ID, the order of entries everywhere.
func sortEntries(entries []entry.Entry) {
	slices.SortFunc(entries, func(a, b entry.Entry) int {
		if c := compare(a.Time, b.Time); c != 0 || a.ID == b.ID {
			return c
		}
		if a.ID.Less(b.ID) {
			return -1
		}
		return 1
	})
}

// read appends a run's entries that are not past their retention. A segment that
// has lost something is not merged.
func (m *merger) read(dst []entry.Entry, src source, since int64) ([]entry.Entry, error) {
	b, err := m.block(src.seg, src.run.block)
	if err != nil {
		return nil, err
	}
	cols := blockColumns{b: b.open, from: src.run.row, to: src.run.row + src.run.rows}
	hosts, messages := cols.cut(b.open.getHosts()), cols.cut(b.open.getMessages())
	for i := range cols.Len() {
		e := entry.Entry{Time: b.open.times[cols.from+i], ID: b.open.ids[cols.from+i], Level: b.open.levels[cols.from+i]}
		if e.Time < since {
			continue
		}
		e.Host, _ = hosts.At(i)
		e.Message, _ = messages.At(i)
		e.Fields, _ = cols.Fields(i) // it reports what is lost to the block
		dst = append(dst, e)
	}
	return dst, b.failed
}

// block opens a block of an input. Runs come in the order of blocks, so the one
// before is not needed any more.
func (m *merger) block(seg *segment, number int) (*mergedBlock, error) {
	if b := m.open[seg]; b != nil && b.number == number {
		return b, b.failed
	}
	b := &mergedBlock{number: number}
	note := m.store.report(seg, number)
	report := func(offset int64, what string, err error) {
		note(offset, what, err)
		b.failed = fmt.Errorf("%s of %q: %w", what, seg.name, errDamaged)
	}
	b.open = &openBlock{
		read: segmentReader(m.store.fs, seg), packer: m.store.packer, report: report, info: &seg.blocks[number],
	}
	if err := b.open.open(); err != nil {
		report(b.open.info.offset, "the block", err)
	}
	m.open[seg] = b
	return b, b.failed
}
