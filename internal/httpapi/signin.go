package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"patou/internal/token"
)

// A browser cannot put a token into each request by itself: streams and links
// carry no header. So the page's reader signs in with a token once, and the
// browser keeps it in a cookie that scripts cannot read and other sites cannot
// make it send. The session ends when the token is revoked.

// sessionCookie is the cookie's name; its value is the token's secret.
const sessionCookie = "patou_session"

// sessionTime is how long a browser keeps it.
const sessionTime = 30 * 24 * time.Hour

// routeSignIn registers the way into the page where a token is needed.
func (s *server) routeSignIn() {
	s.handle("GET /-/signin", access{}, func(w http.ResponseWriter, r *http.Request) error {
		return writeSignIn(w, http.StatusOK, r.URL.Query().Get("next"), "")
	})
	s.handle("POST /-/signin", access{form: true}, s.signIn)
	s.handle("POST /-/signout", access{form: true}, func(w http.ResponseWriter, r *http.Request) error {
		http.SetCookie(w, newCookie(r, "", -1))
		return redirect(w, "signin")
	})
}

// secretOf is the secret that a request carries: in its header, or in the
// browser's cookie.
func secretOf(r *http.Request) string {
	if kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(kind, "Bearer") {
		return strings.TrimSpace(secret)
	}
	if c, err := r.Cookie(sessionCookie); err == nil {
		return c.Value
	}
	return ""
}

func (s *server) signIn(w http.ResponseWriter, r *http.Request) error {
	form, err := s.postedForm(w, r)
	if err != nil {
		return err
	}
	secret, next := strings.TrimSpace(form.Get("token")), form.Get("next")
	probe := &http.Request{Header: http.Header{"Authorization": {"Bearer " + secret}}}
	if err := s.authorize(probe.WithContext(r.Context()), token.Read); err != nil {
		f := s.failureOf(err)
		return writeSignIn(w, f.Status, next, f.Text)
	}
	http.SetCookie(w, newCookie(r, secret, int(sessionTime/time.Second)))
	return redirect(w, "../ui/"+localPath(next))
}

// newCookie goes to this server alone, never from another site's page, and only
// over TLS where the browser came that way.
func newCookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

// localPath is a view of the page with its state, or the first view for what
// could lead elsewhere.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" || strings.HasPrefix(u.Path, "/") || strings.Contains(u.Path, "\\") ||
		path.Clean(u.Path) != u.Path || strings.HasPrefix(u.Path, "..") || strings.ContainsAny(next, "\r\n") {
		return "overview"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

// redirect leads to a relative place: a proxy may put a prefix before all.
func redirect(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// mustSignIn leads a reader without a good token to the sign-in, and reports
// that it did.
func (s *server) mustSignIn(w http.ResponseWriter, r *http.Request) bool {
	if s.authorize(r, token.Read) == nil {
		return false
	}
	view := strings.TrimPrefix(r.URL.Path, "/ui/")
	next := (&url.URL{Path: view, RawQuery: r.URL.RawQuery}).String()
	up := strings.Repeat("../", strings.Count(view, "/")+1)
	return redirect(w, up+"-/signin?next="+url.QueryEscape(next)) == nil
}

// writeSignIn answers with the form. It has its own policy: its style is in the
// page, and nothing else is loaded.
func writeSignIn(w http.ResponseWriter, status int, next, problem string) error {
	sum := sha256.Sum256([]byte(signInStyle))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'sha256-"+
		base64.StdEncoding.EncodeToString(sum[:])+"'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if problem != "" {
		problem = `<p role="alert">` + html.EscapeString(problem) + "</p>\n"
	}
	text := strings.NewReplacer("{style}", signInStyle, "{problem}", problem, "{next}", html.EscapeString(next)).Replace(signInForm)
	_, err := w.Write([]byte(text))
	return gone(err)
}

const signInStyle = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:26rem;margin:18vh auto;padding:0 1rem}
input,button{font:inherit;padding:.4rem .6rem;width:100%;box-sizing:border-box;margin-top:.5rem}
code{font-size:.9em}`

const signInForm = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Patou: sign in</title>
<style>{style}</style>
<h1>Patou</h1>
{problem}<form method="post">
<label for="token">A token with the scope <code>read</code></label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input name="next" type="hidden" value="{next}">
<button>Sign in</button>
</form>
<p>On the server, <code>patou token create NAME --scope read</code> makes one.</p>
</html>
`
