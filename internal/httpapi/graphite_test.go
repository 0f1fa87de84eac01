package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/event"
	"patou/internal/metric"
	"patou/internal/timerange"
)

// fakeSeries are series of three values, the second of which is missing.
type fakeSeries struct {
	names []string
	err   error
	// asked is the last range and time that were asked for.
	asked timerange.Range
	now   time.Time
}

func (f *fakeSeries) Find(_ context.Context, pattern string, r timerange.Range) ([]metric.Node, error) {
	f.asked = r
	var out []metric.Node
	want := strings.Split(pattern, ".")
	for _, name := range f.names {
		nodes := strings.Split(name, ".")
		if len(nodes) < len(want) {
			continue
		}
		head := strings.Join(nodes[:len(want)], ".")
		if ok, _ := path.Match(strings.ReplaceAll(pattern, ".", "/"), strings.ReplaceAll(head, ".", "/")); !ok {
			continue
		}
		n := metric.Node{Path: head, Leaf: len(nodes) == len(want), Branch: len(nodes) > len(want)}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, f.err
}

func (f *fakeSeries) Fetch(_ context.Context, names []string, r timerange.Range, now time.Time) ([]metric.Series, error) {
	f.asked, f.now = r, now
	var out []metric.Series
	for _, name := range names {
		if slices.Contains(f.names, name) {
			out = append(out, metric.Series{Name: name, Start: 1479650700, Step: 60, Values: []float64{1.5, math.NaN(), 3}, Aggregation: "average"})
		}
	}
	return out, f.err
}

func someSeries() *fakeSeries {
	return &fakeSeries{names: []string{"webapp.cpu.user", "webapp.cpu.system", "webapp.cpu", "logs.webapp.backend.git.request_time.p99"}}
}

func withSeries(o *Options) { o.Series = someSeries() }

const aRange = "&from=1479650640&until=1479650820"

func TestRenderSpeaksGraphitesFormats(t *testing.T) {
	g := newRig(t, withSeries)
	golden(t, "render.json", pretty(t, g.get(t, "/render?target=webapp.cpu.*&target=scale(webapp.cpu,2)"+aRange).body))
	golden(t, "render.csv", g.get(t, "/render?target=webapp.cpu.user&format=csv&tz=Europe/Berlin"+aRange).body)
	golden(t, "render.raw", g.get(t, "/render?target=webapp.cpu.user&format=raw"+aRange).body)
	if a, b := g.get(t, "/render?target=webapp.cpu.user&rawData=1"+aRange), g.get(t, "/render?target=webapp.cpu.user&format=raw"+aRange); a.body != b.body {
		t.Errorf("rawData gives %q, raw %q", a.body, b.body)
	}
	g.get(t, "/render").want(t, http.StatusOK, "[]")
	g.get(t, "/render?target=nothing.here").want(t, http.StatusOK, "[]")
	if r := g.get(t, "/render?target=webapp.cpu.user&noNullPoints=true"+aRange); strings.Contains(r.body, "null") {
		t.Errorf("noNullPoints: %s", r.body)
	}
	var points []struct{ Datapoints [][2]any }
	if err := json.Unmarshal([]byte(g.get(t, "/render?target=webapp.cpu.user&maxDataPoints=1.5"+aRange).body), &points); err != nil || len(points[0].Datapoints) != 1 {
		t.Errorf("maxDataPoints: %v, %v", points, err)
	}
}

func TestRenderTakesGETAndPOST(t *testing.T) {
	g := newRig(t, withSeries)
	want := g.get(t, "/render?target=webapp.cpu.user"+aRange)
	form := url.Values{"target": {"webapp.cpu.user"}, "from": {"1479650640"}, "until": {"1479650820"}}.Encode()
	multi := "--b\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\nwebapp.cpu.user\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n1479650640\r\n--b\r\nContent-Disposition: form-data; name=\"until\"\r\n\r\n1479650820\r\n--b--\r\n"
	for contentType, body := range map[string]string{
		"application/x-www-form-urlencoded": form,
		"multipart/form-data; boundary=b":   multi,
		"application/json":                  `{"target":["webapp.cpu.user"],"from":1479650640,"until":"1479650820"}`,
	} {
		for _, path := range []string{"/render", "/render/", "/graphite/render", "/graphite/render/?target=ignored"} {
			if got := g.do(t, http.MethodPost, path, []byte(body), header("Content-Type", contentType)); got.body != want.body || got.status != http.StatusOK {
				t.Errorf("%s to %s: %d %s", contentType, path, got.status, got.body)
			}
		}
	}
}

func TestRenderReadsTimes(t *testing.T) {
	f := func(query string, from, until, at time.Time) {
		t.Helper()
		series := someSeries()
		g := newRig(t, func(o *Options) { o.Series = series })
		if r := g.get(t, "/render?target=webapp.cpu.user&"+query); r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", query, r.status, r.body)
		}
		if diff := cmp.Diff([]int64{from.Unix(), until.Unix(), at.Unix()}, []int64{series.asked.From / 1e9, series.asked.Until / 1e9, series.now.Unix()}); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	day := 24 * time.Hour
	f("", now().Add(-day), now(), now())
	f("from=-1h&until=-5min", now().Add(-time.Hour), now().Add(-5*time.Minute), now())
	f("from=-1h&now=1479650706", time.Unix(1479650706, 0).Add(-time.Hour), time.Unix(1479650706, 0), time.Unix(1479650706, 0))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	f("from=10:00_20161120&until=11:00_20161120&tz=Europe/Berlin", time.Date(2016, 11, 20, 10, 0, 0, 0, berlin), time.Date(2016, 11, 20, 11, 0, 0, 0, berlin), now())
	f("from=10:00_20161120&until=11:00_20161120&tz=Middle/Earth", time.Date(2016, 11, 20, 10, 0, 0, 0, time.UTC), time.Date(2016, 11, 20, 11, 0, 0, 0, time.UTC), now())
}

func TestBadGraphiteQuestionsNameTheParameter(t *testing.T) {
	g := newRig(t, withSeries)
	for path, text := range map[string]string{
		"/render?target=scale(a":                      "expected",
		"/render?target=noSuchFunction(a)":            "noSuchFunction",
		"/render?target=scale(a,%22x%22)":             "scale",
		"/render?target=a&from=soon":                  "from: ",
		"/render?target=a&until=soon":                 "until: ",
		"/render?target=a&now=soon":                   "now: ",
		"/render?target=a&from=-1h&until=-1h":         "empty",
		"/render?target=a&format=png":                 "format: ",
		"/render?target=a&maxDataPoints=many":         "maxDataPoints: ",
		"/render?target=a&xFilesFactor=2":             "xFilesFactor: ",
		"/metrics/find":                               "query: ",
		"/metrics/find?query=*&format=pickle":         "format: ",
		"/metrics/find?query=*&from=soon":             "from: ",
		"/metrics/expand":                             "query: ",
		"/render?" + strings.Repeat("target=a&", 501): "target: ",
	} {
		g.get(t, path).want(t, http.StatusBadRequest, text)
	}
}

func TestNodesAreFound(t *testing.T) {
	g := newRig(t, withSeries)
	for name, query := range map[string]string{
		"find-treejson.json":  "/metrics/find?query=webapp.*",
		"find-json.json":      "/metrics/find?query=webapp.cpu.*&format=json&from=1479650640",
		"find-completer.json": "/metrics/find?query=web&format=completer",
		"find-nodelist.json":  "/graphite/metrics/find/?query=webapp.cpu.*&format=nodelist",
		"find-leaves.json":    "/metrics?query=webapp.*&leavesOnly=1",
		"expand.json":         "/metrics/expand?query=webapp.*&query=logs.*",
		"expand-groups.json":  "/metrics/expand?query=webapp.*&query=logs.*&groupByExpr=1&leavesOnly=1",
		"index.json":          "/metrics/index.json",
	} {
		golden(t, name, pretty(t, g.get(t, query).body))
	}
	post := g.do(t, http.MethodPost, "/metrics/find", []byte("query=webapp.*"), header("Content-Type", "application/x-www-form-urlencoded"))
	if want := g.get(t, "/metrics/find?query=webapp.*"); post.body != want.body {
		t.Errorf("as a form: %s", post.body)
	}
	if r := g.get(t, "/metrics"); !strings.Contains(r.body, "# TYPE patou_http_status_2xx_total counter") {
		t.Errorf("without a query /metrics is not our own: %s", r.body)
	}
}

func TestWhatGrafanaAsksAtTheStart(t *testing.T) {
	g := newRig(t, withSeries)
	for path, want := range map[string]string{
		"/version": "1.1.10", "/graphite/version/": "1.1.10", "/tags": "[]", "/tags/server": "null",
		"/tags/autoComplete/tags?expr=a=b&tagPrefix=x&limit=10": "[]", "/tags/autoComplete/values?tag=x": "[]", "/tags/findSeries?expr=a=b": "[]",
	} {
		if r := g.get(t, path); r.status != http.StatusOK || r.body != want {
			t.Errorf("%s: %d %q", path, r.status, r.body)
		}
	}
	for _, path := range []string{"/functions", "/functions/", "/functions?grouped=1"} {
		var v map[string]any
		if r := g.get(t, path); json.Unmarshal([]byte(r.body), &v) != nil || len(v) < 2 {
			t.Errorf("%s: %d %.100s", path, r.status, r.body)
		}
	}
	g.get(t, "/functions/scale").want(t, http.StatusOK, `"name":"scale"`)
	g.get(t, "/functions/unheardOf").want(t, http.StatusNotFound, "unheardOf")
	g.get(t, "/render?target=constantLine(100)&from=-1h").want(t, http.StatusOK, "100")
}

func TestErrorsOfTheSeriesStoreStayInside(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Series = &fakeSeries{err: errors.New("/secret broken")} })
	for _, path := range []string{"/render?target=a.b", "/metrics/find?query=*", "/metrics/expand?query=*", "/metrics/index.json", "/api/scope?target=a.b"} {
		g.get(t, path).want(t, http.StatusInternalServerError, "its log says what")
	}
}

func TestEventsAreDrawn(t *testing.T) {
	g := newRig(t, withSeries)
	g.events.added = []event.Event{{Time: 1479650700e9, What: "deploy"}}
	g.get(t, "/render?target=events(%22deploy%22)"+aRange).want(t, http.StatusOK, "1479650700")
	if diff := cmp.Diff([]string{"deploy"}, g.events.query.Tags); diff != "" {
		t.Error(diff)
	}
}

func TestAScopeIsFound(t *testing.T) {
	g := newRig(t, withSeries)
	target := url.QueryEscape("scale(logs.webapp.backend.git.request_time.p99,1000)")
	golden(t, "scope.json", pretty(t, g.get(t, "/api/scope?target="+target+"&target=webapp.cpu.user&from=-5min&until=-3min").body))
	g.get(t, "/api/scope?target=a("+aRange).want(t, http.StatusBadRequest, "expected")
	g.get(t, fmt.Sprintf("/api/scope?%s", strings.Repeat("target=a&", maxTargets+1))).want(t, http.StatusBadRequest, "target: ")
}
