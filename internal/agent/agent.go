// Package agent watches one machine: it runs what reads the host's vitals,
// processes, journal and files, makes chunks of what they bring, keeps them in a
// spool and sends them to a server. patou agent runs it over HTTP, patou serve
// for its own host within itself.
//
// Invariant: an entry that a reader has let go of is in the spool or was
// delivered, once; samples are dropped only where the spool is full, and are
// counted. Nothing here waits for the server but the sending. Names are relative
// to the host: the server says which host it is. New fails with what cannot be
// opened, and leaves nothing open; once it runs, what fails is said in the log
// and tried again.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"patou/internal/agent/journal"
	"patou/internal/agent/ship"
	"patou/internal/agent/spool"
	"patou/internal/agent/vitals"
	"patou/internal/chunk"
	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/host"
	"patou/internal/lifecycle"
	"patou/internal/telemetry"
)

// Transport takes chunks to a server; see ship.Transport.
type Transport = ship.Transport

// Options are what an Agent needs.
type Options struct {
	FS fsx.FS
	// Dir is the spool's directory; the caller holds a lock around it. Spool
	// bounds it in bytes, 0 is spool.DefaultBytes.
	Dir   string
	Spool int64
	// Transport takes the chunks to the server.
	Transport Transport
	// Root is where the host's files are; "" is "/".
	Root string
	// Name is the host's name; "" is the system's, as it is at the time.
	Name    string
	Version string
	Labels  map[string]string
	// Watch is what is read of the host.
	Watch Watch
	// Mask removes secrets from an entry, in place, and counts them; may be nil.
	Mask func(e *entry.Entry) int
	// Budget is what this process may cost, in percent of one processor: above
	// it, sweeps are made less often. 0 is for an agent within another program,
	// whose cost is not the agent's: it is not measured then.
	Budget    float64
	Clock     clock.Clock
	Telemetry *telemetry.Set
	Log       *slog.Logger

	// For tests.
	identity func(root string) host.Identity
	jobs     func(ctx context.Context) ([]byte, error)
}

// Agent is a running agent.
type Agent struct {
	options  Options
	group    *lifecycle.Group
	spool    *spool.Spool
	shipper  *ship.Shipper
	gatherer *gatherer
	house    *house
	leaver   leaver
	last     func() error // when all has ended; may be nil
	rejected atomic.Bool  // that a line was no entry is said
}

// goodbyeTime bounds the wait for the server to hear that the agent ends.
const goodbyeTime = 2 * time.Second

// New opens the spool and starts to watch.
func New(ctx context.Context, o Options) (*Agent, error) {
	if o.identity == nil {
		o.identity = vitals.Identity
	}
	id := o.identity(o.Root)
	s, damage, err := spool.Open(ctx, o.FS, o.Dir, spool.Options{Boot: id.Boot, Bytes: o.Spool})
	if err != nil {
		return nil, err
	}
	if err := s.Adopt(journal.PlaceKey, o.Watch.JournalPlace); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, d := range damage {
		if !d.Harmless {
			o.Log.Error("the agent's spool is damaged", "damage", d.String())
		}
	}
	encoder, err := chunk.NewEncoder()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the agent: %w", err), s.Close())
	}
	id.Instance = s.Instance()
	a := &Agent{options: o, group: lifecycle.New(), spool: s, leaver: leaver{o.Root, o.jobs}}
	a.house = newHouse(a, id)
	a.gatherer = &gatherer{
		clock: o.Clock, log: o.Log, keeper: s, mask: o.Mask, identity: a.house.identity, zone: a.house.zoneNow,
		encoder: encoder, arrived: make(chan struct{}, 1), open: newBatch(),
	}
	a.shipper = ship.New(ship.Options{
		Queue: s, Transport: o.Transport, Clock: o.Clock, Log: o.Log, Random: rand.Float64, Answered: a.answered,
	})
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, a.group.Stop(ctx))
	}
	return a, nil
}

// start starts the parts: each needs those before it.
func (a *Agent) start(ctx context.Context) error {
	a.closing(ctx, "spool", func(context.Context) error { return a.spool.Close() })
	a.group.Go("sending", a.shipper.Run)
	a.closing(ctx, "goodbye", a.goodbye)
	a.group.Go("gathering", a.gatherer.run)
	a.group.Go("housekeeping", a.house.run)
	return a.watch(a.spool.Places())
}

func (a *Agent) closing(ctx context.Context, name string, closing func(context.Context) error) {
	// Starting nothing cannot fail, and the group has not been stopped.
	_ = a.group.Start(ctx, name, nil, closing)
}

// goodbye is sent when all that reads has ended. It is in the spool if the
// server does not take it in time.
func (a *Agent) goodbye(ctx context.Context) error {
	why := a.leaver.why(ctx)
	if why == host.Stopped && a.options.Budget == 0 {
		why = "" // the program around the agent starts anew; its host stays
	}
	a.gatherer.Report(host.Report{Leaving: why})
	ended, cancel := context.WithCancel(ctx)
	cancel() // what cannot be kept at once is not waited for
	a.gatherer.cut(ended)
	a.shipper.Poke()
	limit := a.options.Clock.After(goodbyeTime)
	tick := a.options.Clock.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, waiting := a.spool.Size(); waiting == 0 {
			return nil
		}
		select {
		case <-tick.C():
		case <-limit:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// answered hears the server's answer to a chunk.
func (a *Agent) answered(answer ship.Answer) {
	a.house.heard(answer)
	if answer.WantReport {
		a.gatherer.RepeatReport()
	}
}

// Failed delivers the first failure of a part.
func (a *Agent) Failed() <-chan error { return a.group.Failed() }

// Name is the host's name as the agent tells it now.
func (a *Agent) Name() string { return a.house.identity().Name }

// Stop says goodbye and ends; ctx bounds it.
func (a *Agent) Stop(ctx context.Context) error {
	err := a.group.Stop(ctx)
	if a.last != nil {
		err = errors.Join(err, a.last())
	}
	return err
}
