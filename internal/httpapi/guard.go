package httpapi

import (
	"errors"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"patou/internal/token"
)

// Deadlines of a connection while one request is served.
const (
	// readPause is how long a client may pause while it sends a body, and
	// writePause while it reads an answer.
	readPause  = 30 * time.Second
	writePause = 30 * time.Second
)

// setSecurityHeaders tells browsers to keep the page to itself: nothing is
// loaded from elsewhere, nobody frames it or reads its answers.
func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// hostRule knows the names that a request may be for. A page that makes its own
// name resolve to our address (DNS rebinding) would be of the same origin as the
// page that it attacks; but Host still says its name.
type hostRule struct {
	exact   map[string]bool
	suffixs []string // ".example.org" of "*.example.org"
}

func newHostRule(names []string) hostRule {
	r := hostRule{exact: map[string]bool{"localhost": true}}
	for _, name := range names {
		if suffix, ok := strings.CutPrefix(name, "*"); ok {
			r.suffixs = append(r.suffixs, strings.ToLower(suffix))
			continue
		}
		r.exact[strings.ToLower(name)] = true
	}
	return r
}

// check refuses a Host that is neither an IP address, which cannot be rebound,
// nor a known name.
func (h hostRule) check(host string) error {
	name := strings.ToLower(host)
	if n, _, err := net.SplitHostPort(name); err == nil {
		name = n
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if _, err := netip.ParseAddr(name); err == nil || h.exact[name] || strings.HasSuffix(name, ".localhost") {
		return nil
	}
	for _, suffix := range h.suffixs {
		if strings.HasSuffix(name, suffix) {
			return nil
		}
	}
	f := refuse(http.StatusForbidden, "this server does not answer to the name %.100q: if it is its name, write `hosts: [%.100s]` in the configuration", host, name)
	f.why = "refused.host"
	return f
}

// checkOrigin refuses what a page of another site sends to change something.
// Browsers say where a request comes from; other programs do not and are asked
// for a token instead where that matters.
func checkOrigin(r *http.Request) error {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		f := refuse(http.StatusForbidden, "a page of another site (%.200s) may not send to this server", r.Header.Get("Origin"))
		f.why = "refused.cross_site"
		return f
	}
	return nil
}

// checkContentType takes JSON alone from what may change something: a form, or
// a text, is what any page can make a browser send without asking first.
func checkContentType(r *http.Request, a access) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodDelete && r.ContentLength == 0 {
		return nil
	}
	given := r.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	form := a.form
	switch {
	case a.body != "":
		if isKind(given, a.body) {
			return nil
		}
	case err == nil && isJSON(kind):
		return nil
	case form && (kind == "application/x-www-form-urlencoded" || kind == "multipart/form-data"):
		return nil
	case form && given == "" && r.ContentLength == 0:
		return nil
	}
	want := "application/json or application/x-ndjson"
	if form {
		want = "application/x-www-form-urlencoded or application/json"
	}
	if a.body != "" {
		want = a.body
	}
	f := refuse(http.StatusUnsupportedMediaType, "a body of Content-Type %.100q is not taken here: send %s", given, want)
	f.why = "refused.content_type"
	return f
}

func isJSON(kind string) bool {
	switch kind {
	case "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines":
		return true
	}
	return false
}

// authorize finds out whether the request may use a scope. The reasons for
// refusing do not tell whether a secret was nearly right.
func (s *server) authorize(r *http.Request, scope token.Scope) error {
	if scope == "" || !s.RequireToken {
		return nil
	}
	secret := secretOf(r)
	if secret == "" || s.Tokens == nil {
		return &failure{Status: http.StatusUnauthorized, why: "refused.no_token",
			Text: "this needs a token: send it as `Authorization: Bearer patou_...`; `patou token create` makes one"}
	}
	t, err := s.Tokens.VerifyToken(r.Context(), secret)
	if err != nil {
		return unknownToken(err)
	}
	if !t.May(scope) {
		f := refuse(http.StatusForbidden, "the token %q does not have the scope %q, which this needs", t.Name, scope)
		f.why = "refused.scope"
		return f
	}
	return nil
}

func unknownToken(err error) error {
	if !errors.Is(err, token.ErrUnknown) {
		return err
	}
	return &failure{Status: http.StatusUnauthorized, why: "refused.unknown_token",
		Text: "the token is not known here: it was revoked, or is of another server"}
}

// setDeadlines bounds how long a connection may stand still. They are set for
// each request anew, as a connection keeps those of the request before.
func (s *server) setDeadlines(w http.ResponseWriter, a access) {
	c, now := http.NewResponseController(w), s.Clock.Now()
	write := now.Add(s.QueryTime + 2*writePause)
	if a.stream {
		write = time.Time{} // each write of a stream sets its own
	}
	// Connections that know no deadlines, as in tests, say so; that is fine.
	_ = c.SetReadDeadline(now.Add(readPause))
	_ = c.SetWriteDeadline(write)
}
