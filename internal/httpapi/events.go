package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patou/internal/event"
	"patou/internal/timerange"
	"patou/internal/token"
)

// eventAnswer is an event as Graphite writes it.
type eventAnswer struct {
	ID   int64    `json:"id"`
	When int64    `json:"when"` // epoch seconds
	What string   `json:"what"`
	Data string   `json:"data"`
	Tags []string `json:"tags"`
}

func answerOf(e *event.Event) eventAnswer {
	return eventAnswer{ID: e.ID, When: timerange.Floor(e.Time, int64(time.Second)) / int64(time.Second), What: e.What, Data: e.Data, Tags: append([]string{}, e.Tags...)}
}

// eventBody is an event as Graphite's clients send it: tags as a list or as
// words, when as a number, a numeric text or not at all.
type eventBody struct {
	What string          `json:"what"`
	Tags json.RawMessage `json:"tags"`
	When json.RawMessage `json:"when"`
	Data json.RawMessage `json:"data"`
}

// routeEvents registers Graphite's events, with and without its prefix.
func (s *server) routeEvents() {
	asking := access{scope: token.Read, form: true}
	for _, prefix := range graphitePrefixes() {
		s.both("POST "+prefix+"/events", access{scope: token.Write}, s.addEvent)
		s.both("GET "+prefix+"/events", asking, s.findEvents)
		s.both("GET "+prefix+"/events/get_data", asking, s.findEvents)
		s.both("POST "+prefix+"/events/get_data", asking, s.findEvents)
		s.both("GET "+prefix+"/events/{id}", asking, s.oneEvent)
	}
}

// graphitePrefixes are the places where Graphite's paths are mounted.
func graphitePrefixes() []string { return []string{"", "/graphite"} }

// both registers a route with and without a trailing slash.
func (s *server) both(pattern string, a access, h handlerFunc) {
	s.handle(pattern, a, h)
	s.handle(pattern+"/{$}", a, h)
}

func (s *server) addEvent(w http.ResponseWriter, r *http.Request) error {
	if s.Events == nil {
		return missing("a store of events")
	}
	b, release, err := s.body(w, r, maxSmallBody)
	defer release()
	if err != nil {
		return err
	}
	e, err := readEvent(b, s.Clock.Now())
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	if _, err := s.Events.AddEvent(r.Context(), e, r.Header.Get("Idempotency-Key")); err != nil {
		return err
	}
	s.Telemetry.Counter("ingest.events").Inc()
	return nil // Graphite answers with an empty 200
}

func readEvent(b []byte, now time.Time) (event.Event, error) {
	var in eventBody
	if err := json.Unmarshal(b, &in); err != nil {
		return event.Event{}, fmt.Errorf(`the body is not an event: %w: send {"what": "deploy webapp 8.2.0", "tags": ["deploy"], "when": %d}`, err, now.Unix())
	}
	e := event.Event{What: in.What, Time: now.UnixNano(), Data: textOf(in.Data)}
	var err error
	if e.Tags, err = tagsOf(in.Tags); err != nil {
		return e, err
	}
	if when := textOf(in.When); when != "" {
		seconds, err := strconv.ParseFloat(when, 64)
		if err != nil || math.Abs(seconds) > 1<<33 {
			return e, fmt.Errorf("when: %.40q is not a time in seconds since 1970, as in %d", when, now.Unix())
		}
		e.Time = int64(seconds * 1e9)
	}
	return event.Clean(e)
}

// textOf is a JSON text, or another JSON value as it was written.
func textOf(raw json.RawMessage) string {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func tagsOf(raw json.RawMessage) ([]string, error) {
	var list []string
	if len(raw) == 0 || json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var words string
	if json.Unmarshal(raw, &words) != nil {
		return nil, fmt.Errorf(`tags: want a list of texts or one text of words, as in ["deploy", "host:web01"]`)
	}
	return strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == ',' }), nil
}

func (s *server) findEvents(w http.ResponseWriter, r *http.Request) error {
	if s.Events == nil {
		return missing("a store of events")
	}
	q, err := s.form(w, r)
	if err != nil {
		return err
	}
	query, err := s.eventQuery(q)
	if err != nil {
		return err
	}
	events, err := s.Events.Events(r.Context(), query)
	if err != nil {
		return err
	}
	out := make([]eventAnswer, len(events))
	for i := range events {
		out[i] = answerOf(&events[i])
	}
	return writeJSON(w, out)
}

// eventQuery reads Graphite's parameters. An event at until belongs to the
// answer there.
func (s *server) eventQuery(q url.Values) (event.Query, error) {
	now := s.Clock.Now()
	out := event.Query{Until: now.UnixNano() + 1}
	for _, end := range []struct {
		name string
		to   *int64
		plus int64
	}{{"from", &out.From, 0}, {"until", &out.Until, 1}} {
		if text := q.Get(end.name); text != "" {
			t, err := timerange.Parse(text, now, time.UTC)
			if err != nil {
				return out, badParameter(end.name, err)
			}
			*end.to = t.UnixNano() + end.plus
		}
	}
	for _, text := range q["tags"] {
		out.Tags = append(out.Tags, strings.Fields(text)...)
	}
	switch set := q.Get("set"); set {
	case "", "intersection":
	case "union":
		out.Any = true
	default:
		return out, refuse(http.StatusBadRequest, "set: %.40q is neither union nor intersection", set)
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return out, refuse(http.StatusBadRequest, "limit: %.40q is not a number above 0", text)
		}
		out.Limit = n
	}
	return out, nil
}

func (s *server) oneEvent(w http.ResponseWriter, r *http.Request) error {
	if s.Events == nil {
		return missing("a store of events")
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return refuse(http.StatusNotFound, "%.40q is not the number of an event", r.PathValue("id"))
	}
	e, err := s.Events.Event(r.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, answerOf(&e))
}

// form is the parameters of a question, from the address and from a form or a
// JSON object in the body, which wins.
func (s *server) form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the address's parameters cannot be read: %v", err)
	}
	if r.Method != http.MethodPost {
		return q, nil
	}
	given, err := s.postedForm(w, r)
	if err != nil {
		return nil, err
	}
	for name, values := range given {
		q[name] = values
	}
	return q, nil
}
