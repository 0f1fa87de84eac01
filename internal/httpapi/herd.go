package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patou/internal/event"
	"patou/internal/herd"
	"patou/internal/timerange"
	"patou/internal/token"
)

// Herd knows the machines.
type Herd interface {
	// Overview is the herd now, OverviewAt at a moment of the past.
	Overview() *herd.Overview
	OverviewAt(ctx context.Context, at time.Time) (*herd.Overview, error)
	// Day is the day before a moment at a glance.
	Day(ctx context.Context, until time.Time) (*herd.Day, error)
	// Hosts are all that are shown, in order of name.
	Hosts() []herd.ListedHost
	// Host is all that is known of the host with an id or a name, at a moment
	// of the past where that is not zero.
	Host(ctx context.Context, idOrName string, at time.Time) (*herd.HostDetails, error)
	// Links are who calls whom, by group.
	Links() []herd.GroupLink
	// SetGroup puts a host into a group, "" back into the one found. Forget
	// takes a host out that is gone or lost.
	SetGroup(idOrName, group string) error
	Forget(idOrName string) error
}

type dayInput struct {
	Until string `query:"until" doc:"Its end; now if it is empty."`
}

type hostInput struct {
	ID string `path:"id" doc:"The host's id or name."`
	At string `query:"at" doc:"The moment to show; now if it is empty."`
}

type groupInput struct {
	ID   string `path:"id" doc:"The host's id or name."`
	Body struct {
		Group string `json:"group" maxLength:"60" doc:"The group; empty for the one found."`
	}
}

type forgetInput struct {
	ID string `path:"id" doc:"The host's id or name."`
}

// done is the answer to what was decided.
type done struct {
	Done bool `json:"done"`
}

// routeHerd registers what is asked, and decided, about the machines.
func (s *server) routeHerd() {
	s.routeOverview()
	ask(s, describe("day", http.MethodGet, "/api/overview/day", "A day at a glance", "For a slider through the last day.", reading()), s.day)
	ask(s, describe("hosts", http.MethodGet, "/api/hosts", "The hosts", "Those that an agent tells of, and those that entries came from.", reading()), s.listHosts)
	ask(s, describe("host", http.MethodGet, "/api/hosts/{id}", "One host", "", reading()), s.host)
	ask(s, describe("links", http.MethodGet, "/api/links", "Who calls whom, by group", "What stays within a host is left out; external stands for all that no agent tells of.", reading()),
		func(context.Context, *nothing) ([]herd.GroupLink, error) {
			if s.Herd == nil {
				return nil, missing("a herd")
			}
			return s.Herd.Links(), nil
		})
	admin := access{scope: token.Admin}
	ask(s, describe("setGroup", http.MethodPost, "/api/hosts/{id}/group", "Put a host into a group", "It stays there, whatever is found.", admin), s.setGroup)
	ask(s, describe("forgetHost", http.MethodDelete, "/api/hosts/{id}", "Forget a host that is gone or lost", "Its series and entries stay.", admin), s.forgetHost)
}

// routeOverview registers the overview, which is encoded once a second for all
// that ask.
func (s *server) routeOverview() {
	op := describe("overview", http.MethodGet, "/api/overview", "The whole herd at a glance", "Groups stand in the order of their dependencies.", reading())
	op.Parameters = []*huma.Param{{Name: "at", In: "query", Schema: &huma.Schema{Type: "string"}, Description: "The moment to show; now if it is empty."}}
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[herd.Overview](), true, "Overview")
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	s.describeErrors(&op)
	s.api.OpenAPI().AddOperation(&op)
	s.handle("GET /api/overview", reading(), s.overview)
}

func (s *server) overview(w http.ResponseWriter, r *http.Request) error {
	if s.Herd == nil {
		return missing("a herd")
	}
	at, err := s.moment("at", r.URL.Query().Get("at"))
	if err != nil {
		return err
	}
	if !at.IsZero() {
		return s.replay(w, r, at)
	}
	return s.herdNow.serve(w, r, s.Clock.Now(), func() (any, error) { return s.withEvents(r.Context(), s.Herd.Overview()) })
}

// replay answers of the past; it is a question to the stores.
func (s *server) replay(w http.ResponseWriter, r *http.Request, at time.Time) error {
	return s.inTurn(w, r, func(w http.ResponseWriter, r *http.Request) error {
		o, err := s.Herd.OverviewAt(r.Context(), at)
		if err != nil {
			return err
		}
		v, err := s.withEvents(r.Context(), o)
		if err != nil {
			return err
		}
		return writePacked(w, r, v)
	})
}

func (s *server) withEvents(ctx context.Context, o *herd.Overview) (_ any, err error) {
	o.Events, err = s.recentEvents(ctx, o.At)
	return o, err
}

// Bounds of the events that the overview lists.
const (
	eventsListed = 50
	marksListed  = 300
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

func (s *server) day(ctx context.Context, in *dayInput) (*herd.Day, error) {
	if s.Herd == nil {
		return nil, missing("a herd")
	}
	until, err := s.moment("until", in.Until)
	if err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = s.Clock.Now()
	}
	d, err := s.Herd.Day(ctx, until)
	if err != nil || s.Events == nil {
		return d, err
	}
	events, err := s.Events.Events(ctx, event.Query{From: d.From.UnixNano(), Until: d.Until.UnixNano(), Limit: marksListed})
	for i := range events {
		e := &events[i]
		d.Marks = append(d.Marks, herd.DayMark{Time: time.Unix(0, e.Time).UTC(), Kind: kindOf(e), What: e.What})
	}
	return d, err
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
	at, err := s.moment("at", in.At)
	if err != nil {
		return nil, err
	}
	d, err := s.Herd.Host(ctx, in.ID, at)
	if errors.Is(err, herd.ErrUnknown) {
		if last, sent := s.sentBy(in.ID); sent {
			return herd.Unwatched(in.ID, last, nil), nil
		}
	}
	return d, herdFailure(err, in.ID)
}

// sentBy is when the last entry of a host was, if one is known.
func (s *server) sentBy(name string) (last time.Time, known bool) {
	if s.SentBy == nil {
		return time.Time{}, false
	}
	for _, seen := range s.SentBy() {
		if seen.Name == name {
			return seen.Last, true
		}
	}
	return time.Time{}, false
}

func (s *server) setGroup(_ context.Context, in *groupInput) (done, error) {
	if s.Herd == nil {
		return done{}, missing("a herd")
	}
	if err := s.Herd.SetGroup(in.ID, in.Body.Group); err != nil {
		return done{}, herdFailure(err, in.ID)
	}
	s.herdNow.drop()
	return done{true}, nil
}

func (s *server) forgetHost(_ context.Context, in *forgetInput) (done, error) {
	if s.Herd == nil {
		return done{}, missing("a herd")
	}
	if err := s.Herd.Forget(in.ID); err != nil {
		return done{}, herdFailure(err, in.ID)
	}
	s.herdNow.drop()
	return done{true}, nil
}

// herdFailure maps the herd's errors.
func herdFailure(err error, id string) error {
	switch {
	case errors.Is(err, herd.ErrUnknown):
		return refuse(http.StatusNotFound, "no host has the id or name %.100q: /api/hosts lists them", id)
	case errors.Is(err, herd.ErrPresent):
		return refuse(http.StatusConflict, "%v", err)
	case errors.Is(err, herd.ErrGroupName):
		return refuse(http.StatusBadRequest, "group: %v", err)
	}
	return err
}

// moment reads a time of the past; zero for now.
func (s *server) moment(name, text string) (time.Time, error) {
	if text == "" || text == "now" {
		return time.Time{}, nil
	}
	t, err := timerange.Parse(text, s.Clock.Now(), time.UTC)
	if err != nil {
		return t, badParameter(name, err)
	}
	return t, nil
}
