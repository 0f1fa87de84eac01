package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"patou/internal/codec"
	"patou/internal/fsx"
)

// Open opens the store in a directory, which is made if need be. The damages
// say what could not be read; what could is served. After it, every record past
// Flushed must be applied again.
func Open(fsys fsx.FS, dir string, o Options) (*Store, []fsx.Damage, error) {
	o = o.withDefaults()
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, nil, fmt.Errorf("making the log store's directory %q: %w", dir, err)
	}
	packer, err := codec.NewPacker(maxDirectory)
	if err != nil {
		return nil, nil, err
	}
	s := &Store{
		fs: fsys, dir: dir, opts: o, packer: packer, head: newGeneration(),
		answers: answers{hours: map[int64]*answerHour{}}, files: newOpenFiles(o.OpenFiles),
	}
	if err := s.load(); err != nil {
		packer.Close()
		return nil, nil, fmt.Errorf("opening the log store %q: %w", dir, err)
	}
	return s, slices.Clone(s.damages), nil
}

// load reads the manifest and what it names.
func (s *Store) load() error {
	files, err := listFiles(s.fs, s.dir)
	if err != nil {
		return err
	}
	m, err := readManifest(s.fs, s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(files.segments) == 0:
		// There is a manifest before there is a segment, so that one without
		// the other is known as damage and nothing is removed.
		s.next = 1
		return (&manifest{next: 1}).publish(s.fs, s.dir)
	case errors.Is(err, errDamaged), errors.Is(err, fs.ErrNotExist):
		s.damage(manifestName, "all segments are read in its place", err)
		m = &manifest{segments: files.segments, answers: files.answers, next: files.next}
		s.loadSegments(m)
		s.loadAnswers(m)
		s.withoutManifest()
		return s.renewManifest()
	case err != nil:
		return err
	}
	s.flushed = m.flushed
	s.loadSegments(m)
	s.loadAnswers(m)
	return s.sweep(m, files)
}

// loadSegments opens what the manifest names. A segment that is gone or
// damaged is reported, and the others are served.
func (s *Store) loadSegments(m *manifest) {
	s.next = max(1, m.next)
	for _, number := range m.segments {
		seg, damages, err := openSegment(s.fs, s.packer, s.dir, number)
		s.damages = append(s.damages, damages...)
		if err != nil {
			s.damage(segmentName(number), "its entries are lost until it can be read", err)
			s.unread = append(s.unread, number)
			continue
		}
		s.segments = append(s.segments, seg)
	}
}

// withoutManifest tells live segments from those that another one replaced by
// what the segments say themselves.
func (s *Store) withoutManifest() {
	replaced := map[uint64]bool{}
	for _, seg := range s.segments {
		s.flushed = max(s.flushed, seg.flushed)
		for _, n := range seg.inputs {
			replaced[n] = true
		}
	}
	s.segments = slices.DeleteFunc(s.segments, func(seg *segment) bool { return replaced[seg.number] })
}

// renewManifest writes what was found, and keeps the damaged manifest beside it
// for the person who looks into it.
func (s *Store) renewManifest() error {
	name := path.Join(s.dir, manifestName)
	if err := s.fs.Rename(name, name+".damaged"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.manifestWith(change{}, nil).publish(s.fs, s.dir)
}

// loadAnswers reads the remembered answers, so that a batch sent again after a
// restart is known.
func (s *Store) loadAnswers(m *manifest) {
	for _, number := range m.answers {
		hour, h, err := readAnswers(s.fs, s.packer, s.dir, number)
		if err != nil {
			s.damage(answersName(number), "retries of its hour may be taken twice", err)
			continue
		}
		s.answers.add(hour, h)
	}
}

func (s *Store) damage(file, what string, err error) {
	s.damages = append(s.damages, fsx.Damage{File: path.Join(s.dir, file), Offset: -1, What: err.Error() + "; " + what})
}

// storeFiles are the files of a store's directory.
type storeFiles struct {
	segments []uint64
	answers  []uint64
	temps    []string
	next     uint64 // past all numbers
}

// listFiles sorts a directory's names by what they are; names that are not
// ours are left alone.
func listFiles(fsys fsx.FS, dir string) (storeFiles, error) {
	files := storeFiles{next: 1}
	list, err := fsys.ReadDir(dir)
	if err != nil {
		return files, err
	}
	for _, e := range list {
		var number uint64
		switch name := e.Name(); {
		case strings.HasSuffix(name, fsx.TempSuffix):
			files.temps = append(files.temps, name)
			continue
		case readNumber(name, segmentName, &number):
			files.segments = append(files.segments, number)
		case readNumber(name, answersName, &number):
			files.answers = append(files.answers, number)
		}
		files.next = max(files.next, number+1)
	}
	return files, nil
}

// readNumber reads the number of a name that was made by nameOf.
func readNumber(name string, nameOf func(uint64) string, number *uint64) bool {
	var n uint64
	if _, err := fmt.Sscanf(name, "%d.", &n); err != nil || nameOf(n) != name {
		return false
	}
	*number = n
	return true
}

func readManifest(fsys fsx.FS, dir string) (*manifest, error) {
	b, err := readFile(fsys, path.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	return decodeManifest(b)
}

// sweep removes what a crash left: files that are not finished, and files that
// the manifest does not name. Their entries are in the write-ahead log or in
// the segments that took their place. The manifest is made durable first: a
// crash must not bring back one that names what is removed here.
func (s *Store) sweep(m *manifest, files storeFiles) error {
	if err := s.fs.SyncDir(s.dir); err != nil {
		return fmt.Errorf("making the manifest durable: %w", err)
	}
	for _, name := range leftoverFiles(m, files) {
		if err := s.fs.Remove(path.Join(s.dir, name)); err != nil {
			return fmt.Errorf("removing %q, which a crash left: %w", name, err)
		}
	}
	return nil
}

// leftoverFiles are the unfinished files and those that the manifest does not
// name.
func leftoverFiles(m *manifest, files storeFiles) []string {
	names := files.temps
	for _, n := range files.segments {
		if !slices.Contains(m.segments, n) {
			names = append(names, segmentName(n))
		}
	}
	for _, n := range files.answers {
		if !slices.Contains(m.answers, n) {
			names = append(names, answersName(n))
		}
	}
	return names
}
