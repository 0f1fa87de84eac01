package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"patou/internal/ingest"
)

func TestARequestForAnotherNameIsRefused(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Hosts = []string{"patou.example.org", "*.intern"} })
	f := func(name string, ok bool) {
		t.Helper()
		r := g.get(t, "/api/info", host(name))
		if ok {
			r.want(t, http.StatusOK, "version")
			return
		}
		r.want(t, http.StatusForbidden, "hosts: [")
	}
	f("127.0.0.1:8420", true)
	f("localhost:8420", true)
	f("LOCALHOST", true)
	f("patou.localhost", true)
	f("[::1]:8420", true)
	f("[::1]", true)
	f("10.1.2.3:8420", true)
	f("patou.example.org", true)
	f("Patou.Example.Org.:443", true)
	f("a.intern", true)
	f("a.b.intern:1", true)
	f("intern", false)
	f("evilintern", false)
	f("evil.example", false)
	f("localhost.evil.example:8420", false)
	f("127.0.0.1.evil.example", false)
	f("patou.example.org.evil.example", false)
	f("127.0.0.1@evil.example", false)
	f("", false)
}

func TestTheHostOfTheRoutesThatNeedNoTokenIsCheckedToo(t *testing.T) {
	g := newRig(t, nil)
	for _, path := range []string{"/ui/explore", "/", "/-/ready", "/api/openapi.json", "/nowhere"} {
		g.get(t, path, host("evil.example")).want(t, http.StatusForbidden, "evil.example")
	}
}

func TestAnotherSiteCannotPostToLoopback(t *testing.T) {
	g := newRig(t, nil)
	g.sink.answer = ingest.Answer{Accepted: 1}
	f := func(status int, headers ...string) {
		t.Helper()
		g.sink.body = nil
		var change []request
		for i := 0; i < len(headers); i += 2 {
			change = append(change, header(headers[i], headers[i+1]))
		}
		r := g.do(t, http.MethodPost, "/api/logs", []byte(`{"message":"x"}`), change...)
		if r.status != status || (status == http.StatusOK) != (g.sink.body != nil) {
			t.Errorf("%v: got %d %s, kept %q, want %d", headers, r.status, r.body, g.sink.body, status)
		}
	}
	f(http.StatusOK)
	f(http.StatusOK, "Origin", "http://127.0.0.1:8420")
	f(http.StatusOK, "Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8420")
	f(http.StatusOK, "Sec-Fetch-Site", "none")
	f(http.StatusForbidden, "Origin", "https://evil.example")
	f(http.StatusForbidden, "Origin", "null")
	f(http.StatusForbidden, "Origin", "http://127.0.0.1:3000")
	f(http.StatusForbidden, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	f(http.StatusForbidden, "Sec-Fetch-Site", "cross-site")
	f(http.StatusForbidden, "Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:3000")
	for _, path := range []string{"/events/", "/graphite/events", "/render", "/events/get_data"} {
		g.do(t, http.MethodPost, path, []byte(`{}`), header("Sec-Fetch-Site", "cross-site")).want(t, http.StatusForbidden, "another site")
	}
}

func TestOnlyJSONChangesAnything(t *testing.T) {
	g := newRig(t, nil)
	g.sink.answer = ingest.Answer{Accepted: 1}
	f := func(path, contentType string, status int) {
		t.Helper()
		r := g.do(t, http.MethodPost, path, []byte(`{"what":"x"}`), header("Content-Type", contentType))
		if r.status != status {
			t.Errorf("%s as %q: got %d %s, want %d", path, contentType, r.status, r.body, status)
		}
	}
	for _, path := range []string{"/api/logs", "/events/", "/events"} {
		f(path, "application/json", http.StatusOK)
		f(path, "application/json; charset=utf-8", http.StatusOK)
		f(path, "application/x-ndjson", http.StatusOK)
		f(path, "text/plain", http.StatusUnsupportedMediaType)
		f(path, "application/x-www-form-urlencoded", http.StatusUnsupportedMediaType)
		f(path, "multipart/form-data; boundary=x", http.StatusUnsupportedMediaType)
		f(path, "", http.StatusUnsupportedMediaType)
		f(path, "nonsense;;", http.StatusUnsupportedMediaType)
	}
	f("/events/get_data", "application/x-www-form-urlencoded", http.StatusOK)
	f("/events/get_data", "text/plain", http.StatusUnsupportedMediaType)
}

func TestTokensOpenTheirScopes(t *testing.T) {
	g := newRig(t, func(o *Options) { o.RequireToken, o.Tokens = true, fakeTokens{} })
	g.sink.answer = ingest.Answer{Accepted: 1}
	f := func(method, path, secret string, status int) {
		t.Helper()
		var body []byte
		if method == http.MethodPost {
			body = []byte(`{"what":"x"}`)
		}
		var change []request
		if secret != "" {
			change = append(change, header("Authorization", "Bearer "+secret))
		}
		r := g.do(t, method, path, body, change...)
		if r.status != status {
			t.Errorf("%s %s as %q: got %d %s, want %d", method, path, secret, r.status, r.body, status)
		}
		if (r.status == http.StatusUnauthorized) != (r.header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s %s as %q: WWW-Authenticate %q", method, path, secret, r.header.Get("WWW-Authenticate"))
		}
	}
	reads := []string{"/api/info", "/api/components", "/api/hosts", "/events/get_data", "/metrics"}
	for _, path := range reads {
		f(http.MethodGet, path, "", http.StatusUnauthorized)
		f(http.MethodGet, path, "wrong", http.StatusUnauthorized)
		f(http.MethodGet, path, "writer", http.StatusForbidden)
		f(http.MethodGet, path, "reader", http.StatusOK)
		f(http.MethodGet, path, "admin", http.StatusOK)
		f(http.MethodGet, path+"?token=reader", "", http.StatusUnauthorized)
	}
	for _, path := range []string{"/api/logs", "/events/"} {
		f(http.MethodPost, path, "", http.StatusUnauthorized)
		f(http.MethodPost, path, "reader", http.StatusForbidden)
		f(http.MethodPost, path, "writer", http.StatusOK)
		f(http.MethodPost, path, "admin", http.StatusOK)
	}
	f(http.MethodGet, "/api/tap", "reader", http.StatusForbidden)
	f(http.MethodGet, "/api/tap", "admin", http.StatusOK)
	f(http.MethodGet, "/api/info", "broken", http.StatusInternalServerError)
	for _, path := range []string{"/-/signin", "/-/ready", "/api/openapi.json", "/ui/assets/app-1a.js"} {
		f(http.MethodGet, path, "", http.StatusOK)
	}
}

func TestTheWayATokenIsSent(t *testing.T) {
	g := newRig(t, func(o *Options) { o.RequireToken, o.Tokens = true, fakeTokens{} })
	g.get(t, "/api/info", header("Authorization", "bearer reader")).want(t, http.StatusOK, "")
	g.get(t, "/api/info", header("Authorization", "Basic reader")).want(t, http.StatusUnauthorized, "Bearer")
	g.get(t, "/api/info", header("Authorization", "reader")).want(t, http.StatusUnauthorized, "patou token create")
	if r := g.get(t, "/api/info", header("Authorization", "Bearer hunter2")); strings.Contains(r.body, "hunter2") {
		t.Errorf("the answer repeats the secret: %s", r.body)
	}
}

func TestLoopbackNeedsNoToken(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Tokens = fakeTokens{} })
	g.get(t, "/api/info").want(t, http.StatusOK, "")
	g.get(t, "/api/info", header("Authorization", "Bearer wrong")).want(t, http.StatusOK, "")
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	g := newRig(t, nil)
	for _, path := range []string{"/", "/ui/", "/ui/assets/app-1a.js", "/api/info", "/nowhere", "/events/get_data?from=x"} {
		h := g.get(t, path).header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Cache-Control") == "" {
			t.Errorf("%s: %v", path, h)
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by other sites", path)
		}
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	g := newRig(t, nil)
	g.get(t, "/api/info", host("evil.example"))
	g.do(t, http.MethodPost, "/api/logs", []byte("x"), header("Content-Type", "text/plain"))
	for _, name := range []string{"http.refused.host", "http.refused.content_type", "http.status.4xx"} {
		if g.options.Telemetry.Counter(name).Value() == 0 {
			t.Errorf("%s was not counted", name)
		}
	}
}
