package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"patou/internal/herd"
	"patou/internal/why"
)

func TestWhyAnswersQuietlyWhereThereIsNothing(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Series = someSeries() })
	r := g.get(t, "/api/why?component=webapp&from=-5m")
	r.want(t, http.StatusOK, "Nothing stands out in these 5 min")
	var a why.Reasons
	if err := json.Unmarshal([]byte(r.body), &a); err != nil || !a.Quiet || a.Rows == nil || a.Suffers == nil {
		t.Errorf("%v: %s", err, r.body)
	}
}

func TestWhyRefusesWhatCannotBeAsked(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Series = someSeries() })
	f := func(query, want string) {
		t.Helper()
		g.get(t, "/api/why?"+query).want(t, http.StatusBadRequest, want)
	}
	f("from=-5m", "target: name what to explain")
	f("component=web&from=nonsense", "from: ")
	f("component=web&from=-1s", "at least 5s")
	f("component=web&from=-5m&base_from=-1h", "base_from: give both ends")
	f("component=web&from=-5m&base_from=x&base_until=-10m", "base_from: ")
	f("component=web&from=-5m&base_from=-1h&base_until=-1m", "base_until: the baseline must end")
	f("component=web&from=-5m&onset=x", "onset: ")
	f("target="+url.QueryEscape("scale(")+"&from=-5m", "target")
	g = newRig(t, nil)
	g.get(t, "/api/why?component=web").want(t, http.StatusServiceUnavailable, "without a store of series")
}

// twoHosts is a herd of two.
type twoHosts struct{ Herd }

func (twoHosts) Hosts() []herd.ListedHost {
	return []herd.ListedHost{{Name: "web-1.example.org", Node: "web-1", Group: "web"}, {Name: "db-1", Node: "db-1", Group: "db"}, {Name: "new"}}
}

func (twoHosts) Links() []herd.GroupLink { return []herd.GroupLink{{From: "web", To: "db"}} }

func TestWhyLearnsGroupsAndLinksFromTheHerd(t *testing.T) {
	kin := kinOf{twoHosts{}}.Kin()
	if kin.Groups["web-1"] != "web" || kin.Groups["web-1.example.org"] != "web" || len(kin.Hosts["db"]) != 1 || len(kin.Groups) != 3 {
		t.Errorf("%+v", kin)
	}
	if len(kin.Links) != 1 || kin.Links[0] != (why.Link{From: "web", To: "db"}) {
		t.Errorf("%+v", kin.Links)
	}
}
