package logs

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// maxLevel bounds how often an entry is rewritten: FanIn segments of one day and
// one level become one of the next level, up to this one. Where a few flushes
// fill a segment, that is once.
const maxLevel = 3

// Maintain removes what is past its retention, then merges small segments, the
// newest day first, until there is nothing to do or ctx ends.
func (s *Store) Maintain(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.expire(); err != nil {
		return fmt.Errorf("retention of logs: %w", err)
	}
	for ctx.Err() == nil {
		inputs := planMerge(s.liveSegments(), s.opts.FanIn, s.opts.SegmentBytes)
		if inputs == nil {
			inputs = s.planDrop()
		}
		if inputs == nil {
			return nil
		}
		if err := s.merge(ctx, inputs); err != nil {
			return fmt.Errorf("merge of %d log segments: %w", len(inputs), err)
		}
	}
	return ctx.Err()
}

// liveSegments is a copy: the caller looks at it without the lock.
func (s *Store) liveSegments() []*segment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.segments)
}

// expire forgets old answers and removes segments by age and by size.
func (s *Store) expire() error {
	now := s.opts.Clock.Now()
	s.mu.Lock()
	forgotten, files := s.answers.expire(now, s.opts.MaxAnswers)
	s.mu.Unlock()
	s.opts.Telemetry.Counter("logs.answers_forgotten").Add(forgotten)
	gone := s.planExpire(now)
	if len(gone) == 0 && len(files) == 0 {
		return nil
	}
	for _, n := range files {
		s.leftovers = append(s.leftovers, path.Join(s.dir, answersName(n)))
	}
	for _, seg := range gone {
		s.opts.Telemetry.Counter("logs.expired").Add(seg.rows)
	}
	return s.replace(change{remove: gone})
}

// planExpire picks the segments of which every run is past its retention, then
// the oldest ones while all together are too large.
func (s *Store) planExpire(now time.Time) (gone []*segment) {
	segments := s.liveSegments()
	total := int64(0)
	for _, seg := range segments {
		if s.expiredRows(seg, now) == seg.rows {
			gone = append(gone, seg)
			continue
		}
		total += seg.size
	}
	if s.opts.Size <= 0 {
		return gone
	}
	slices.SortFunc(segments, func(a, b *segment) int { return compare(a.last, b.last) })
	for _, seg := range segments {
		if total <= s.opts.Size {
			break
		}
		if !slices.Contains(gone, seg) {
			gone = append(gone, seg)
			total -= seg.size
		}
	}
	return gone
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// expiredRows counts the entries of runs that are past their retention.
func (s *Store) expiredRows(seg *segment, now time.Time) (rows int) {
	for i := range seg.parts {
		part := &seg.parts[i]
		since, bounded := s.keptSince(part.component, now)
		for j := part.from; bounded && j < part.to; j++ {
			if seg.runs[j].last < since {
				rows += seg.runs[j].rows
			}
		}
	}
	return rows
}

// keptSince is the time before which a component's entries are past their
// retention.
func (s *Store) keptSince(component string, now time.Time) (since int64, bounded bool) {
	keep := s.opts.Retention
	if s.opts.RetentionOf != nil {
		if own := s.opts.RetentionOf(component); own > 0 {
			keep = own
		}
	}
	return now.Add(-keep).UnixNano(), keep > 0
}

// planDrop picks a segment of which half is past its retention: it is written
// again without that.
func (s *Store) planDrop() []*segment {
	now := s.opts.Clock.Now()
	for _, seg := range s.liveSegments() {
		if expired := s.expiredRows(seg, now); !seg.damaged.Load() && expired > 0 && 2*expired >= seg.rows {
			return []*segment{seg}
		}
	}
	return nil
}

// mergeKey is what segments that are merged have in common.
type mergeKey struct {
	day   int64 // minTime for segments of several days
	level int
}

// keyOf is what a segment is merged by. Those of several days have a key of
// their own, so that they do not widen a day's.
func keyOf(seg *segment) mergeKey {
	k := mergeKey{day: floorDiv(seg.first, day), level: seg.level}
	if floorDiv(seg.last, day) != k.day {
		k.day = minTime
	}
	return k
}

// planMerge picks the segments to merge next: of the newest day that has enough
// small ones, the lowest level first. Damaged ones stay as they are: what cannot
// be read must not be removed.
func planMerge(segments []*segment, fanIn int, full int64) []*segment {
	groups := map[mergeKey][]*segment{}
	for _, seg := range segments {
		if !seg.damaged.Load() && seg.level < maxLevel && seg.size < full/2 {
			groups[keyOf(seg)] = append(groups[keyOf(seg)], seg)
		}
	}
	var best mergeKey
	var found []*segment
	for k, group := range groups {
		better := found == nil || k.day > best.day || k.day == best.day && k.level < best.level
		if len(group) >= fanIn && better {
			best, found = k, group
		}
	}
	return firstOfSize(found, fanIn, full)
}

// firstOfSize is the oldest segments that make one of about the full size.
func firstOfSize(group []*segment, fanIn int, full int64) []*segment {
	slices.SortFunc(group, func(a, b *segment) int { return compare(int64(a.number), int64(b.number)) })
	total := int64(0)
	for i, seg := range group {
		if total += seg.size; i > 0 && (total > full || i+1 == 4*fanIn) {
			return group[:i+1]
		}
	}
	return group
}

// merge puts one segment in the place of the inputs, without what is past its
// retention. Inputs that turn out to be damaged are left alone from then on.
func (s *Store) merge(ctx context.Context, inputs []*segment) error {
	info := segmentInfo{number: s.takeNumber(), flushed: s.Flushed(), level: inputs[0].level}
	if len(inputs) > 1 {
		info.level++
	}
	for _, seg := range inputs {
		seg.acquire()
		info.inputs = append(info.inputs, seg.number)
	}
	defer s.letGo(inputs)
	m := &merger{store: s, ctx: ctx, inputs: inputs, now: s.opts.Clock.Now(), open: map[*segment]*mergedBlock{}}
	out, err := s.writeSegment(info, m.fill)
	if errors.Is(err, errDamaged) {
		return nil // noted by the merger; it is not picked again
	}
	if err != nil {
		return err
	}
	s.opts.Telemetry.Counter("logs.merged").Add(out.rows)
	if out.rows == 0 {
		s.leftovers = append(s.leftovers, out.name)
		return s.replace(change{remove: inputs})
	}
	return s.replace(change{add: []*segment{out}, remove: inputs})
}

// letGo ends the use of segments. The file of one that was replaced goes with
// its last user.
func (s *Store) letGo(segments []*segment) {
	for _, seg := range segments {
		s.counted(s.files.release(s.fs, seg))
	}
}
