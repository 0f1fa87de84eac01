package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"patou/internal/event"
	"patou/internal/herd"
	"patou/internal/timerange"
)

// Herd knows the machines.
type Herd interface {
	// Overview is the herd now.
	Overview() *herd.Overview
	// Hosts are all that are shown, in order of name.
	Hosts() []herd.ListedHost
	// Host is all that is known of the host with an id or a name.
	Host(ctx context.Context, idOrName string) (d *herd.HostDetails, known bool, err error)
}

type overviewInput struct {
	At string `query:"at" doc:"The moment to show; now if it is empty."`
}

type hostInput struct {
	ID string `path:"id" doc:"The host's id or name."`
	At string `query:"at" doc:"The moment to show; now if it is empty."`
}

// routeHerd registers what is asked about the machines.
func (s *server) routeHerd() {
	ask(s, describe("overview", http.MethodGet, "/api/overview", "The whole herd at a glance", "Groups stand in the order of their dependencies.", reading()), s.overview)
	ask(s, describe("hosts", http.MethodGet, "/api/hosts", "The hosts", "Those that an agent tells of, and those that entries came from.", reading()), s.listHosts)
	ask(s, describe("host", http.MethodGet, "/api/hosts/{id}", "One host", "", reading()), s.host)
}

func (s *server) overview(ctx context.Context, _ *overviewInput) (*herd.Overview, error) {
	if s.Herd == nil {
		return nil, missing("a herd")
	}
	o := s.Herd.Overview()
	var err error
	o.Events, err = s.recentEvents(ctx, o.At)
	return o, err
}

// Bounds of the events that the overview lists.
const (
	eventsListed = 50
	eventsFor    = 24 * time.Hour
)

// recentEvents are those of the day before a moment, the newest first.
func (s *server) recentEvents(ctx context.Context, at time.Time) ([]herd.RecentEvent, error) {
	out := []herd.RecentEvent{}
	if s.Events == nil {
		return out, nil
	}
	events, err := s.Events.Events(ctx, event.Query{From: at.Add(-eventsFor).UnixNano(), Until: at.UnixNano() + 1, Limit: eventsListed})
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(events) {
		e := &events[i]
		out = append(out, herd.RecentEvent{ID: e.ID, Time: time.Unix(0, e.Time).UTC(), Kind: kindOf(e), What: e.What, Data: e.Data, Host: e.Host(), Component: e.Component()})
	}
	return out, nil
}

// kindOf is the first tag that is a plain word.
func kindOf(e *event.Event) string {
	for _, tag := range e.Tags {
		if tag != "herd" && !strings.Contains(tag, ":") {
			return tag
		}
	}
	return "event"
}

func (s *server) listHosts(context.Context, *nothing) ([]herd.ListedHost, error) {
	out := []herd.ListedHost{}
	known := map[string]bool{}
	if s.Herd != nil {
		out = s.Herd.Hosts()
		for i := range out {
			known[out[i].Name] = true
		}
	}
	if s.SentBy == nil {
		return out, nil
	}
	for _, seen := range s.SentBy() {
		if !known[seen.Name] {
			out = append(out, herd.ListedHost{Name: seen.Name, Last: seen.Last.UTC()})
		}
	}
	return out, nil
}

func (s *server) host(ctx context.Context, in *hostInput) (*herd.HostDetails, error) {
	if s.Herd == nil {
		return nil, missing("a herd")
	}
	d, known, err := s.Herd.Host(ctx, in.ID)
	if err == nil && !known {
		err = refuse(http.StatusNotFound, "no host has the id or name %.100q: /api/hosts lists them", in.ID)
	}
	return d, err
}

// moment reads a time of the past; zero for now.
func (s *server) moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := timerange.Parse(text, s.Clock.Now(), time.UTC)
	if err != nil {
		return t, badParameter("at", err)
	}
	return t, nil
}
