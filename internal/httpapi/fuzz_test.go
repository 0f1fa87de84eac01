package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzBodies sends any body as any type to the routes that take one: whatever
// it is, it is answered with success or with a reason, and nothing is held.
func FuzzBodies(f *testing.F) {
	f.Add("application/json", "", []byte(`{"what":"deploy","tags":["a"],"when":1479650706}`))
	f.Add("application/json", "gzip", []byte("\x1f\x8b"))
	f.Add("application/x-ndjson", "zstd", []byte("\x28\xb5\x2f\xfd"))
	f.Add("multipart/form-data; boundary=b", "", []byte("--b\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\na\r\n--b--"))
	f.Add("application/x-www-form-urlencoded", "", []byte("target=scale(a,2)&from=-1h&template[x]=y"))
	f.Fuzz(func(t *testing.T, contentType, encoding string, body []byte) {
		g := newRig(t, withSeries)
		for _, path := range []string{"/events/", "/render", "/metrics/find", "/events/get_data", "/-/signin", "/api/logs"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(string(body)))
			r.Host = "localhost"
			r.Header["Content-Type"], r.Header["Content-Encoding"] = []string{contentType}, []string{encoding}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			if w.Code == http.StatusInternalServerError {
				t.Errorf("%s: %s", path, w.Body)
			}
		}
		if used := g.server().bodies.used.Load(); used != 0 {
			t.Errorf("%d bytes were not given back", used)
		}
	})
}
