package logs

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"patou/internal/fsx"
)

// change is what a new manifest makes of the live files.
type change struct {
	add, remove []*segment
	generation  *generation // whose entries are in add; nil for none
}

// replace publishes the change and then shows it to readers, at once: no Runs
// sees an entry twice or not at all. On an error of the manifest the files stay
// until the next one is published, since the disk may have either.
func (s *Store) replace(c change) error {
	fresh := namesOf(c.add)
	told, err := s.saveAnswers(c.generation, &fresh)
	if err != nil {
		return s.discard(fresh, err)
	}
	m := s.manifestWith(c, told)
	if err := m.publish(s.fs, s.dir); err != nil {
		s.leftovers = append(s.leftovers, fresh...)
		return err
	}
	s.show(c, m, told)
	s.tidy()
	s.retire(c.remove)
	return nil
}

// discard removes files that were written for a manifest which was not, so that
// they do not hold the space that may be why. Of other leftovers a manifest whose
// publishing failed may still speak.
func (s *Store) discard(fresh []string, because error) error {
	for _, name := range fresh {
		if err := s.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.leftovers = append(s.leftovers, name)
		}
	}
	return because
}

func namesOf(segments []*segment) []string {
	var out []string
	for _, seg := range segments {
		out = append(out, seg.name)
	}
	return out
}

// tidy removes leftovers, once a manifest is published that names none of them.
// What cannot be removed is tried again, and is no reason to fail.
func (s *Store) tidy() {
	s.leftovers = slices.DeleteFunc(s.leftovers, func(name string) bool {
		err := s.fs.Remove(name)
		return err == nil || errors.Is(err, fs.ErrNotExist)
	})
}

// savedHour is an hour of answers that got a new file.
type savedHour struct {
	hour    int64
	file    uint64
	through uint64
}

// saveAnswers writes the hours that got answers from the generation's records,
// and adds the names of the files to fresh.
func (s *Store) saveAnswers(g *generation, fresh *[]string) ([]savedHour, error) {
	if g == nil || g.answers == 0 {
		return nil, nil
	}
	type job struct {
		savedHour
		raw []byte
	}
	var jobs []job
	s.mu.Lock()
	for hour, h := range s.answers.hours {
		if h.newest > h.saved {
			jobs = append(jobs, job{savedHour{hour, s.next, g.lsn}, h.encode(hour, g.lsn)})
			s.next++
		}
	}
	s.mu.Unlock()
	var out []savedHour
	for _, j := range jobs {
		*fresh = append(*fresh, path.Join(s.dir, answersName(j.file)))
		if err := writeAnswers(s.fs, s.packer, s.dir, j.file, j.raw); err != nil {
			return nil, err
		}
		out = append(out, j.savedHour)
	}
	return out, nil
}

// manifestWith is the manifest after a change.
func (s *Store) manifestWith(c change, told []savedHour) *manifest {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &manifest{flushed: s.flushed, next: s.next}
	if c.generation != nil {
		m.flushed = c.generation.lsn
	}
	m.segments = append(m.segments, s.unread...)
	for _, seg := range s.segments {
		if !slices.Contains(c.remove, seg) {
			m.segments = append(m.segments, seg.number)
		}
	}
	for _, seg := range c.add {
		m.segments = append(m.segments, seg.number)
	}
	for hour, h := range s.answers.hours {
		again := slices.ContainsFunc(told, func(t savedHour) bool { return t.hour == hour })
		if h.file > 0 && !again {
			m.answers = append(m.answers, h.file)
		}
	}
	for _, h := range told {
		m.answers = append(m.answers, h.file)
	}
	return m
}

// show puts the change before readers.
func (s *Store) show(c change, m *manifest, told []savedHour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = slices.DeleteFunc(slices.Clone(s.segments), func(seg *segment) bool {
		return slices.Contains(c.remove, seg)
	})
	s.segments = append(s.segments, c.add...)
	s.flushed = max(s.flushed, m.flushed)
	if c.generation != nil {
		s.frozen = slices.Clone(s.frozen[1:])
	}
	for _, h := range told {
		if hour := s.answers.hours[h.hour]; hour != nil {
			if hour.file > 0 {
				s.leftovers = append(s.leftovers, path.Join(s.dir, answersName(hour.file)))
			}
			hour.file, hour.saved = h.file, h.through
		}
	}
}

// retire removes the files of segments once their last reader has gone.
func (s *Store) retire(segments []*segment) {
	for _, seg := range segments {
		s.counted(s.files.retire(s.fs, seg))
	}
}

// counted counts an error of a removal; the next start tries again.
func (s *Store) counted(err error) {
	if err != nil {
		s.opts.Telemetry.Counter("logs.remove_errors").Inc()
	}
}

// openFiles counts the segment files that are open.
type openFiles struct {
	limit int
	open  chan struct{} // a token for each file that stays open while idle
}

func newOpenFiles(limit int) openFiles { return openFiles{limit, make(chan struct{}, limit)} }

// acquire keeps a segment's file from being removed.
func (seg *segment) acquire() {
	seg.mu.Lock()
	seg.refs++
	seg.mu.Unlock()
}

// read fills buf from the segment's file, which is opened if need be. The
// caller has acquired the segment.
func (seg *segment) read(fsys fsx.FS, buf []byte, offset int64) error {
	seg.mu.Lock()
	if seg.file == nil {
		f, err := fsys.Open(seg.name)
		if err != nil {
			seg.mu.Unlock()
			return err
		}
		seg.file = f
	}
	f := seg.file
	seg.mu.Unlock()
	_, err := f.ReadAt(buf, offset)
	return err
}

// release lets a segment go: its file is removed if it was waiting for that,
// closed if too many are open.
func (o *openFiles) release(fsys fsx.FS, seg *segment) error {
	seg.mu.Lock()
	defer seg.mu.Unlock()
	seg.refs--
	if seg.refs > 0 {
		return nil
	}
	if seg.obsolete {
		return o.drop(fsys, seg)
	}
	if seg.file == nil || seg.idle {
		return nil
	}
	select {
	case o.open <- struct{}{}:
		seg.idle = true
		return nil
	default:
		return seg.closeLocked()
	}
}

func (seg *segment) closeLocked() error {
	if seg.file == nil {
		return nil
	}
	f := seg.file
	seg.file = nil
	return f.Close()
}

// drop closes and removes a file that nobody reads. Called with seg.mu held.
func (o *openFiles) drop(fsys fsx.FS, seg *segment) error {
	if seg.idle {
		seg.idle = false
		<-o.open
	}
	return errors.Join(seg.closeLocked(), fsys.Remove(seg.name))
}

func (o *openFiles) retire(fsys fsx.FS, seg *segment) error {
	seg.mu.Lock()
	defer seg.mu.Unlock()
	seg.obsolete = true
	if seg.refs > 0 {
		return nil
	}
	return o.drop(fsys, seg)
}
