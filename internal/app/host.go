package app

import (
	"context"
	"errors"

	"patou/internal/agent/journal"
	"patou/internal/agent/vitals"
	"patou/internal/component"
	"patou/internal/config"
	"patou/internal/entry"
	"patou/internal/metric"
	"patou/internal/store/state"
)

// journalCursor is the setting that remembers how far the journal was kept.
const journalCursor = "journal.cursor"

// startHost begins to watch this machine: its vitals and its journal.
func (a *App) startHost() {
	c := &a.opts.Config.Config
	if c.Vitals == config.Switch(true) {
		collector := vitals.New(vitals.Options{
			Sink:  named{a.samples.OwnSource("vitals"), "host." + component.Node(a.host) + ".", map[string]string{}},
			Clock: a.clock, Telemetry: a.telemetry,
			Missing: func(what string, err error) {
				a.log.Info("a part of this host's vitals cannot be read", "what", what, "error", err.Error())
			},
		})
		a.group.Go("vitals", collector.Run)
	}
	if c.Journal == config.Switch(true) {
		a.group.Go("journal", a.followJournal)
	}
}

// followJournal reads the journal from where it was kept last.
func (a *App) followJournal(ctx context.Context) error {
	place, err := cursor{a.state}.Load(ctx)
	if err != nil {
		return err
	}
	return journal.New(journal.Options{
		Host: a.host, Keep: a.keepJournal, Place: place, Reject: a.tap.Reject,
		Missing: func(err error) { a.log.Info("this host's journal cannot be read", "error", err.Error()) },
		Clock:   a.clock, Telemetry: a.telemetry,
	}).Run(ctx)
}

// keepJournal keeps entries and then their place; a crash between the two may
// double them.
func (a *App) keepJournal(ctx context.Context, entries []entry.Entry, places map[string]string) error {
	for i := range entries {
		entries[i].Host = a.host
	}
	if len(entries) > 0 {
		if err := a.lines.DurableEntries(ctx, journal.Protocol, a.host, entries); err != nil {
			return err
		}
	}
	// The context's end must not part the entries from their place.
	if err := (cursor{a.state}).Save(context.WithoutCancel(ctx), places[journal.PlaceKey]); err != nil {
		a.telemetry.Counter("journal.cursor_errors").Inc()
	}
	return nil
}

// named files a host's series under its name.
type named struct {
	sink   vitals.Sink
	prefix string
	full   map[string]string // by the name that the host uses
}

// Samples hands on copies under their full names.
func (n named) Samples(ctx context.Context, samples []metric.Sample) error {
	own := make([]metric.Sample, len(samples))
	for i, s := range samples {
		name, ok := n.full[s.Name]
		if !ok {
			name = n.prefix + s.Name
			n.full[s.Name] = name
		}
		own[i] = metric.Sample{Name: name, Time: s.Time, Value: s.Value}
	}
	return n.sink.Samples(ctx, own)
}

// cursor remembers in the state how far the journal was kept.
type cursor struct{ state *state.Store }

// Load is the place to go on from, "" for the beginning.
func (c cursor) Load(ctx context.Context) (string, error) {
	text, err := c.state.Setting(ctx, journalCursor)
	if errors.Is(err, state.ErrUnset) {
		return "", nil
	}
	return string(text), err
}

// Save remembers a place; what was read up to it is kept.
func (c cursor) Save(ctx context.Context, place string) error {
	return c.state.SetSetting(ctx, journalCursor, []byte(place))
}
