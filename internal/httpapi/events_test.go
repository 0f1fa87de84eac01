package httpapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/event"
)

func TestEventsAreReadAsGraphitesClientsSendThem(t *testing.T) {
	at := now().UnixNano()
	f := func(body string, want event.Event) {
		t.Helper()
		g := newRig(t, nil)
		r := g.do(t, http.MethodPost, "/events/", []byte(body))
		if r.status != http.StatusOK || r.body != "" || len(g.events.added) != 1 {
			t.Fatalf("%s: got %d %s", body, r.status, r.body)
		}
		if diff := cmp.Diff(want, g.events.added[0]); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
	f(`{"what":"deploy","tags":["deploy","host:web01"],"when":1479650706,"data":"8.2.0"}`,
		event.Event{What: "deploy", Tags: []string{"deploy", "host:web01"}, Time: 1479650706e9, Data: "8.2.0"})
	f(`{"what":"deploy","tags":"deploy  web"}`, event.Event{What: "deploy", Tags: []string{"deploy", "web"}, Time: at})
	f(`{"what":"deploy","when":"1479650706"}`, event.Event{What: "deploy", Tags: []string{}, Time: 1479650706e9})
	f(`{"what":"deploy","when":1479650706.5,"data":null}`, event.Event{What: "deploy", Tags: []string{}, Time: 1479650706500000000})
	f(`{"what":"deploy","data":{"by":"kaya"}}`, event.Event{What: "deploy", Tags: []string{}, Time: at, Data: `{"by":"kaya"}`})
}

func TestBadEventsAreRefused(t *testing.T) {
	g := newRig(t, nil)
	f := func(body, text string) {
		t.Helper()
		g.do(t, http.MethodPost, "/events/", []byte(body)).want(t, http.StatusBadRequest, text)
	}
	f(``, "not an event")
	f(`[]`, "not an event")
	f(`{"tags":["x"]}`, "needs a name")
	f(`{"what":"x","when":"yesterday"}`, "when:")
	f(`{"what":"x","when":1e99}`, "when:")
	f(`{"what":"x","when":-1e99}`, "when:")
	f(`{"what":"x","tags":7}`, "tags:")
	if len(g.events.added) > 0 {
		t.Errorf("kept %v", g.events.added)
	}
}

func TestAnEventsKeyIsHandedOn(t *testing.T) {
	g := newRig(t, nil)
	g.do(t, http.MethodPost, "/graphite/events", []byte(`{"what":"x"}`), header("Idempotency-Key", "k7"))
	if diff := cmp.Diff([]string{"k7"}, g.events.keys); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAreFound(t *testing.T) {
	g := newRig(t, nil)
	g.events.added = []event.Event{
		{Time: now().UnixNano(), What: "deploy webapp 8.2.0", Tags: []string{"deploy", "component:webapp"}, Data: "by \"kaya\" <br>"},
		{Time: -1, What: "before 1970"},
	}
	golden(t, "events.json", pretty(t, g.get(t, "/events/get_data?from=-1h").body))
	golden(t, "event.json", pretty(t, g.get(t, "/events/1").body))
	g.get(t, "/events/3").want(t, http.StatusNotFound, "no such event")
	g.get(t, "/events/x").want(t, http.StatusNotFound, "number")
}

func TestQuestionsForEventsAreRead(t *testing.T) {
	ns := func(t time.Time) int64 { return t.UnixNano() }
	all := ns(now()) + 1
	f := func(query string, want event.Query) {
		t.Helper()
		g := newRig(t, nil)
		if r := g.get(t, "/events/get_data?"+query); r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", query, r.status, r.body)
		}
		if diff := cmp.Diff(want, g.events.query); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
		if r := g.do(t, http.MethodPost, "/graphite/events/get_data/", []byte(query), header("Content-Type", "application/x-www-form-urlencoded")); r.status != http.StatusOK {
			t.Fatalf("%s as a form: %d %s", query, r.status, r.body)
		}
		if diff := cmp.Diff(want, g.events.query); diff != "" {
			t.Errorf("%s as a form: %s", query, diff)
		}
	}
	f("", event.Query{Until: all})
	f("from=-1h&until=now", event.Query{From: ns(now().Add(-time.Hour)), Until: all})
	f("from=1479650706&until=1479650707", event.Query{From: 1479650706e9, Until: 1479650707e9 + 1})
	f("tags=deploy+web&tags=x", event.Query{Until: all, Tags: []string{"deploy", "web", "x"}})
	f("tags=a&set=union&limit=5", event.Query{Until: all, Tags: []string{"a"}, Any: true, Limit: 5})
	g := newRig(t, nil)
	for query, text := range map[string]string{"from=soon": "from:", "until=x": "until:", "set=xor": "set:", "limit=0": "limit:", "limit=x": "limit:", "%zz": "parameters"} {
		g.get(t, "/events/get_data?"+query).want(t, http.StatusBadRequest, text)
	}
}
