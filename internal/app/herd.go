package app

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/entry"
	"patou/internal/herd"
	"patou/internal/host"
	"patou/internal/ingest"
	"patou/internal/ingest/agent"
	"patou/internal/record"
	"patou/internal/store/state"
	"patou/internal/timerange"
)

// wireAgents connects the way of chunks to the herd and to the committer.
func (a *App) wireAgents() (err error) {
	a.chunks, err = agent.New(agent.Options{
		Herd: a.herd, Keep: a.keepChunk, Busy: a.lines.Busy,
		NewResolver: func() agent.Resolver { return a.metrics.NewAppender() },
		Check:       a.checkSampleTime,
		Tap:         a.tap, Clock: a.clock, Telemetry: a.telemetry,
	})
	return err
}

func (a *App) keepChunk(ctx context.Context, source string, b *record.Batch, zone *time.Location, reject func(i int, reason error), answer func() []byte) ([]byte, bool, error) {
	return a.lines.Keep(ctx, ingest.Whole{Protocol: agent.Protocol, Source: source, Batch: b, Zone: zone, Reject: reject, Answer: answer})
}

// applied hands entries to those who follow, and to the herd, which learns from
// where components speak.
func (a *App) applied(entries []entry.Entry) {
	a.herd.Places().Note(entries)
	a.hub.Publish(entries)
}

// saturations are how full hosts were at a moment, by node.
func (a *App) saturations(ctx context.Context, nodes []string, at time.Time) (map[string][]host.Resource, error) {
	resources := []string{"cpu", "memory", "io", "disk", "network"}
	names := make([]string, 0, len(nodes)*len(resources))
	for _, node := range nodes {
		for _, r := range resources {
			names = append(names, "host."+node+".saturation."+r)
		}
	}
	r := timerange.Range{From: at.Add(-saturationWithin).UnixNano(), Until: at.UnixNano()}
	series, err := a.metrics.Fetch(ctx, names, r, a.clock.Now())
	if err != nil {
		return nil, err
	}
	out := map[string][]host.Resource{}
	for i := range series {
		nodes := strings.Split(series[i].Name, ".")
		if v, ok := lastValue(series[i].Values); ok && len(nodes) == 4 {
			out[nodes[1]] = append(out[nodes[1]], host.Resource{Name: nodes[3], Percent: v})
		}
	}
	return out, nil
}

// saturationWithin is how far before a moment a value still says how it was.
const saturationWithin = 2 * time.Minute

func lastValue(values []float64) (float64, bool) {
	for _, v := range slices.Backward(values) {
		if !math.IsNaN(v) {
			return v, true
		}
	}
	return 0, false
}

// herdStore shows the state to the herd.
type herdStore struct{ state *state.Store }

// Load is what was saved.
func (s herdStore) Load(ctx context.Context) (herd.Saved, error) {
	saved, err := s.state.LoadHerd(ctx)
	return herd.Saved(saved), err
}

// Save keeps changes.
func (s herdStore) Save(ctx context.Context, c herd.Changes) error {
	return s.state.SaveHerd(ctx, state.HerdChanges{Hosts: c.Hosts, Forgotten: c.Forgotten, Moments: c.Moments, Places: c.Places, Groups: c.Groups, Events: c.Events})
}

// Moments are the changes in a range of time.
func (s herdStore) Moments(ctx context.Context, from, until int64) ([]host.Moment, error) {
	return s.state.Moments(ctx, from, until)
}

// MomentsOf are the last changes of one host.
func (s herdStore) MomentsOf(ctx context.Context, id string, limit int) ([]host.Moment, error) {
	return s.state.MomentsOf(ctx, id, limit)
}

// DropMoments forgets the changes before a time.
func (s herdStore) DropMoments(ctx context.Context, before int64) error {
	return s.state.DropMoments(ctx, before)
}
