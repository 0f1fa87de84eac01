package httpapi

import (
	"context"
	"net/http"
	"time"

	"patou/internal/entry"
	"patou/internal/query/logs"
)

// histogramAnswer counts entries by spans of time and level.
type histogramAnswer struct {
	From    string         `json:"from" format:"date-time"`
	Until   string         `json:"until" format:"date-time"`
	StepMS  int64          `json:"step_ms" doc:"The length of a bucket."`
	Buckets []bucketAnswer `json:"buckets" doc:"Without gaps, the first holds from."`
	Total   uint64         `json:"total"`
}

type bucketAnswer struct {
	Time   string            `json:"time" format:"date-time" doc:"When the bucket begins."`
	Total  uint64            `json:"total"`
	Levels map[string]uint64 `json:"levels" doc:"By level; levels without entries are absent."`
}

// contextAnswer is an entry between its neighbours.
type contextAnswer struct {
	Before []entryJSON `json:"before" doc:"Oldest first."`
	Entry  entryJSON   `json:"entry"`
	After  []entryJSON `json:"after" doc:"Oldest first."`
}

// fieldsAnswer is which fields entries have, and with which values.
type fieldsAnswer struct {
	Fields  []fieldAnswer `json:"fields" doc:"The most frequent first."`
	Scanned int           `json:"scanned" doc:"How many entries were counted: all, or the newest of many."`
}

type fieldAnswer struct {
	Key    string        `json:"key"`
	Count  int           `json:"count"`
	Values []valueAnswer `json:"values" doc:"The most frequent first."`
}

type valueAnswer struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

type histogramInput struct {
	Span
	Q       string `query:"q" doc:"A query in the log language; its filters count."`
	Buckets int    `query:"buckets" default:"60" minimum:"1" maximum:"2000" doc:"At most about this many buckets."`
}

type contextInput struct {
	ID     string `query:"id" required:"true" doc:"The entry's id."`
	Before int    `query:"before" default:"20" minimum:"0" maximum:"1000"`
	After  int    `query:"after" default:"20" minimum:"0" maximum:"1000"`
}

type fieldsInput struct {
	Span
	Q     string `query:"q" doc:"A query in the log language; its filters count."`
	Limit int    `query:"limit" default:"10" minimum:"1" maximum:"1000" doc:"At most this many values of a field."`
}

// routeAround registers what is asked about the entries of a query.
func (s *server) routeAround() {
	ask(s, describe("histogram", http.MethodGet, "/api/logs/histogram", "Count entries by time and level", "", querying()), s.histogram)
	ask(s, describe("context", http.MethodGet, "/api/logs/context", "An entry and those around it",
		"The neighbours in time of the same component and host.", querying()), s.context)
	ask(s, describe("patterns", http.MethodGet, "/api/logs/patterns", "What entries say, compared with the time before",
		"The templates of the messages by component: what is new, more, gone, less and usual, in this order.", querying()), s.templates)
	ask(s, describe("fields", http.MethodGet, "/api/logs/fields", "The fields of entries, and their most frequent values", "", querying()), s.fields)
}

func (s *server) histogram(ctx context.Context, in *histogramInput) (histogramAnswer, error) {
	q, r, err := s.question(in.Q, &in.Span)
	if err != nil {
		return histogramAnswer{}, err
	}
	c, err := logs.Histogram(ctx, s.Entries, q, r.From, r.Until, in.Buckets)
	if err != nil {
		return histogramAnswer{}, err
	}
	out := histogramAnswer{From: stampNS(c.From), Until: stampNS(c.Until), StepMS: c.Step / int64(time.Millisecond), Buckets: []bucketAnswer{}, Total: c.Total}
	for i := range c.Buckets {
		b := &c.Buckets[i]
		out.Buckets = append(out.Buckets, bucketAnswer{stampNS(b.Time), b.Total, byLevel(&b.Levels)})
	}
	return out, nil
}

func (s *server) context(ctx context.Context, in *contextInput) (contextAnswer, error) {
	if s.Entries == nil {
		return contextAnswer{}, missing("a store of entries")
	}
	id, err := entry.ParseID(in.ID)
	if err != nil {
		return contextAnswer{}, badParameter("id", err)
	}
	n, err := logs.Context(ctx, s.Entries, id, in.Before, in.After)
	if err != nil {
		return contextAnswer{}, err
	}
	return contextAnswer{entriesJSON(n.Before), entryJSON{&n.Entry}, entriesJSON(n.After)}, nil
}

func entriesJSON(entries []entry.Entry) []entryJSON {
	out := make([]entryJSON, len(entries))
	for i := range entries {
		out[i] = entryJSON{&entries[i]}
	}
	return out
}

func (s *server) fields(ctx context.Context, in *fieldsInput) (fieldsAnswer, error) {
	q, r, err := s.question(in.Q, &in.Span)
	if err != nil {
		return fieldsAnswer{}, err
	}
	found, scanned, err := logs.Fields(ctx, s.Entries, q, logs.Options{From: r.From, Until: r.Until}, in.Limit)
	if err != nil {
		return fieldsAnswer{}, err
	}
	out := fieldsAnswer{Fields: []fieldAnswer{}, Scanned: scanned}
	for _, f := range found {
		one := fieldAnswer{Key: f.Key, Count: f.Count, Values: []valueAnswer{}}
		for _, v := range f.Values {
			one.Values = append(one.Values, valueAnswer(v))
		}
		out.Fields = append(out.Fields, one)
	}
	return out, nil
}

// stampNS is stamp of a time in ns since 1970.
func stampNS(ns int64) string { return stamp(time.Unix(0, ns)) }
