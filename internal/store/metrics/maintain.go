package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"patou/internal/metric"
)

const (
	// manyNames is the number of names files that are merged into one.
	manyNames = 16
	// aliveEvery is how often the times of last samples are saved; see
	// aliveSlack.
	aliveEvery = 5 * time.Minute
)

// Maintain merges small segments, rolls closed windows up, deletes what is too
// old or too much, and saves when series were last alive. What it has done it
// has done, even if it then returns an error; the next call goes on.
func (s *Store) Maintain(ctx context.Context) error {
	s.files.Lock()
	defer s.files.Unlock()
	now := s.opt.Clock.Now()
	s.planAll()
	// Merging first spares rolling up the reading of many small segments.
	for _, do := range []func(context.Context, int64) error{s.compact, s.rollUp, s.retire} {
		if err := do(ctx, now.Unix()); err != nil {
			return fmt.Errorf("maintaining metrics: %w", err)
		}
	}
	var err error
	if len(s.man.Names) > manyNames && !s.namesHurt {
		err = s.mergeNames()
	}
	if now.Sub(s.aliveAt) >= aliveEvery {
		err = errors.Join(err, s.saveAlive())
		s.aliveAt = now
	}
	if err != nil {
		return fmt.Errorf("maintaining metrics: %w", err)
	}
	return nil
}

// planAll asks for the plans of all series, so that it is known which steps
// anything is rolled up to.
func (s *Store) planAll() {
	for id := metric.ID(1); uint32(id) < s.index.n.Load(); id++ {
		if ser := s.index.get(id); ser != nil {
			s.index.planOf(ser)
		}
	}
}

// rollUp computes the rolled-up slots of all windows that have closed, a pair
// of a raw and a coarser step at a time.
func (s *Store) rollUp(ctx context.Context, now int64) error {
	for _, raw := range s.rawSteps() {
		for _, step := range s.index.plans.above(raw) {
			j := rollJob{store: s, raw: raw, step: step, now: now - int64(s.opt.Grace/time.Second)}
			if err := j.run(ctx); err != nil {
				return fmt.Errorf("rolling slots of %d s up to %d s: %w", raw, step, err)
			}
		}
	}
	return nil
}

func (s *Store) rawSteps() []int64 {
	var out []int64
	for _, l := range s.liveNow() {
		if l.class == classRaw && !slices.Contains(out, l.step) {
			out = append(out, l.step)
		}
	}
	slices.Sort(out)
	return out
}

// mergeNames writes all names into one file.
func (s *Store) mergeNames() error {
	c := commit{store: s, man: s.nextManifest()}
	c.man.Names = nil
	var all []naming
	for id := metric.ID(1); uint32(id) < s.named; id++ {
		ser := s.index.get(id)
		if ser == nil {
			continue
		}
		def := metric.Def{ID: id, Kind: ser.kind, Name: ser.name}
		for _, step := range append(slices.Clone(ser.oldSteps()), int64(ser.saved.Load())) {
			all = append(all, naming{def, step})
			def.Name = ""
		}
	}
	if err := c.writeNames(all); err != nil {
		return c.abandon(err)
	}
	return c.publish()
}

// saveAlive writes when each series had its newest sample, if it is known of
// any.
func (s *Store) saveAlive() error {
	times := make([]uint32, s.named)
	known := false
	for id := range times {
		if ser := s.index.get(metric.ID(id)); ser != nil {
			times[id] = ser.alive.Load()
			known = known || times[id] > 0
		}
	}
	if !known {
		return nil
	}
	c := commit{store: s, man: s.nextManifest()}
	n := c.number()
	c.man.Alive = n
	c.files = append(c.files, aliveFile(n))
	if err := writeAlive(s.fs, s.dir, n, times); err != nil {
		return c.abandon(err)
	}
	return c.publish()
}
