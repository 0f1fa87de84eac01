package httpapi

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestThePageIsServed(t *testing.T) {
	g := newRig(t, nil)
	f := func(path, contentType, cache, begin string) {
		t.Helper()
		r := g.get(t, path)
		if r.status != http.StatusOK || r.header.Get("Content-Type") != contentType || r.header.Get("Cache-Control") != cache || !strings.HasPrefix(r.body, begin) {
			t.Errorf("%s: %d %v %.80q", path, r.status, r.header, r.body)
		}
	}
	const html, immutable = "text/html; charset=utf-8", "public, max-age=31536000, immutable"
	f("/ui/", html, "no-cache", "<!doctype html>")
	f("/ui/explore?target=a&from=-1h", html, "no-cache", "<!doctype html>")
	f("/ui/logs/some/view", html, "no-cache", "<!doctype html>")
	f("/ui/index.html", html, "no-cache", "<!doctype html>")
	f("/ui/assets/app-1a.js", "text/javascript; charset=utf-8", immutable, "app();")
	f("/favicon.svg", "image/svg+xml", "no-cache", "<svg/>")
	f("/favicon.ico", "image/svg+xml", "no-cache", "<svg/>")
	g.get(t, "/ui/assets/gone-2b.js").want(t, http.StatusNotFound, "no file")
	g.get(t, "/ui/..%2f..%2fetc/passwd.txt").want(t, http.StatusNotFound, "no file")
}

func TestTheRootLeadsToThePage(t *testing.T) {
	r := newRig(t, nil).get(t, "/")
	if r.status != http.StatusFound || r.header.Get("Location") != "ui/overview" {
		t.Errorf("got %d to %q", r.status, r.header.Get("Location"))
	}
}

func TestAViewBelowAnotherFindsTheSameFiles(t *testing.T) {
	g := newRig(t, func(o *Options) {
		o.Page = fstest.MapFS{"index.html": {Data: []byte(`<!doctype html><script type="module" src="./assets/app-1a.js"></script>`)}}
	})
	for path, want := range map[string]string{
		"/ui/hosts": `="./assets/`, "/ui/hosts/": `="../assets/`, "/ui/hosts/web-1": `="../assets/`,
		"/ui/hosts/web-1.example.org": `="../assets/`, "/ui/hosts/a%2Fb": `="../assets/`, "/ui/logs/some/view": `="../../assets/`,
	} {
		g.get(t, path).want(t, http.StatusOK, want)
	}
}

func TestThePageIsSentPackedAndNotTwice(t *testing.T) {
	g := newRig(t, nil)
	r := g.get(t, "/ui/assets/app-1a.js", header("Accept-Encoding", "br, gzip;q=0.5"))
	if r.header.Get("Content-Encoding") != "gzip" || r.header.Get("Vary") != "Accept-Encoding" || len(r.body) > 500 {
		t.Fatalf("%v with %d bytes", r.header, len(r.body))
	}
	z, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != strings.Repeat("app();", 1000) {
		t.Errorf("unpacked to %d bytes, %v", len(b), err)
	}
	if r := g.get(t, "/ui/assets/app-1a.js", header("Accept-Encoding", "gzip; q=0")); r.header.Get("Content-Encoding") != "" {
		t.Error("sent packed to who does not take it")
	}
	again := g.get(t, "/ui/", header("If-None-Match", g.get(t, "/ui/").header.Get("ETag")))
	if again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("asked again: %d with %d bytes", again.status, len(again.body))
	}
}

func TestAPageThatWasNotBuiltSaysSo(t *testing.T) {
	for _, page := range []fstest.MapFS{nil, {}, {"placeholder.txt": {Data: []byte("x")}}} {
		g := newRig(t, func(o *Options) {
			o.Page = page
			if page == nil {
				o.Page = nil
			}
		})
		g.get(t, "/ui/explore").want(t, http.StatusOK, "Patou is running")
	}
}
