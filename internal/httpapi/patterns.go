package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"patou/internal/entry"
	"patou/internal/query/logs"
	"patou/internal/timerange"
)

// baseWindows is how many times longer than the window the time before it is
// that it is compared with.
const baseWindows = 4

// patternsAnswer is what the messages of a window say beside those of another.
type patternsAnswer struct {
	From        string          `json:"from" format:"date-time"`
	Until       string          `json:"until" format:"date-time"`
	Base        spanAnswer      `json:"base" doc:"The time compared with."`
	Patterns    []patternAnswer `json:"patterns" doc:"What is new, more, gone, less and usual, in this order, the most frequent of each first."`
	Total       int             `json:"total" doc:"How many patterns there are: no more of them than limit are listed."`
	Scanned     int             `json:"scanned" doc:"How many entries were looked at."`
	SparkFrom   string          `json:"spark_from" format:"date-time" doc:"When the first count of each spark begins."`
	SparkStepMS int64           `json:"spark_step_ms"`
}

type spanAnswer struct {
	From  string `json:"from" format:"date-time"`
	Until string `json:"until" format:"date-time"`
}

type patternAnswer struct {
	ID        string            `json:"id" doc:"A hash of the template: the same in every window."`
	Template  string            `json:"template" doc:"The text, with <*> for what differs."`
	Component string            `json:"component"`
	Count     uint64            `json:"count"`
	BaseCount uint64            `json:"base_count"`
	State     string            `json:"state" enum:"new,gone,more,less,usual"`
	Levels    map[string]uint64 `json:"levels" doc:"Entries of the window by level; levels without entries are absent."`
	First     string            `json:"first" format:"date-time"`
	Last      string            `json:"last" format:"date-time"`
	Example   string            `json:"example" doc:"The message of the last one."`
	Spark     []uint32          `json:"spark" doc:"Counts by spans of time."`
}

type patternsInput struct {
	Span
	Q         string `query:"q" doc:"A query in the log language; its filters count."`
	BaseFrom  string `query:"base_from" doc:"Begin of the time compared with; four windows before from when it is not given."`
	BaseUntil string `query:"base_until" doc:"End of the time compared with; from when it is not given."`
	Limit     int    `query:"limit" default:"200" minimum:"1" maximum:"2000" doc:"At most this many patterns."`
}

func (s *server) templates(ctx context.Context, in *patternsInput) (patternsAnswer, error) {
	q, r, err := s.question(in.Q, &in.Span)
	if err != nil {
		return patternsAnswer{}, err
	}
	base, err := in.base(r, s.Clock.Now().UTC())
	if err != nil {
		return patternsAnswer{}, err
	}
	c, err := logs.Compare(ctx, s.Entries, q, logs.Windows{From: r.From, Until: r.Until, BaseFrom: base.From, BaseUntil: base.Until})
	if err != nil {
		return patternsAnswer{}, err
	}
	out := patternsAnswer{
		From: stampNS(r.From), Until: stampNS(r.Until), Base: spanAnswer{stampNS(base.From), stampNS(base.Until)},
		Patterns: []patternAnswer{}, Total: len(c.Patterns), Scanned: c.Scanned,
		SparkFrom: stampNS(c.SparkFrom), SparkStepMS: c.SparkStep / int64(time.Millisecond),
	}
	for i := range c.Patterns[:min(in.Limit, len(c.Patterns))] {
		out.Patterns = append(out.Patterns, toPattern(&c.Patterns[i]))
	}
	return out, nil
}

// base is the time that a window is compared with.
func (in *patternsInput) base(r timerange.Range, now time.Time) (timerange.Range, error) {
	base := timerange.Range{From: r.From - baseWindows*(r.Until-r.From), Until: r.From}
	for _, end := range []struct {
		name, text string
		to         *int64
	}{{"base_from", in.BaseFrom, &base.From}, {"base_until", in.BaseUntil, &base.Until}} {
		if end.text == "" {
			continue
		}
		t, err := timerange.Parse(end.text, now, time.UTC)
		if err != nil {
			return base, badParameter(end.name, err)
		}
		*end.to = t.UnixNano()
	}
	if base.From >= base.Until {
		return base, refuse(http.StatusBadRequest, "base_from: it is not before base_until")
	}
	return base, nil
}

func toPattern(p *logs.Pattern) patternAnswer {
	return patternAnswer{
		ID: fmt.Sprintf("%016x", p.ID), Template: p.Text, Component: p.Component, Count: p.Count, BaseCount: p.Base,
		State: string(p.State), Levels: byLevel(&p.Levels), First: stampNS(p.First), Last: stampNS(p.Last), Example: p.Example, Spark: p.Spark,
	}
}

// byLevel names the levels that have entries.
func byLevel(counts *[entry.Levels]uint64) map[string]uint64 {
	levels := map[string]uint64{}
	for l, n := range counts {
		if n > 0 {
			levels[entry.Level(l).String()] = n
		}
	}
	return levels
}
