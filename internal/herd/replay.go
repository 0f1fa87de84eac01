package herd

import (
	"context"
	"slices"
	"time"

	"patou/internal/host"
)

// OverviewAt is the herd at a moment of the past, as far as it was kept.
func (h *Herd) OverviewAt(ctx context.Context, at time.Time) (*Overview, error) {
	moments, err := h.moments(ctx, at.UnixNano()+1, at.UnixNano()+1)
	if err != nil {
		return nil, err
	}
	last := map[string]host.Moment{}
	for _, m := range moments {
		last[m.Host] = m
	}
	full, err := h.saturations(ctx, last, at)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	o := &Overview{Now: h.clock.Now().UTC(), At: at.UTC(), Replay: true, Groups: []Group{}, Events: []RecentEvent{}}
	byName := map[string]*Group{}
	for _, id := range sorted(last) {
		m := last[id]
		if known := h.hosts[id]; known != nil && !retired(&m, at) {
			o.place(byName, m.Group, past(known, &m, full[known.Node]))
		}
	}
	for _, g := range byName {
		slices.SortFunc(g.Members, func(a, b Member) int { return natural(a.Name, b.Name) })
	}
	h.describe(o, byName)
	for i := range o.Groups {
		o.Groups[i].Signals = []Signal{} // they are of now
	}
	o.Answer = answerOf(o)
	return o, nil
}

func retired(m *host.Moment, at time.Time) bool {
	return State(m.State) == Gone && at.Sub(time.Unix(0, m.Time)) >= showGone
}

func past(known *member, m *host.Moment, full *Fullest) Member {
	v := Member{ID: known.ID, Name: known.Name, State: State(m.State), Health: Health(m.Health), Reason: m.Why, Since: time.Unix(0, m.Time).UTC(), Full: full}
	v.Word = word(v.State, v.Health)
	return v
}

// place puts a member into its group and counts it.
func (o *Overview) place(byName map[string]*Group, name string, v Member) *Group {
	g := byName[name]
	if g == nil {
		g = newGroup(name)
		byName[name] = g
	}
	g.Members = append(g.Members, v)
	g.Counts.add(&v)
	o.Counts.add(&v)
	return g
}

// saturations are the fullest resources of hosts at a moment.
func (h *Herd) saturations(ctx context.Context, last map[string]host.Moment, at time.Time) (map[string]*Fullest, error) {
	if h.past == nil {
		return nil, nil
	}
	h.mu.Lock()
	var nodes []string
	for id := range last {
		if m := h.hosts[id]; m != nil && m.Node != "" {
			nodes = append(nodes, m.Node)
		}
	}
	h.mu.Unlock()
	if len(nodes) == 0 {
		return nil, nil
	}
	slices.Sort(nodes)
	found, err := h.past(ctx, nodes, at)
	out := make(map[string]*Fullest, len(found))
	for node, list := range found {
		out[node] = fullest(list)
	}
	return out, err
}

// moments are those kept in a range of time, and those that are yet to be.
func (h *Herd) moments(ctx context.Context, from, until int64) ([]host.Moment, error) {
	h.mu.Lock()
	recent := slices.Clone(h.unsaved.moments)
	h.mu.Unlock()
	var out []host.Moment
	if h.store != nil {
		var err error
		if out, err = h.store.Moments(ctx, from, until); err != nil {
			return nil, err
		}
	}
	for _, m := range recent {
		if m.Time < until {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b host.Moment) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return out, nil
}

// dayStep is what one state of a day stands for.
const dayStep = 5 * time.Minute

// Day is the worst state of the herd in each five minutes of a day, but for the
// marks, which are not the keeper's.
func (h *Herd) Day(ctx context.Context, until time.Time) (*Day, error) {
	until = until.Truncate(dayStep)
	if now := h.clock.Now(); until.Add(dayStep).Before(now) || until.Before(now) {
		until = until.Add(dayStep) // the step that is under way counts
	}
	from := until.Add(-24 * time.Hour)
	moments, err := h.moments(ctx, from.UnixNano(), until.UnixNano())
	if err != nil {
		return nil, err
	}
	d := &Day{From: from.UTC(), Until: until.UTC(), StepMS: dayStep.Milliseconds(), States: []Health{}, Marks: []DayMark{}}
	now := tally{was: map[string]Health{}}
	for t := from; t.Before(until); t = t.Add(dayStep) {
		worst := now.worst()
		for len(moments) > 0 && moments[0].Time < t.Add(dayStep).UnixNano() {
			now.add(&moments[0])
			if moments[0].Time >= t.UnixNano() || t.Equal(from) {
				worst = worse(worst, now.worst())
			}
			moments = moments[1:]
		}
		d.States = append(d.States, worst)
	}
	return d, nil
}

// tally counts how many hosts are how bad.
type tally struct {
	was    map[string]Health
	counts [3]int
}

func (t *tally) add(m *host.Moment) {
	level := Fine
	switch s := State(m.State); {
	case s == Lost:
		level = Crit
	case s == Late:
		level = worse(Warn, Health(m.Health))
	case s.present():
		level = Health(m.Health)
	}
	if old, ok := t.was[m.Host]; ok {
		t.counts[old.rank()]--
	}
	t.was[m.Host] = level
	t.counts[level.rank()]++
}

func (t *tally) worst() Health {
	switch {
	case t.counts[Crit.rank()] > 0:
		return Crit
	case t.counts[Warn.rank()] > 0:
		return Warn
	}
	return Fine
}
