package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func locked(o *Options) { o.RequireToken, o.Tokens = true, fakeTokens{} }

func cookie(secret string) request { return header("Cookie", sessionCookie+"="+secret) }

func (g *rig) signIn(t *testing.T, secret, next string, change ...request) reply {
	t.Helper()
	form := url.Values{"token": {secret}, "next": {next}}.Encode()
	return g.do(t, http.MethodPost, "/-/signin", []byte(form), append([]request{header("Content-Type", "application/x-www-form-urlencoded")}, change...)...)
}

func TestThePageAsksForATokenWhereOneIsNeeded(t *testing.T) {
	g := newRig(t, locked)
	f := func(path, want string, change ...request) {
		t.Helper()
		r := g.get(t, path, change...)
		if r.header.Get("Location") != want || (want != "") != (r.status == http.StatusSeeOther) {
			t.Errorf("%s: %d to %q, want %q", path, r.status, r.header.Get("Location"), want)
		}
	}
	f("/ui/explore?target=a.b&from=-1h", "../-/signin?next=explore%3Ftarget%3Da.b%26from%3D-1h")
	f("/ui/", "../-/signin?next=")
	f("/ui/index.html", "../-/signin?next=index.html")
	f("/ui/a/b", "../../-/signin?next=a%2Fb")
	f("/ui/explore", "../-/signin?next=explore", cookie("writer"))
	f("/ui/explore", "", cookie("reader"))
	f("/ui/assets/app-1a.js", "")
	f("/-/signin?next=explore", "")
}

func TestSigningInSetsACookieThatOpensTheAPI(t *testing.T) {
	g := newRig(t, locked)
	r := g.signIn(t, " reader ", "explore?target=a")
	c := r.header.Get("Set-Cookie")
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "../ui/explore?target=a" {
		t.Errorf("got %d to %q", r.status, r.header.Get("Location"))
	}
	for _, want := range []string{"patou_session=reader;", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"} {
		if !strings.Contains(c, want) {
			t.Errorf("%q is missing in %q", want, c)
		}
	}
	if strings.Contains(c, "Secure") || !strings.Contains(g.signIn(t, "reader", "", header("X-Forwarded-Proto", "https")).header.Get("Set-Cookie"), "Secure") {
		t.Error("Secure does not follow the connection")
	}
	g.get(t, "/api/info", cookie("reader")).want(t, http.StatusOK, "version")
	g.get(t, "/api/info", cookie("revoked")).want(t, http.StatusUnauthorized, "not known")
	g.do(t, http.MethodPost, "/api/logs", []byte("{}"), cookie("admin"), header("Origin", "https://evil.example")).want(t, http.StatusForbidden, "another site")
}

func TestABadTokenIsToldOnTheForm(t *testing.T) {
	g := newRig(t, locked)
	for secret, want := range map[string]string{"": "needs a token", "wrong": "not known here", "writer": "does not have the scope"} {
		r := g.signIn(t, secret, `x"><script>`)
		if r.header.Get("Set-Cookie") != "" || r.status < 400 || !strings.Contains(r.body, want) || strings.Contains(r.body, "<script>") {
			t.Errorf("%q: %d %v %s", secret, r.status, r.header, r.body)
		}
	}
	if r := g.signIn(t, "reader", "", header("Sec-Fetch-Site", "cross-site")); r.status != http.StatusForbidden {
		t.Errorf("another site signs in: %d", r.status)
	}
}

func TestTheWayBackLeadsNowhereElse(t *testing.T) {
	for next, want := range map[string]string{
		"explore?a=b&c": "explore?a=b&c", "logs/x": "logs/x", "": "overview", "//evil.example": "overview", "https://evil.example": "overview", "/etc": "overview",
		"../api": "overview", "..": "overview", "a/../../b": "overview", `\\evil`: "overview", "a\r\nb": "overview", "javascript:x": "overview",
	} {
		if got := localPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestSigningOutForgetsTheCookie(t *testing.T) {
	r := newRig(t, locked).do(t, http.MethodPost, "/-/signout", nil, header("Content-Type", "application/x-www-form-urlencoded"), cookie("reader"))
	if c := r.header.Get("Set-Cookie"); r.status != http.StatusSeeOther || !strings.Contains(c, "patou_session=;") || !strings.Contains(c, "Max-Age=0") {
		t.Errorf("%d %q", r.status, c)
	}
}
