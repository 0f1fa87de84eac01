package why

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/event"
)

// eventFact is an event near the onset.
type eventFact struct {
	event.Event
	component, host string
	// before is how long before the onset it was, in ns; negative after.
	before int64
	// p is the chance that such an event is this near by accident.
	p float64
	// change is set for what people or programs did: a deploy, a setting.
	change bool
	// herd is set for what became of a host, broken where that hurts what
	// runs there.
	herd, broken bool
}

// The time around the onset in which events are looked at: causes come before
// their effects, and a script that tells of a deploy may do so after it.
const (
	eventBefore = 30 * time.Minute
	eventAfter  = time.Minute
	// eventHistory is from how long before events of a kind are counted, to
	// know how often one is near anything by accident.
	eventHistory = 24 * time.Hour
	// eventBlur is added to each distance: onsets are not exact.
	eventBlur = 15 * time.Second
	maxEvents = 200
)

// readEvents finds the events near the onset and how usual they are.
func (q *question) readEvents(ctx context.Context) error {
	if q.Events == nil {
		return nil
	}
	all, err := q.Events.Events(ctx, event.Query{
		From: q.Onset - int64(eventHistory), Until: max(q.Onset+int64(eventAfter), q.Window.Until) + 1,
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b event.Event) int {
		if a.Time != b.Time {
			return int(min(max(a.Time-b.Time, -1), 1))
		}
		return int(min(max(a.ID-b.ID, -1), 1))
	})
	for i := range all {
		before := q.Onset - all[i].Time
		if before > int64(eventBefore) || before < -int64(eventAfter) {
			continue
		}
		q.compare.Events++
		f := newEventFact(&all[i], before)
		f.p = accident(all, &f, q.Onset)
		q.events = append(q.events, f)
	}
	if n := len(q.events) - maxEvents; n > 0 {
		q.events = q.events[n:]
	}
	return nil
}

func newEventFact(e *event.Event, before int64) eventFact {
	return eventFact{
		Event: *e, component: e.Component(), host: e.Host(), before: before,
		change: isChange(e), herd: slices.Contains(e.Tags, "herd"), broken: isBroken(e),
	}
}

// isBroken reports whether an event tells of a host that can no longer do all
// of what it did.
func isBroken(e *event.Event) bool {
	if !slices.Contains(e.Tags, "herd") {
		return false
	}
	return slices.ContainsFunc(e.Tags, func(t string) bool {
		return t == "lost" || t == "reboot" || t == "oom" || t == "readonly" || t == "unit failed"
	})
}

// isChange reports whether an event tells of something that was done.
func isChange(e *event.Event) bool {
	for _, t := range e.Tags {
		switch strings.ToLower(t) {
		case "deploy", "deployment", "release", "rollback", "config", "configuration", "change", "migration",
			"restart", "scale", "upgrade", "feature", "flag":
			return true
		}
	}
	what := strings.ToLower(e.What)
	return strings.HasPrefix(what, "deploy") || strings.HasPrefix(what, "rollback") || strings.HasPrefix(what, "release")
}

// accident is the chance that an event of this kind is so near the onset by
// accident, were they spread evenly over the last day.
func accident(all []event.Event, f *eventFact, onset int64) float64 {
	n, first := 0, onset-int64(time.Hour)
	for i := range all {
		e := &all[i]
		if e.Time <= onset && e.Component() == f.component && e.Host() == f.host && isChange(e) == f.change {
			n, first = n+1, min(first, e.Time)
		}
	}
	span := float64(onset - first)
	near := math.Abs(float64(f.before)) + float64(eventBlur)
	return 1 - math.Exp(-float64(max(n, 1))*near/span)
}
