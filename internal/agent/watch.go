package agent

import (
	"context"
	"path/filepath"
	"time"

	"patou/internal/agent/journal"
	"patou/internal/agent/processes"
	"patou/internal/agent/sockets"
	"patou/internal/agent/tail"
	"patou/internal/agent/units"
	"patou/internal/agent/vitals"
	"patou/internal/config"
	"patou/internal/metric"
)

// sweepEvery is how often processes are looked at while the agent is within its
// budget.
const sweepEvery = processes.Interval

// Watch is what of a host is read. The zero Watch reads nothing.
type Watch struct {
	// Vitals are numbers of the machine, its units and processes, and whom they talk
	// to.
	Vitals bool
	// Journal is systemd's. JournalPlace is where it goes on if the spool has
	// no place of it, as of a time before there was one; when New returned, the
	// spool has it.
	Journal      bool
	JournalPlace string
	// Tail are the files to follow.
	Tail []tail.Rule
	// Reject is told about each line that is no entry; may be nil.
	Reject func(protocol, source, line, reason string)
}

// TailRules are the rules for files as a configuration has them.
func TailRules(all []config.Tail) []tail.Rule {
	out := make([]tail.Rule, len(all))
	for i, c := range all {
		r := tail.Rule{
			Component: string(c.Component), Host: c.Host, FromEnd: c.Start == config.TailEnd, Compressed: bool(c.Compressed),
			Start: string(c.Multiline.Start), Continue: string(c.Multiline.Continue),
		}
		for _, f := range c.Files {
			r.Files = append(r.Files, absolute(string(f)))
		}
		out[i] = r
	}
	return out
}

// absolute is a path from the root on.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// watch starts what reads, each from the place where it was kept last. It fails
// with a rule that is none.
func (a *Agent) watch(places map[string]string) error {
	o := &a.options
	if len(o.Watch.Tail) > 0 {
		follow, err := tail.New(tail.Options{
			Rules: o.Watch.Tail, Root: o.Root, Keep: a.gatherer.Keep, Places: places,
			Missing: func(path string, err error) {
				o.Log.Warn("a file cannot be followed", "path", path, "error", err.Error())
			},
			Tell:  func(path, sentence string) { o.Log.Warn(sentence, "path", path) },
			Clock: o.Clock, Telemetry: o.Telemetry,
		})
		if err != nil {
			return err
		}
		a.group.Go("files", follow.Run)
	}
	if o.Watch.Vitals {
		a.watchMachine()
	}
	if o.Watch.Journal {
		a.group.Go("journal", journal.New(journal.Options{
			Host: a.house.identity().Name, Keep: a.gatherer.Keep, Place: places[journal.PlaceKey], Reject: a.reject,
			Missing: func(err error) { o.Log.Info("this host's journal cannot be read", "error", err.Error()) },
			Clock:   o.Clock, Telemetry: o.Telemetry,
		}).Run)
	}
	return nil
}

func (a *Agent) watchMachine() {
	o := &a.options
	a.group.Go("vitals", vitals.New(vitals.Options{
		Root: o.Root, Sink: a.gatherer, Report: a.gatherer.Report, Missing: a.missing("vitals"), Clock: o.Clock, Telemetry: o.Telemetry,
	}).Run)
	a.group.Go("units", units.New(units.Options{
		Root: o.Root, Sink: a.gatherer, Report: a.gatherer.Report,
		Missing: a.missing("units"), Clock: o.Clock, Telemetry: o.Telemetry,
	}).Run)
	running := processes.New(processes.Options{
		Root:  o.Root,
		Every: func() time.Duration { return a.house.sweep.pause(a.house.governor.every(sweepEvery)) },
		Sink:  swept{a}, Report: a.gatherer.Report,
		Missing: a.missing("processes"), Clock: o.Clock, Telemetry: o.Telemetry,
	})
	a.group.Go("processes", running.Run)
	a.group.Go("sockets", sockets.New(sockets.Options{
		Root:    o.Root,
		Every:   func() time.Duration { return a.house.governor.every(sockets.Interval) },
		GroupOf: running.GroupOf, Report: a.gatherer.Report,
		Missing: a.missing("sockets"), Clock: o.Clock, Telemetry: o.Telemetry,
	}).Run)
}

func (a *Agent) missing(of string) func(what string, err error) {
	return func(what string, err error) {
		a.options.Log.Info("a part of this host cannot be read", "of", of, "what", what, "error", err.Error())
	}
}

// reject hears of a line that is no entry: it is counted, and the first of them
// is said.
func (a *Agent) reject(protocol, source, line, reason string) {
	if a.gatherer.errors.Add(1); a.options.Watch.Reject != nil {
		a.options.Watch.Reject(protocol, source, line, reason)
	} else if !a.rejected.Swap(true) {
		a.options.Log.Warn("a line is no entry and is left out, as are others like it", "of", protocol, "reason", reason)
	}
}

// swept takes the samples of a sweep, and with them the time.
type swept struct{ agent *Agent }

// Samples notes the end of a sweep.
func (s swept) Samples(ctx context.Context, samples []metric.Sample) error {
	s.agent.house.sweep.done()
	return s.agent.gatherer.Samples(ctx, samples)
}
