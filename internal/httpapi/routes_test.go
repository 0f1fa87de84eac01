package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// example is an address that a pattern takes.
func example(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{$}", "", "{file...}", "assets/x.js", "{id}", "7", "{name}", "sumSeries", "{tag}", "server").Replace(path)
}

func TestNoRouteHidesAnother(t *testing.T) {
	g := newRig(t, nil)
	seen := map[string]bool{}
	for _, pattern := range g.server().patterns {
		method, path := example(pattern)
		_, got := g.server().mux.Handler(httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if got != pattern {
			t.Errorf("%s %s goes to %q, not to %q", method, path, got, pattern)
		}
		if seen[pattern] {
			t.Errorf("%q is registered twice", pattern)
		}
		seen[pattern] = true
	}
}

func TestTheRoutesOfTheContractAreThere(t *testing.T) {
	g := newRig(t, nil)
	missing := func(method, path string) {
		t.Helper()
		if _, pattern := g.server().mux.Handler(httptest.NewRequestWithContext(t.Context(), method, path, nil)); pattern == "/" {
			t.Errorf("%s %s is not served", method, path)
		}
	}
	for _, path := range contractPaths() {
		missing(http.MethodGet, path)
	}
	for _, path := range graphiteQuestions() {
		for _, prefix := range graphitePrefixes() {
			for _, slash := range []string{"", "/"} {
				missing(http.MethodGet, prefix+path+slash)
				missing(http.MethodPost, prefix+path+slash)
			}
		}
	}
	missing(http.MethodPost, "/api/logs")
	missing(http.MethodPost, "/events")
	missing(http.MethodPost, "/graphite/events/")
}

func contractPaths() []string {
	return []string{
		"/", "/ui/", "/ui/explore", "/-/ready", "/metrics", "/api/openapi.json", "/api/info", "/api/components", "/api/hosts",
		"/api/logs", "/api/logs/tail", "/api/logs/histogram", "/api/logs/context", "/api/logs/fields", "/api/scope", "/api/why", "/api/tap", "/events/7", "/graphite/events/7",
	}
}

func graphiteQuestions() []string {
	return []string{
		"/events/get_data", "/render", "/functions", "/functions/scale", "/version", "/metrics/find", "/metrics/expand", "/metrics/index.json", "/metrics",
		"/tags", "/tags/server", "/tags/findSeries", "/tags/autoComplete/tags", "/tags/autoComplete/values",
	}
}

func TestWhatIsNotThereIsAnsweredInJSON(t *testing.T) {
	g := newRig(t, nil)
	g.get(t, "/nowhere").want(t, http.StatusNotFound, "/nowhere")
	g.get(t, "/api/nowhere").want(t, http.StatusNotFound, "openapi.json")
	g.do(t, http.MethodPost, "/nowhere", []byte("x"), header("Content-Type", "text/plain")).want(t, http.StatusNotFound, "/nowhere")
	r := g.do(t, http.MethodDelete, "/api/logs", nil)
	r.want(t, http.StatusMethodNotAllowed, "GET, POST")
	if r.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: %q", r.header.Get("Allow"))
	}
	g.do(t, http.MethodPost, "/api/info", []byte("{}")).want(t, http.StatusMethodNotAllowed, "GET")
}

func TestTheDocumentDescribesEveryRouteOfOurs(t *testing.T) {
	g := newRig(t, nil)
	r := g.get(t, "/api/openapi.json")
	var spec struct{ Paths map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(r.body), &spec); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range g.server().patterns {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/api/") || path == "/api/openapi.json" {
			continue
		}
		if !strings.Contains(string(spec.Paths[path]), `"`+strings.ToLower(method)+`"`) {
			t.Errorf("%s is not described", pattern)
		}
	}
	golden(t, "openapi.json", pretty(t, r.body))
}

func TestInfoAndNames(t *testing.T) {
	g := newRig(t, nil)
	golden(t, "info.json", pretty(t, g.get(t, "/api/info").body))
	golden(t, "components.json", pretty(t, g.get(t, "/api/components").body))
	golden(t, "hosts.json", pretty(t, g.get(t, "/api/hosts").body))
	empty := newRig(t, func(o *Options) { o.Components = nil })
	if r := empty.get(t, "/api/components"); strings.TrimSpace(r.body) != "[]" {
		t.Errorf("without a list: %q", r.body)
	}
}

func TestReadySaysWhyNot(t *testing.T) {
	var why error
	g := newRig(t, func(o *Options) { o.Ready = func() error { return why } })
	g.get(t, "/-/ready").want(t, http.StatusOK, "ready")
	why = http.ErrServerClosed
	g.get(t, "/-/ready").want(t, http.StatusServiceUnavailable, "not ready: http: Server closed")
}

func TestOwnCountersAreExposed(t *testing.T) {
	g := newRig(t, nil)
	g.options.Telemetry.Counter("ingest.carbon.rejected").Add(3)
	g.options.Telemetry.Gauge("store.head-bytes", func() float64 { return 1.5 })
	lines := strings.Split(g.get(t, "/metrics").body, "\n")
	for _, want := range []string{"# TYPE patou_ingest_carbon_rejected_total counter", "patou_ingest_carbon_rejected_total 3", "patou_store_head_bytes 1.5"} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is missing in %q", want, lines)
		}
	}
}

func TestAPanicIsAnsweredAndCounted(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Components = func() []Seen { panic("a bug") } })
	g.get(t, "/api/components").want(t, http.StatusInternalServerError, "its log says what")
	if g.options.Telemetry.Counter("http.panics").Value() != 1 {
		t.Error("the panic was not counted")
	}
}

func TestDoorsThatAreMissingAreNamed(t *testing.T) {
	g := newRig(t, func(o *Options) { *o = Options{} })
	for _, path := range []string{"/events/get_data", "/events/7", "/api/logs", "/api/logs/tail", "/api/logs/histogram", "/api/logs/context?id=1-0", "/api/logs/fields",
		"/api/tap", "/api/scope?target=a", "/render?target=a", "/metrics/find?query=*", "/metrics/expand?query=*", "/metrics/index.json"} {
		g.get(t, path).want(t, http.StatusServiceUnavailable, "runs without")
	}
	g.do(t, http.MethodPost, "/api/logs", []byte("{}")).want(t, http.StatusServiceUnavailable, "runs without")
	g.do(t, http.MethodPost, "/events", []byte("{}")).want(t, http.StatusServiceUnavailable, "runs without")
}
