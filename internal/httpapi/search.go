package httpapi

import (
	"context"
	"net/http"
	"time"

	"patou/internal/query/logs"
	"patou/internal/timerange"
)

// Span are the ends of a range of time, as all questions have them. It is
// exported so that huma sees it inside of the inputs.
type Span struct {
	From  string `query:"from" doc:"Begin of the time; an hour before now when it is not given."`
	Until string `query:"until" doc:"End of the time; now when it is not given."`
}

// read is the range that the parameters name.
func (in *Span) read(now time.Time) (timerange.Range, error) {
	from := in.From
	if from == "" {
		from = "-1h"
	}
	return timerange.ParseRange(from, in.Until, now)
}

type findInput struct {
	Span
	Q     string `query:"q" doc:"A query in the log language."`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"100000" doc:"At most this many entries."`
	Order string `query:"order" default:"desc" enum:"asc,desc" doc:"desc: the newest first."`
}

// findLogs streams the answer to a query.
func (s *server) findLogs(ctx context.Context, in *findInput) (func(*stream) error, error) {
	q, r, err := s.question(in.Q, &in.Span)
	if err != nil {
		return nil, err
	}
	o := logs.Options{From: r.From, Until: r.Until, Limit: in.Limit}
	if in.Order == "asc" {
		o.Order = logs.OldestFirst
	}
	return func(w *stream) error {
		w.plain = true
		var buf []byte
		_, err := logs.Execute(ctx, s.Entries, q, o, func(row *logs.Row) error {
			buf = row.AppendJSON(buf[:0])
			return w.line(buf)
		})
		return err
	}, nil
}

// question reads the parameters that all questions about entries have.
func (s *server) question(text string, in *Span) (*logs.Query, timerange.Range, error) {
	if s.Entries == nil {
		return nil, timerange.Range{}, missing("a store of entries")
	}
	r, err := in.read(s.Clock.Now().UTC())
	if err != nil {
		return nil, r, refuse(http.StatusBadRequest, "%v", err)
	}
	q, err := logs.Parse(text)
	if err != nil {
		return nil, r, badParameter("q", err)
	}
	return q, r, nil
}
