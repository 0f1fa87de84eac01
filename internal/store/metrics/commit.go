package metrics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// commit is one change of what is live: files are written aside, then the
// manifest lists them, then readers see them.
type commit struct {
	store *Store
	man   manifest // all but its segments
	added []liveSegment
	// files are the names written, to be removed should the change fail.
	files []string
	// lsn is what the new segments' trailers say; flushed the generation that
	// they hold, nil for maintenance.
	lsn     uint64
	flushed *generation
}

// nextManifest is the manifest as it stands, for a commit to change.
func (s *Store) nextManifest() manifest {
	m := s.man
	m.Names = slices.Clone(m.Names)
	m.Expired = maps.Clone(m.Expired)
	return m
}

// number gives a file's number. Numbers are not used twice, even after a
// failure: a manifest that was published with an error may list them.
func (c *commit) number() uint64 {
	n := c.store.man.Next
	c.store.man.Next++
	c.man.Next = c.store.man.Next
	return n
}

func (c *commit) writeNames(names []naming) error {
	n := c.number()
	c.files = append(c.files, namesFile(n))
	c.man.Names = append(c.man.Names, n)
	return writeNames(c.store.fs, c.store.dir, n, names)
}

// sharedFile is the size from which on a window is worth a file of its own, and
// fewWindows the number of windows that get one each whatever their size: those
// of live senders. Late samples for many windows share files.
const (
	sharedFile = 256 << 10
	fewWindows = 4
)

// writeWindows writes the windows of one class and step to as few segments as
// serve reading well.
func (c *commit) writeWindows(ctx context.Context, k classStep, windows map[uint32]*windowBuffer) error {
	var together []uint32
	for _, w := range slices.Sorted(maps.Keys(windows)) {
		if len(windows) > fewWindows && len(windows[w].bytes) < sharedFile {
			together = append(together, w)
			continue
		}
		if err := c.writeSegment(ctx, k, nil, windows, w); err != nil {
			return err
		}
	}
	if len(together) == 0 {
		return nil
	}
	return c.writeSegment(ctx, k, nil, windows, together...)
}

func (c *commit) writeSegment(ctx context.Context, k classStep, replaces []uint64, windows map[uint32]*windowBuffer, which ...uint32) error {
	return c.segment(ctx, k, replaces, func(w *segmentWriter) error {
		for _, window := range which {
			if err := windows[window].copyTo(w, window); err != nil {
				return err
			}
		}
		return nil
	})
}

// segment writes one segment and opens it.
func (c *commit) segment(ctx context.Context, k classStep, replaces []uint64, fill func(*segmentWriter) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := meta{classStep: k, slots: c.store.opt.window, gen: c.number(), lsn: c.lsn, replaces: replaces}
	c.files = append(c.files, segmentName(m.gen))
	if err := writeSegment(c.store.fs, c.store.dir, &m, fill); err != nil {
		return err
	}
	seg, err := openSegment(c.store.fs, c.store.dir, segmentName(m.gen))
	if err != nil {
		return err
	}
	c.added = append(c.added, liveSegment{segment: seg, state: segmentState{Gen: m.gen}})
	return nil
}

// publish lists the new segments beside those that live.
func (c *commit) publish() error {
	return c.replace(append(slices.Clone(c.store.liveNow()), c.added...))
}

// replace makes the given segments those that live. Those that no longer do are
// removed once the manifest is published.
func (c *commit) replace(live []liveSegment) error {
	s := c.store
	m := c.man
	m.Segments = slices.Clone(s.lost)
	for i := range live {
		m.Segments = append(m.Segments, live[i].state)
	}
	slices.SortFunc(m.Segments, func(a, b segmentState) int { return int(int64(a.Gen) - int64(b.Gen)) })
	if err := m.save(s.fs, s.dir); err != nil {
		// The manifest may be there all the same, so its files stay until the
		// next one, which does not list them, is.
		s.garbage = append(s.garbage, c.files...)
		return errors.Join(err, c.closeAdded())
	}
	old := s.man
	s.man = c.man
	gone := c.swap(live)
	s.dropUnlisted(&old, gone)
	return nil
}

// swap shows readers the new state and returns the segments that are gone.
func (c *commit) swap(live []liveSegment) (gone []liveSegment) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	keep := map[*segment]bool{}
	for i := range live {
		keep[live[i].segment] = true
	}
	for i := range s.live {
		if !keep[s.live[i].segment] {
			gone = append(gone, s.live[i])
		}
	}
	s.live = live
	s.expired = c.man.Expired
	if c.flushed != nil {
		s.frozen = s.frozen[1:]
		s.flushed = c.lsn
	}
	return gone
}

// dropUnlisted removes the files that the new manifest no longer lists. One
// that cannot be removed now is found unlisted at the next start.
func (s *Store) dropUnlisted(old *manifest, gone []liveSegment) {
	for _, g := range gone {
		s.garbage = append(s.garbage, g.name)
		if err := g.release(); err != nil {
			s.opt.Telemetry.Counter("metrics.close_errors").Inc()
		}
	}
	for _, n := range old.Names {
		if !slices.Contains(s.man.Names, n) {
			s.garbage = append(s.garbage, namesFile(n))
		}
	}
	if old.Alive != 0 && old.Alive != s.man.Alive {
		s.garbage = append(s.garbage, aliveFile(old.Alive))
	}
	s.garbage = slices.DeleteFunc(s.garbage, func(name string) bool {
		if _, err := s.fs.Stat(s.path(name)); err != nil {
			return true
		}
		return s.fs.Remove(s.path(name)) == nil
	})
}

// abandon removes what was written for a change that will not be.
func (c *commit) abandon(err error) error {
	err = errors.Join(err, c.closeAdded())
	for _, name := range c.files {
		if _, statErr := c.store.fs.Stat(c.store.path(name)); statErr != nil {
			continue
		}
		if rmErr := c.store.fs.Remove(c.store.path(name)); rmErr != nil {
			c.store.garbage = append(c.store.garbage, name)
			err = errors.Join(err, fmt.Errorf("removing unfinished %q: %w", name, rmErr))
		}
	}
	return err
}

func (c *commit) closeAdded() error {
	var err error
	for i := range c.added {
		err = errors.Join(err, c.added[i].release())
	}
	return err
}
