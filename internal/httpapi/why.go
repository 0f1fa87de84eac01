package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"patou/internal/query/scope"
	"patou/internal/timerange"
	"patou/internal/why"
)

type whyInput struct {
	Targets   []string `query:"target,explode" maxItems:"100" doc:"Graphite targets: the graph that was looked at."`
	Component string   `query:"component" doc:"The component to explain, in place of what the targets are about."`
	Host      string   `query:"host" doc:"The host to explain, in place of what the targets are about."`
	From      string   `query:"from" doc:"Begin of the window that stands out; 10 minutes before now when it is not given."`
	Until     string   `query:"until" doc:"End of the window; now when it is not given."`
	BaseFrom  string   `query:"base_from" doc:"Begin of the baseline, several lengths of the window before it when it is not given."`
	BaseUntil string   `query:"base_until" doc:"End of the baseline, just before the window when it is not given."`
	Onset     string   `query:"onset" doc:"When it began; found from the curve when it is not given."`
	Limit     int      `query:"limit" default:"5" minimum:"1" maximum:"50" doc:"At most this many rows."`
}

// routeWhy registers the question what changed.
func (s *server) routeWhy() {
	o := why.Options{
		Series: s.Series, Entries: s.Entries, Events: s.Events,
		Known:     func() scope.Known { return scope.Known{Components: names(s.Components), Hosts: s.hostNames()} },
		Templates: s.Templates, Clock: s.Clock,
	}
	if s.Herd != nil {
		o.Herd = kinOf{s.Herd}
	}
	s.why = why.New(o)
	ask(s, describe("why", http.MethodGet, "/api/why", "Why a graph looks as it does",
		"What changed in a window against the time before it, ranked: events near the onset, new and more frequent log patterns, fields whose values shifted, series that moved, and who suffers. Each row says how likely it is by chance; none at all is an answer too.",
		querying()), s.askWhy)
}

func (s *server) askWhy(ctx context.Context, in *whyInput) (*why.Reasons, error) {
	if s.Series == nil && s.Entries == nil {
		return nil, missing("a store of series")
	}
	now := s.Clock.Now().UTC()
	q := why.Ask{Targets: in.Targets, Component: in.Component, Host: in.Host, Limit: in.Limit, Now: now}
	if err := in.times(&q, now); err != nil {
		return nil, err
	}
	a, err := s.why.Why(ctx, q)
	var bad *why.AskError
	if errors.As(err, &bad) {
		return nil, refuse(http.StatusBadRequest, "%v", bad)
	}
	return a, err
}

// times reads the window, the baseline and the onset.
func (in *whyInput) times(q *why.Ask, now time.Time) error {
	from := in.From
	if from == "" {
		from = "-10m"
	}
	var err error
	if q.Window, err = timerange.ParseRange(from, in.Until, now); err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	if in.BaseFrom != "" || in.BaseUntil != "" {
		if in.BaseFrom == "" || in.BaseUntil == "" {
			return refuse(http.StatusBadRequest, "base_from: give both ends of the baseline, base_from and base_until, or neither")
		}
		if q.Base, err = timerange.ParseRange(in.BaseFrom, in.BaseUntil, now); err != nil {
			return refuse(http.StatusBadRequest, "base_%v", err)
		}
	}
	if in.Onset != "" {
		at, err := timerange.Parse(in.Onset, now, now.Location())
		if err != nil {
			return badParameter("onset", err)
		}
		q.Onset = at.UnixNano()
	}
	return nil
}

// kinOf shows the herd to why.
type kinOf struct{ herd Herd }

// Kin is the groups of hosts and the links between them.
func (k kinOf) Kin() why.Kin {
	kin := why.Kin{Groups: map[string]string{}, Hosts: map[string][]string{}}
	for _, h := range k.herd.Hosts() {
		if h.Group != "" {
			kin.Groups[h.Name], kin.Groups[h.Node] = h.Group, h.Group
			kin.Hosts[h.Group] = append(kin.Hosts[h.Group], h.Node)
		}
	}
	for _, l := range k.herd.Links() {
		kin.Links = append(kin.Links, why.Link{From: l.From, To: l.To})
	}
	return kin
}
