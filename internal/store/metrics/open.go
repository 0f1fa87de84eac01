package metrics

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"patou/internal/fsx"
	"patou/internal/metric"
)

// Open opens the store in a directory, made if need be. It does not refuse to
// start over damage: what is sound is served and the rest is in the list, its
// files kept. The records after Flushed must be applied again.
func Open(fsys fsx.FS, dir string, o Options) (*Store, []fsx.Damage, error) {
	s, err := newStore(fsys, dir, o)
	if err != nil {
		return nil, nil, err
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, nil, fmt.Errorf("making the metrics directory: %w", err)
	}
	files, err := listFiles(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	man, err := loadManifest(fsys, dir)
	switch {
	case errors.Is(err, errBadManifest):
		if man, err = s.rebuild(files, err); err != nil {
			return nil, nil, err
		}
	case errors.Is(err, errNoManifest):
		man = &manifest{Next: 1}
	case err != nil:
		return nil, nil, fmt.Errorf("opening the metric store in %q: %w", dir, err)
	}
	if err := s.start(man, files); err != nil {
		return nil, nil, err
	}
	return s, s.Damage(), nil
}

// listFiles are the names of the files that are the store's by their suffix.
func listFiles(fsys fsx.FS, dir string) ([]string, error) {
	all, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the metrics directory: %w", err)
	}
	var out []string
	for _, e := range all {
		switch path.Ext(e.Name()) {
		case ".pms", ".pmn", ".pma", fsx.TempSuffix:
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func (s *Store) start(man *manifest, files []string) error {
	s.man = *man
	s.man.Segments = nil // kept in live and lost
	s.flushed, s.expired = man.Flushed, maps.Clone(man.Expired)
	for _, n := range man.Names {
		s.loadNames(namesFile(n))
	}
	s.named = s.index.n.Load()
	s.loadAlive(man.Alive)
	for _, state := range man.Segments {
		s.openListed(state)
	}
	return s.removeOrphans(man, files)
}

func (s *Store) loadNames(name string) {
	readNames(s.fs, s.dir, name, func(r naming) {
		if r.Name != "" && !s.index.define(r.Def) {
			s.damaged(fsx.Damage{File: s.path(name), Offset: -1, What: fmt.Sprintf("series %d %.80q contradicts another of its number or name", r.ID, r.Name)})
			return
		}
		if ser := s.index.get(r.ID); ser != nil {
			ser.setStep(r.step)
		}
	}, func(offset int64, err error) {
		s.namesHurt = true
		s.damaged(fsx.Damage{File: s.path(name), Offset: offset, What: fmt.Sprintf("the names of some series are lost, their values cannot be found: %v", err)})
	})
}

func (s *Store) loadAlive(n uint64) {
	if n == 0 {
		return
	}
	times, err := readAlive(s.fs, s.dir, n)
	if err != nil {
		s.damaged(fsx.Damage{File: s.path(aliveFile(n)), Offset: -1, What: err.Error(), Harmless: true})
		return
	}
	for id, t := range times {
		if ser := s.index.get(metric.ID(id)); ser != nil {
			ser.alive.Store(t)
		}
	}
}

func (s *Store) openListed(state segmentState) {
	seg, err := openSegment(s.fs, s.dir, segmentName(state.Gen))
	if err != nil {
		s.lost = append(s.lost, state)
		s.damaged(fsx.Damage{File: s.path(segmentName(state.Gen)), Offset: -1, What: fmt.Sprintf("its values are left out: %v", err)})
		return
	}
	s.live = append(s.live, liveSegment{seg, state})
}

// removeOrphans removes what a crash left between writing files and listing
// them: the log still has its records. The manifest is made durable first: a
// crash must not bring back one that lists what is removed here.
func (s *Store) removeOrphans(man *manifest, files []string) error {
	if err := s.fs.SyncDir(s.dir); err != nil {
		return fmt.Errorf("making the manifest durable: %w", err)
	}
	listed := man.files()
	for _, name := range files {
		if listed[name] {
			continue
		}
		if err := s.fs.Remove(s.path(name)); err != nil {
			return fmt.Errorf("removing %q that a crash left: %w", s.path(name), err)
		}
	}
	return nil
}

// files are the names that the manifest lists.
func (m *manifest) files() map[string]bool {
	listed := map[string]bool{}
	for _, seg := range m.Segments {
		listed[segmentName(seg.Gen)] = true
	}
	for _, n := range m.Names {
		listed[namesFile(n)] = true
	}
	if m.Alive != 0 {
		listed[aliveFile(m.Alive)] = true
	}
	return listed
}

// rebuild makes a manifest of the files that are there, because the one that
// was is damaged. It is kept under another name. Segments that a merged one has
// replaced are listed no more; what was rolled up is rolled up again.
func (s *Store) rebuild(files []string, cause error) (*manifest, error) {
	kept := manifestName + ".damaged"
	if err := s.fs.Rename(s.path(manifestName), s.path(kept)); err != nil {
		return nil, fmt.Errorf("keeping the damaged manifest: %w", err)
	}
	s.damaged(fsx.Damage{File: s.path(kept), Offset: -1, What: fmt.Sprintf("%v; rebuilt from the files of the directory, late samples may be missing or count twice in rolled-up slots", cause)})
	m := &manifest{Next: 1}
	replaced := map[uint64]bool{}
	for _, name := range files {
		var n uint64
		switch {
		case scan(name, "seg-%d.pms", &n):
			m.Segments = append(m.Segments, segmentState{Gen: n})
			s.adopt(m, replaced, name)
		case scan(name, "names-%d.pmn", &n):
			m.Names = append(m.Names, n)
		case scan(name, "alive-%d.pma", &n):
			m.Alive = max(m.Alive, n)
		}
		m.Next = max(m.Next, n+1)
	}
	m.Segments = slices.DeleteFunc(m.Segments, func(g segmentState) bool { return replaced[g.Gen] })
	return m, m.save(s.fs, s.dir)
}

func scan(name, format string, n *uint64) bool {
	_, err := fmt.Sscanf(name, format, n)
	return err == nil && !strings.HasSuffix(name, fsx.TempSuffix)
}

func (s *Store) adopt(m *manifest, replaced map[uint64]bool, name string) {
	seg, err := openSegment(s.fs, s.dir, name)
	if err != nil {
		return // listed all the same: opening it again names the damage
	}
	m.Flushed = max(m.Flushed, seg.lsn)
	for _, gen := range seg.replaces {
		replaced[gen] = true
	}
	_ = seg.release() // only read
}
