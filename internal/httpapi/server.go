package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patou/internal/query/graphite"
	"patou/internal/telemetry"
	"patou/internal/token"
	"patou/internal/why"
)

// server holds the routes. Nothing in it changes after New.
type server struct {
	Options
	mux      *http.ServeMux
	api      huma.API
	engine   *graphite.Engine // nil without a store of series
	why      *why.Engine
	openAPI  []byte
	queries  *gate
	logBody  int64 // maxLogBody, less in tests
	bodies   *budget
	streams  *budget
	hosts    hostRule
	herdNow  shared // the overview
	patterns []string
}

// New is the handler of all routes.
func New(o Options) (http.Handler, error) {
	s := &server{Options: o.withDefaults(), mux: http.NewServeMux(), logBody: maxLogBody, bodies: newBudget(bodiesBytes), streams: newBudget(maxStreams)}
	s.queries = newGate(s.Queries, s.Waiting)
	s.hosts = newHostRule(o.Hosts)
	if o.Series != nil {
		s.engine = graphite.New(o.Series, graphite.Options{Events: marks{o.Events}})
	}
	s.api = s.newAPI()
	s.routeOwn()
	s.routeInfo()
	s.routeEvents()
	s.routeLogs()
	s.routeAround()
	s.routeScope()
	s.routeAgents()
	s.routeHerd()
	s.routeWhy()
	s.routeGraphite()
	s.routeTap()
	s.routeSignIn()
	if err := s.routePage(); err != nil {
		return nil, err
	}
	var err error
	s.openAPI, err = s.document()
	return s, err
}

// access is what a route asks of a request before its handler runs.
type access struct {
	// scope is what a token must open; "" for routes that all may see.
	scope token.Scope
	// query marks routes whose work is bounded in time and number.
	query bool
	// form allows bodies as HTML forms send them: for questions, never for
	// what changes something.
	form bool
	// stream marks answers that may last for ever.
	stream bool
	// body, when set, is the only type of body that the route takes.
	body string
}

// handlerFunc is a handler that leaves errors to the server.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// handle registers a route, such as "GET /render", under its access rule.
func (s *server) handle(pattern string, a access, h handlerFunc) {
	s.patterns = append(s.patterns, pattern)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := s.admit(w, r, a, h); err != nil {
			s.fail(w, err)
		}
	})
}

// admit judges a request by its route's rule and runs the handler.
func (s *server) admit(w http.ResponseWriter, r *http.Request, a access, h handlerFunc) error {
	if err := s.authorize(r, a.scope); err != nil {
		return err
	}
	if err := checkContentType(r, a); err != nil {
		return err
	}
	s.setDeadlines(w, a)
	if a.stream && !a.query {
		if !s.streams.take(1) {
			return &failure{Status: http.StatusTooManyRequests, retry: 10 * time.Second, why: "streams_refused",
				Text: "too many streams are open: close some and try again"}
		}
		defer s.streams.give(1)
	}
	if !a.query {
		return h(w, r)
	}
	return s.inTurn(w, r, h)
}

// inTurn runs a handler whose work is bounded in time and number.
func (s *server) inTurn(w http.ResponseWriter, r *http.Request, h handlerFunc) error {
	ctx, done, err := s.queries.enter(r.Context(), s.QueryTime)
	if err != nil {
		return err
	}
	defer done()
	return h(w, r.WithContext(ctx))
}

// ServeHTTP judges what does not depend on the route, then routes.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &counted{ResponseWriter: w}
	defer s.count(c)
	defer s.catch(c, r)
	setSecurityHeaders(c.Header())
	err := s.hosts.check(r.Host)
	if err == nil {
		err = checkOrigin(r)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	s.mux.ServeHTTP(c, r)
}

// catch keeps a handler's panic from ending the server.
func (s *server) catch(w *counted, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p) // net/http's own way to cut a connection
	}
	s.Telemetry.Counter("http.panics").Inc()
	s.Log.Error("a handler panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if w.status == 0 {
		s.fail(w, &failure{Status: http.StatusInternalServerError, Text: "something went wrong inside the server: its log says what"})
	}
}

func (s *server) count(w *counted) {
	class := "2xx"
	if w.status >= 300 {
		class = fmt.Sprintf("%dxx", w.status/100)
	}
	s.Telemetry.Counter("http.status." + class).Inc()
}

// counted remembers the status of an answer.
type counted struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the first final status.
func (w *counted) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes that an answer without a status is 200.
func (w *counted) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// routeOwn registers what monitors and people ask of the server itself.
func (s *server) routeOwn() {
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, s.notFound(w, r)) })
	s.handle("GET /-/ready", access{}, s.ready)
	s.handle("GET /api/openapi.json", access{}, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write(s.openAPI)
		return gone(err)
	})
}

// notFound answers what no route takes, and says which methods a path takes.
func (s *server) notFound(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
		methods := strings.Join(allowed, ", ")
		w.Header().Set("Allow", methods)
		return refuse(http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, methods, r.Method)
	}
	return refuse(http.StatusNotFound, "there is nothing at %s: /api/openapi.json lists what there is, /ui/ is the page", r.URL.Path)
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) error {
	if s.Ready != nil {
		if err := s.Ready(); err != nil {
			return refuse(http.StatusServiceUnavailable, "not ready: %v", err)
		}
	}
	return writeText(w, "text/plain; charset=utf-8", "ready\n")
}

// writeText answers with a text that is complete.
func writeText(w http.ResponseWriter, contentType, text string) error {
	w.Header().Set("Content-Type", contentType)
	_, err := w.Write([]byte(text))
	return gone(err)
}

// writeJSON answers with a value. Answers are not cached: they are of now.
func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return gone(enc.Encode(v))
}

// counter is shorthand for the counter of a refusal.
func (s *server) counter(name string) *telemetry.Counter { return s.Telemetry.Counter("http." + name) }
