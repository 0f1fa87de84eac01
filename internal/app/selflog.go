package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"

	"patou/internal/entry"
)

// ownComponent is where Patou files its own log.
const ownComponent = "patou"

// selfLog is a slog handler that files Patou's own log as entries, beside the
// handler that writes it for the operator. It never waits: what does not fit
// its queue is counted and left to the other handler alone.
type selfLog struct {
	slog.Handler
	out  *selfLogQueue
	with []entry.Field
}

// selfLogQueue is shared by all handlers made of one.
type selfLogQueue struct {
	entries chan entry.Entry
	host    string
	dropped atomic.Int64
}

// newSelfLog writes to visible as well, because the log store may be what is
// broken.
func newSelfLog(visible slog.Handler, host string) *selfLog {
	return &selfLog{Handler: visible, out: &selfLogQueue{entries: make(chan entry.Entry, 256), host: host}}
}

// Handle writes a record to both.
func (l *selfLog) Handle(ctx context.Context, r slog.Record) error {
	e := entry.Entry{Time: r.Time.UnixNano(), Component: ownComponent, Host: l.out.host, Level: levelOf(r.Level), Message: r.Message}
	e.Fields = append(e.Fields, l.with...)
	r.Attrs(func(a slog.Attr) bool {
		e.Fields = append(e.Fields, field(a))
		return true
	})
	select {
	case l.out.entries <- e:
	default:
		l.out.dropped.Add(1)
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs is a handler whose records carry more attributes.
func (l *selfLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := append([]entry.Field(nil), l.with...)
	for _, a := range attrs {
		with = append(with, field(a))
	}
	return &selfLog{Handler: l.Handler.WithAttrs(attrs), out: l.out, with: with}
}

// WithGroup leaves the names of fields as they are: Patou's own attributes are
// told apart without groups.
func (l *selfLog) WithGroup(name string) slog.Handler {
	return &selfLog{Handler: l.Handler.WithGroup(name), out: l.out, with: l.with}
}

// field writes an attribute as text, as any sender would.
func field(a slog.Attr) entry.Field {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindInt64 {
		return entry.Field{Key: a.Key, Value: strconv.FormatInt(v.Int64(), 10)}
	}
	return entry.Field{Key: a.Key, Value: fmt.Sprint(v.Any())}
}

func levelOf(l slog.Level) entry.Level {
	switch {
	case l >= slog.LevelError:
		return entry.Error
	case l >= slog.LevelWarn:
		return entry.Warn
	case l >= slog.LevelInfo:
		return entry.Info
	}
	return entry.Debug
}

// keep files what the queue holds, a batch at a time, until ctx ends.
func (q *selfLogQueue) keep(ctx context.Context, keep func(ctx context.Context, entries []entry.Entry) error) error {
	for {
		select {
		case e := <-q.entries:
			batch := []entry.Entry{e}
			for len(batch) < cap(q.entries) && len(q.entries) > 0 {
				batch = append(batch, <-q.entries)
			}
			if keep(ctx, batch) != nil {
				q.dropped.Add(int64(len(batch)))
			}
		case <-ctx.Done():
			return nil
		}
	}
}
