package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"patou/internal/chunk"
	"patou/internal/event"
	"patou/internal/herd"
	"patou/internal/ingest"
	"patou/internal/ingest/agent"
)

// fakeAgents takes chunks.
type fakeAgents struct {
	busy bool
	err  error
	sent time.Time
	body []byte
}

func (f *fakeAgents) Busy() bool { return f.busy }

func (f *fakeAgents) Accept(_ context.Context, _ string, sent time.Time, body []byte) (agent.Answer, error) {
	f.sent, f.body = sent, bytes.Clone(body)
	return agent.Answer{Sequence: 7, Node: "web-1", Rejected: []agent.Refusal{}}, f.err
}

// fakeHerd has one host, git-2, which is lost.
type fakeHerd struct {
	asked int
	at    time.Time
	group string
}

func (f *fakeHerd) Overview() *herd.Overview {
	f.asked++
	return &herd.Overview{Now: now(), At: now(), Answer: herd.Verdict{State: herd.Fine, Lead: fmt.Sprint("asked ", f.asked)}, Groups: []herd.Group{}, Events: []herd.RecentEvent{}}
}

func (f *fakeHerd) OverviewAt(_ context.Context, at time.Time) (*herd.Overview, error) {
	f.at = at
	return &herd.Overview{At: at, Replay: true}, nil
}

func (f *fakeHerd) Day(_ context.Context, until time.Time) (*herd.Day, error) {
	f.at = until
	return &herd.Day{From: until.Add(-24 * time.Hour), Until: until, States: []herd.Health{herd.Fine}, Marks: []herd.DayMark{}}, nil
}

func (f *fakeHerd) Hosts() []herd.ListedHost {
	return []herd.ListedHost{{ID: "1f", Name: "git-2", State: herd.Lost, Last: now()}}
}
func (f *fakeHerd) Links() []herd.GroupLink {
	return []herd.GroupLink{{From: "web", To: "db", Port: 5432}}
}

func (f *fakeHerd) Host(_ context.Context, id string, at time.Time) (*herd.HostDetails, error) {
	if f.at = at; id != "git-2" {
		return nil, herd.ErrUnknown
	}
	return &herd.HostDetails{ID: "1f", Name: id}, nil
}

func (f *fakeHerd) SetGroup(id, group string) error {
	if f.group = group; group == "a/b" {
		return herd.ErrGroupName
	}
	return nil
}

func (f *fakeHerd) Forget(id string) error {
	if id == "git-2" {
		return nil
	}
	return herd.ErrPresent
}

func withHerd(t *testing.T, change func(*Options)) (*rig, *fakeHerd, *fakeAgents) {
	h, a := &fakeHerd{}, &fakeAgents{}
	return newRig(t, func(o *Options) {
		o.Herd, o.Agents = h, a
		if change != nil {
			change(o)
		}
	}), h, a
}

func TestChunksReachTheirReceiver(t *testing.T) {
	g, _, a := withHerd(t, nil)
	typed := header("Content-Type", chunk.ContentType)
	post := func(status int, text string, change ...request) {
		t.Helper()
		g.do(t, http.MethodPost, "/api/agent/chunks", []byte("bytes"), change...).want(t, status, text)
	}
	post(http.StatusOK, `"node":"web-1"`, typed, header("Patou-Sent", "1795183506123456789"))
	if string(a.body) != "bytes" || a.sent.UnixNano() != 1795183506123456789 {
		t.Errorf("it got %q of %s", a.body, a.sent)
	}
	post(http.StatusOK, "web-1", typed)
	if !a.sent.IsZero() {
		t.Errorf("sent at %s", a.sent)
	}
	post(http.StatusUnsupportedMediaType, chunk.ContentType)
	post(http.StatusBadRequest, "Patou-Sent", typed, header("Patou-Sent", "noon"))
	a.err = fmt.Errorf("%w: its head is cut off", chunk.ErrCorrupt)
	post(http.StatusBadRequest, "head is cut off", typed)
	a.err = ingest.ErrUnavailable
	post(http.StatusServiceUnavailable, "try again", typed)
	a.err, a.busy = nil, true
	a.body = nil
	if r := g.do(t, http.MethodPost, "/api/agent/chunks", []byte("bytes"), typed); r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" || a.body != nil {
		t.Errorf("while busy: %d %v", r.status, r.header)
	}
	a.busy = false
	if r := g.do(t, http.MethodPost, "/api/agent/chunks", make([]byte, maxChunkBody+1), typed); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %d", r.status)
	}
}

func TestTheHerdAsksForTheRightScope(t *testing.T) {
	g, _, _ := withHerd(t, func(o *Options) { o.RequireToken, o.Tokens = true, fakeTokens{} })
	f := func(method, path, body, secret string, status int) {
		t.Helper()
		kind := "application/json"
		if strings.HasSuffix(path, "chunks") {
			kind = chunk.ContentType
		}
		r := g.do(t, method, path, []byte(body), header("Content-Type", kind), header("Authorization", "Bearer "+secret))
		if r.status != status {
			t.Errorf("%s %s by %s: %d, want %d: %s", method, path, secret, r.status, status, r.body)
		}
	}
	f(http.MethodPost, "/api/agent/chunks", "x", "writer", http.StatusOK)
	f(http.MethodPost, "/api/agent/chunks", "x", "reader", http.StatusForbidden)
	f(http.MethodPost, "/api/agent/chunks", "x", "nobody", http.StatusUnauthorized)
	for _, path := range []string{"/api/overview", "/api/overview/day", "/api/hosts", "/api/hosts/git-2", "/api/links"} {
		f(http.MethodGet, path, "", "reader", http.StatusOK)
		f(http.MethodGet, path, "", "writer", http.StatusForbidden)
	}
	f(http.MethodPost, "/api/hosts/git-2/group", `{"group":"x"}`, "reader", http.StatusForbidden)
	f(http.MethodPost, "/api/hosts/git-2/group", `{"group":"x"}`, "admin", http.StatusOK)
	f(http.MethodDelete, "/api/hosts/git-2", "", "reader", http.StatusForbidden)
	f(http.MethodDelete, "/api/hosts/git-2", "", "admin", http.StatusOK)
}

func TestTheOverviewIsMadeOnceASecond(t *testing.T) {
	g, h, _ := withHerd(t, nil)
	for range 5 {
		g.get(t, "/api/overview").want(t, http.StatusOK, "asked 1")
	}
	r := g.get(t, "/api/overview", header("Accept-Encoding", "gzip"))
	z, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil || r.header.Get("Content-Encoding") != "gzip" {
		t.Fatal(err, r.header)
	}
	if text, err := io.ReadAll(z); err != nil || !bytes.Contains(text, []byte("asked 1")) {
		t.Errorf("%v %s", err, text)
	}
	g.clock.Advance(time.Second)
	g.get(t, "/api/overview").want(t, http.StatusOK, "asked 2")
	g.do(t, http.MethodPost, "/api/hosts/git-2/group", []byte(`{"group":"shop"}`)).want(t, http.StatusOK, "done")
	g.get(t, "/api/overview").want(t, http.StatusOK, "asked 3")
	if h.group != "shop" {
		t.Errorf("the group is %q", h.group)
	}
}

func TestThePastOfTheHerdIsAskedFor(t *testing.T) {
	g, h, _ := withHerd(t, nil)
	for _, path := range []string{"/api/overview?at=", "/api/overview/day?until=", "/api/hosts/git-2?at="} {
		g.get(t, path+"-1h").want(t, http.StatusOK, "")
		if want := now().Add(-time.Hour); !h.at.Equal(want) {
			t.Errorf("%s asks of %s", path, h.at)
		}
		g.get(t, path+"soon").want(t, http.StatusBadRequest, "soon")
	}
	g.get(t, "/api/overview?at=-1h").want(t, http.StatusOK, `"replay":true`)
}

func TestEventsAreShownBesideTheHerd(t *testing.T) {
	g, _, _ := withHerd(t, nil)
	g.events.added = []event.Event{
		{Time: now().Add(-time.Minute).UnixNano(), What: "web-1 is lost", Tags: []string{"herd", "lost", "host:web-1"}},
		{Time: now().UnixNano(), What: "deploy", Tags: []string{"component:git", "deploy"}, Data: "4.18.2"},
	}
	body := g.get(t, "/api/overview").body
	for _, want := range []string{`"kind":"lost","what":"web-1 is lost","data":"","host":"web-1"`, `"kind":"deploy","what":"deploy","data":"4.18.2","host":"","component":"git"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
	if strings.Index(body, `"kind":"deploy"`) > strings.Index(body, `"kind":"lost"`) {
		t.Errorf("the newest is not first: %s", body)
	}
	g.get(t, "/api/overview/day").want(t, http.StatusOK, `"kind":"lost"`)
}

func TestWhatTheHerdRefusesIsSaid(t *testing.T) {
	g, _, _ := withHerd(t, nil)
	g.get(t, "/api/hosts/nobody").want(t, http.StatusNotFound, "nobody")
	g.get(t, "/api/hosts/web01").want(t, http.StatusOK, `"word":"no agent"`) // of whom there are entries
	g.do(t, http.MethodPost, "/api/hosts/git-2/group", []byte(`{"group":"a/b"}`)).want(t, http.StatusBadRequest, "group")
	g.do(t, http.MethodDelete, "/api/hosts/web-1", nil).want(t, http.StatusConflict, "stop its agent")
	body := g.get(t, "/api/hosts").body
	if !strings.Contains(body, `"git-2"`) || !strings.Contains(body, `"web01"`) {
		t.Errorf("hosts: %s", body)
	}
	without := newRig(t, nil)
	for _, path := range []string{"/api/overview", "/api/overview/day", "/api/hosts/x", "/api/links"} {
		without.get(t, path).want(t, http.StatusServiceUnavailable, "runs without")
	}
	without.do(t, http.MethodPost, "/api/agent/chunks", []byte("x"), header("Content-Type", chunk.ContentType)).want(t, http.StatusServiceUnavailable, "runs without")
}
