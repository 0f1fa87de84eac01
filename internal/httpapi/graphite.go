package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patou/internal/event"
	"patou/internal/query/graphite"
	"patou/internal/timerange"
	"patou/internal/token"
)

// graphiteVersion is what /version tells: the release whose behaviour is meant,
// by which Grafana decides what it may ask.
const graphiteVersion = "1.1.10"

// maxTargets bounds the targets of one question.
const maxTargets = 500

// routeGraphite registers Graphite's questions where its clients expect them.
func (s *server) routeGraphite() {
	cheap, costly := access{scope: token.Read, form: true}, access{scope: token.Read, form: true, query: true}
	s.likeGraphite("/render", costly, s.render)
	s.likeGraphite("/functions", cheap, s.functions)
	s.likeGraphite("/functions/{name}", cheap, s.function)
	s.likeGraphite("/version", cheap, answerText("text/plain; charset=utf-8", graphiteVersion))
	s.likeGraphite("/metrics", cheap, s.metricsOrFind)
	s.likeGraphite("/metrics/find", costly, s.find)
	s.likeGraphite("/metrics/expand", costly, s.expand)
	s.likeGraphite("/metrics/index.json", costly, s.index)
	// Tags are asked for by Grafana when a data source is set up; that there
	// are none is an answer, not an error.
	for path, none := range map[string]string{
		"/tags": "[]", "/tags/{tag}": "null", "/tags/findSeries": "[]",
		"/tags/autoComplete/tags": "[]", "/tags/autoComplete/values": "[]",
	} {
		s.likeGraphite(path, cheap, answerText("application/json", none))
	}
}

// likeGraphite registers a question as Graphite takes it: GET and POST, with and
// without a slash at the end, with and without a prefix.
func (s *server) likeGraphite(path string, a access, h handlerFunc) {
	for _, prefix := range graphitePrefixes() {
		s.both("GET "+prefix+path, a, h)
		s.both("POST "+prefix+path, a, h)
	}
}

func answerText(contentType, text string) handlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) error { return writeText(w, contentType, text) }
}

// marks shows an EventStore to the function events().
type marks struct{ store EventStore }

// Events are the events of a range that carry all the tags.
func (m marks) Events(ctx context.Context, r timerange.Range, tags []string) ([]event.Event, error) {
	if m.store == nil {
		return nil, nil
	}
	return m.store.Events(ctx, event.Query{From: r.From, Until: r.Until, Tags: tags})
}

// render is /render.
func (s *server) render(w http.ResponseWriter, r *http.Request) error {
	p, err := s.graphiteQuestion(w, r)
	if err != nil {
		return err
	}
	q, err := p.renderRequest()
	if err != nil {
		return err
	}
	write, contentType, err := p.renderWriter(q.Location)
	if err != nil {
		return err
	}
	result, err := s.engine.Render(r.Context(), q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	return gone(write(w, result.Series()))
}

// parameters are those of one of Graphite's questions.
type parameters struct {
	url.Values
	now time.Time
}

// graphiteQuestion reads the parameters that all of Graphite's questions have.
// The parameter now stops the clock, for tests of dashboards.
func (s *server) graphiteQuestion(w http.ResponseWriter, r *http.Request) (*parameters, error) {
	if s.engine == nil {
		return nil, missing("a store of series")
	}
	form, err := s.form(w, r)
	if err != nil {
		return nil, err
	}
	p := &parameters{form, s.Clock.Now().In(zone(form.Get("tz")))}
	if text := p.Get("now"); text != "" {
		if p.now, err = timerange.Parse(text, p.now, p.now.Location()); err != nil {
			return nil, badParameter("now", err)
		}
	}
	return p, nil
}

// zone is the time zone of a name; UTC for an unknown one, as Graphite takes its
// default.
func zone(name string) *time.Location {
	if l, err := time.LoadLocation(name); err == nil && name != "Local" {
		return l
	}
	return time.UTC
}

func (p *parameters) renderRequest() (graphite.Request, error) {
	q := graphite.Request{Targets: append(p.Values["target"], p.Values["target[]"]...), Now: p.now, Location: p.now.Location()}
	if len(q.Targets) > maxTargets {
		return q, refuse(http.StatusBadRequest, "target: there are %d, and %d are the most", len(q.Targets), maxTargets)
	}
	var err error
	if q.Range, err = timerange.ParseRange(p.Get("from"), p.Get("until"), p.now); err != nil {
		return q, refuse(http.StatusBadRequest, "%v", err)
	}
	if q.XFilesFactor, err = p.float("xFilesFactor", 0, 1); err != nil {
		return q, err
	}
	q.Template = p.template()
	return q, nil
}

// template gathers template[name]=value.
func (p *parameters) template() map[string]string {
	var out map[string]string
	for key := range p.Values {
		name, ok := strings.CutPrefix(key, "template[")
		if name, end := strings.CutSuffix(name, "]"); ok && end {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = p.Get(key)
		}
	}
	return out
}

// renderWriter is the writer of the format asked for, and what it writes.
func (p *parameters) renderWriter(l *time.Location) (func(http.ResponseWriter, []*graphite.Series) error, string, error) {
	format := p.Get("format")
	if p.flag("rawData") {
		format = "raw"
	}
	switch format {
	case "", "json":
		most, err := p.whole("maxDataPoints")
		o := graphite.JSONOptions{MaxDataPoints: most, NoNullPoints: p.flag("noNullPoints")}
		return func(w http.ResponseWriter, list []*graphite.Series) error { return graphite.WriteJSON(w, list, o) }, "application/json", err
	case "csv":
		return func(w http.ResponseWriter, list []*graphite.Series) error { return graphite.WriteCSV(w, list, l) }, "text/csv; charset=utf-8", nil
	case "raw":
		return func(w http.ResponseWriter, list []*graphite.Series) error { return graphite.WriteRaw(w, list) }, "text/plain; charset=utf-8", nil
	}
	return nil, "", refuse(http.StatusBadRequest, "format: %.40q is not served: ask for json, csv or raw", format)
}

// flag reports whether a parameter is given and not a way to say no.
func (p *parameters) flag(name string) bool {
	switch strings.ToLower(p.Get(name)) {
	case "", "0", "false", "no", "off":
		return p.Has(name) && p.Get(name) == ""
	}
	return true
}

func (p *parameters) whole(name string) (int, error) {
	text := p.Get(name)
	if text == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(text, 64) // Grafana sends widths such as 1234.5
	if err != nil || !(f >= 0 && f <= 1<<31) {
		return 0, refuse(http.StatusBadRequest, "%s: %.40q is not a whole number", name, text)
	}
	return int(f), nil
}

func (p *parameters) float(name string, least, most float64) (float64, error) {
	text := p.Get(name)
	if text == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= least && f <= most) {
		return 0, refuse(http.StatusBadRequest, "%s: %.40q is not a number from %v to %v", name, text, least, most)
	}
	return f, nil
}

// functions is /functions, for editors of targets.
func (s *server) functions(w http.ResponseWriter, r *http.Request) error {
	form, err := s.form(w, r)
	if err != nil {
		return err
	}
	p := &parameters{Values: form}
	text, err := graphite.FunctionsJSON(p.Get("group"), p.flag("grouped"))
	if err != nil {
		return err
	}
	return writeText(w, "application/json", string(text))
}

func (s *server) function(w http.ResponseWriter, r *http.Request) error {
	text, ok := graphite.FunctionJSON(r.PathValue("name"))
	if !ok {
		return refuse(http.StatusNotFound, "there is no function %.100q: /functions lists them", r.PathValue("name"))
	}
	return writeText(w, "application/json", string(bytes.TrimSpace(text)))
}
