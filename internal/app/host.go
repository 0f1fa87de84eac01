package app

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	watch "patou/internal/agent"
	"patou/internal/agent/ship"
	"patou/internal/chunk"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/ingest"
	"patou/internal/ingest/agent"
	"patou/internal/store/state"
)

// journalCursor is the setting in which servers of old remembered how far the
// journal was kept. The agent's spool does now.
const journalCursor = "journal.cursor"

// ownAgentDir is the spool of the server's own host.
func ownAgentDir(dir string) string { return filepath.Join(dir, "agent") }

// startHost begins to watch this machine, by an agent within the server. One
// that cannot start is said and leaves the server whole.
func (a *App) startHost(ctx context.Context) {
	c := &a.opts.Config.Config
	if !c.Vitals && !c.Journal && len(c.Tail) == 0 {
		return
	}
	place, err := a.oldJournalPlace(ctx)
	if err == nil {
		err = a.startAgent(ctx, place)
	}
	if err != nil {
		a.log.Error("this host is not watched", "error", err.Error())
	}
}

func (a *App) startAgent(ctx context.Context, journalPlace string) error {
	c := &a.opts.Config.Config
	own, err := watch.New(ctx, watch.Options{
		FS: fsx.OS(), Dir: ownAgentDir(string(c.Data)), Transport: within{a.chunks}, Version: a.opts.Version,
		Watch: watch.Watch{
			Vitals: bool(c.Vitals), Journal: bool(c.Journal), JournalPlace: journalPlace, Tail: watch.TailRules(c.Tail), Reject: a.tap.Reject,
		},
		Mask:  func(e *entry.Entry) int { return a.pipeline.Masker().Entry(e) },
		Clock: a.clock, Telemetry: a.telemetry, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.closeLastCtx("this host's agent", own.Stop)
	a.group.Go("this host", func(ctx context.Context) error {
		select {
		case err := <-own.Failed():
			return err
		case <-ctx.Done():
			return nil
		}
	})
	if journalPlace != "" { // the spool has it
		return a.state.SetSetting(ctx, journalCursor, nil)
	}
	return nil
}

// oldJournalPlace is what a server of old remembered, "" where there was none.
func (a *App) oldJournalPlace(ctx context.Context) (string, error) {
	text, err := a.state.Setting(ctx, journalCursor)
	if errors.Is(err, state.ErrUnset) {
		return "", nil
	}
	return string(text), err
}

// within takes the chunks of this host's agent to the receiver of all others',
// without the way over the network.
type within struct{ chunks *agent.Receiver }

// Send hands a chunk over.
func (w within) Send(ctx context.Context, body []byte, sent time.Time) (ship.Answer, error) {
	if w.chunks.Busy() {
		return ship.Answer{}, &ship.Refusal{Status: 429, Reason: "the server is busy"}
	}
	told, err := w.chunks.Accept(ctx, "this host", sent, body)
	switch {
	case errors.Is(err, chunk.ErrCorrupt):
		return ship.Answer{}, &ship.Refusal{Status: 400, Reason: err.Error()}
	case errors.Is(err, ingest.ErrBusy):
		return ship.Answer{}, &ship.Refusal{Status: 429, Reason: err.Error()}
	case err != nil:
		return ship.Answer{}, err
	}
	a := ship.Answer{
		Sequence: told.Sequence, Entries: told.Entries, Samples: told.Samples,
		Time: told.Time, Node: told.Node, WantReport: told.WantReport,
	}
	for _, r := range told.Rejected {
		a.Rejected = append(a.Rejected, ship.Rejected(r))
	}
	return a, nil
}
