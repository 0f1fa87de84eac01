package ship

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"encoding/pem"
)

func transport(t *testing.T, o HTTPOptions) *HTTP {
	t.Helper()
	h, err := NewHTTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func TestAChunkIsPosted(t *testing.T) {
	var got *http.Request
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
		fmt.Fprint(w, `{"sequence":7,"entries":1,"samples":2,"rejected":[{"line":1,"reason":"old"}],"time":"2026-11-21T00:00:00Z","node":"web-1","want_report":true}`)
	}))
	defer s.Close()
	h := transport(t, HTTPOptions{Server: s.URL + "/patou/", Token: "secret", Agent: "patou-agent/1"})
	a, err := h.Send(t.Context(), []byte("chunk"), time.Unix(0, 1234))
	if err != nil {
		t.Fatal(err)
	}
	if a.Sequence != 7 || a.Node != "web-1" || !a.WantReport || len(a.Rejected) != 1 {
		t.Errorf("answer %+v", a)
	}
	if got.URL.Path != "/patou/api/agent/chunks" || body != "chunk" || got.Header.Get("Patou-Sent") != "1234" ||
		got.Header.Get("Authorization") != "Bearer secret" || got.Header.Get("Content-Type") != "application/x-patou-chunk" {
		t.Errorf("request %s %q %v", got.URL, body, got.Header)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	for _, c := range []struct {
		status     int
		header     [2]string
		body, want string
		after      time.Duration
	}{
		{400, [2]string{}, `{"error":"chunk cannot be read"}`, "400: chunk cannot be read", 0},
		{429, [2]string{"Retry-After", "3"}, `{"error":"busy"}`, "429: busy", 3 * time.Second},
		{503, [2]string{"Retry-After", "soon"}, `<html>`, "503 Service Unavailable", 0},
		{404, [2]string{}, `not here`, "is it Patou, and new enough?", 0},
		{302, [2]string{"Location", "https://evil.example.org/"}, ``, "sends us to https://evil.example.org/, which is not followed", 0},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.header[0] != "" {
				w.Header().Set(c.header[0], c.header[1])
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		_, err := transport(t, HTTPOptions{Server: s.URL, Token: "secret"}).Send(t.Context(), nil, time.Now())
		s.Close()
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(err.Error(), c.want) || r.After != c.after {
			t.Errorf("%d: got %v, want %s", c.status, err, c.want)
		}
	}
}

func TestARedirectDoesNotTakeTheTokenElsewhere(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	if _, err := transport(t, HTTPOptions{Server: s.URL, Token: "secret"}).Send(t.Context(), []byte("x"), time.Now()); err == nil {
		t.Error("the redirect was taken for an answer")
	}
	if asked {
		t.Error("the other host was asked")
	}
}

func TestAnAnswerThatIsNotPatousIsAnError(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") }))
	defer s.Close()
	if _, err := transport(t, HTTPOptions{Server: s.URL}).Send(t.Context(), nil, time.Now()); err == nil || !strings.Contains(err.Error(), "not Patou's") {
		t.Errorf("got %v", err)
	}
}

func TestCertificatesCanBeTrusted(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"sequence":1}`) }))
	defer s.Close()
	s.Config.ErrorLog = nil
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if _, err := transport(t, HTTPOptions{Server: s.URL, CA: ca}).Send(t.Context(), nil, time.Now()); err != nil {
		t.Error(err)
	}
	if _, err := transport(t, HTTPOptions{Server: s.URL}).Send(t.Context(), nil, time.Now()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody signed: %v", err)
	}
	if _, err := NewHTTP(HTTPOptions{Server: s.URL, CA: []byte("none")}); err == nil {
		t.Error("a file without certificates was taken")
	}
}

func TestAddressesAreCheckedAndShowNoSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"patou.example.org:8420":             "write it as in",
		"ftp://example.org":                  "write it as in",
		"http://user:secret@example.org":     "--token-file",
		"http://example.org/?token=secret":   "--token-file",
		"://user:secret@example.org:\x00bad": "write it as in",
	} {
		_, err := NewHTTP(HTTPOptions{Server: address})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}
