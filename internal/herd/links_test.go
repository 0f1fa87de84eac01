package herd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/host"
)

// at gives a report the host's address.
func at(r *host.Report, address string) *host.Report {
	r.Facts = &host.Facts{Addresses: []string{address}}
	return r
}

func calling(group, remote string, port, sockets int) host.Connection {
	return host.Connection{Group: group, Remote: remote, Port: port, Sockets: sockets, RTT: 0.5, Segments: 1000, Retransmits: 10, Sent: 3000, Received: 6000}
}

func called(group, remote string, port, sockets int) host.Connection {
	c := calling(group, remote, port, sockets)
	c.Inbound = true
	return c
}

// town is an edge that calls two web hosts, which call a database; an
// outsider calls the edge, and a web host an outsider.
func town(t *testing.T) *story {
	s := begin(t)
	edge, one, two, db := at(serving("haproxy.service:443"), "10.0.0.1"), at(serving("nginx.service:80"), "10.0.0.2"), at(serving("nginx.service:80"), "10.0.0.3"), at(serving("postgresql.service:5432"), "10.0.0.4")
	for range 2 { // the first time nobody knows whose the addresses are
		edge.Connections = []host.Connection{calling("haproxy.service", "10.0.0.2", 80, 3), calling("haproxy.service", "::ffff:10.0.0.3", 80, 4), called("haproxy.service", "192.0.2.1", 443, 9), called("haproxy.service", "192.0.2.2", 443, 1)}
		one.Connections = []host.Connection{called("nginx.service", "10.0.0.1", 80, 3), calling("nginx.service", "10.0.0.4", 5432, 2), calling("nginx.service", "203.0.113.5", 443, 1)}
		two.Connections = []host.Connection{calling("nginx.service", "10.0.0.4", 5432, 2), calling("nginx.service", "127.0.0.1", 9000, 2)}
		db.Connections = []host.Connection{called("postgresql.service", "10.0.0.2", 5432, 2), called("postgresql.service", "10.0.0.3", 5432, 2)}
		s.say(machine("edge-1", 1), edge)
		s.say(machine("web-1", 1), one)
		s.say(machine("web-2", 1), two)
		s.say(machine("db-1", 1), db)
		s.pass(30*time.Second, machine("edge-1", 1), machine("web-1", 1), machine("web-2", 1), machine("db-1", 1))
	}
	return s
}

func TestLinksOfBothEndsAreOne(t *testing.T) {
	s := town(t)
	var got []string
	for _, l := range s.Links() {
		got = append(got, fmt.Sprintf("%s>%s:%d %s sockets=%d confirmed=%t rtt=%g lost=%g sent=%.0f", l.From, l.To, l.Port, l.Address, l.Sockets, l.Confirmed, l.RTT, l.RetransmitPercent, l.Sent))
	}
	want := []string{
		"edge>web:80  sockets=7 confirmed=true rtt=0.5 lost=1 sent=200",
		"external>edge:443  sockets=10 confirmed=false rtt=0.5 lost=1 sent=400",
		"web>db:5432  sockets=4 confirmed=true rtt=0.5 lost=1 sent=200",
		"web>external:443 203.0.113.5 sockets=1 confirmed=false rtt=0.5 lost=1 sent=100",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestGroupsStandInTheOrderOfTheirCalls(t *testing.T) {
	s := town(t)
	var names []string
	o := s.Overview()
	for _, g := range o.Groups {
		names = append(names, g.Name)
	}
	if !slices.Equal(names, []string{"edge", "web", "db"}) || !slices.Equal(o.Groups[1].Calls, []string{"db"}) || !slices.Equal(o.Groups[1].CalledBy, []string{"edge"}) {
		t.Errorf("%q, %+v", names, o.Groups[1])
	}
	if g := o.Groups[1]; g.What != "nginx" || !strings.Contains(g.Why, "nginx.service is enabled and listens at 80") {
		t.Errorf("what: %q, why: %q", g.What, g.Why)
	}
}

func TestAHostShowsWhomItTalksTo(t *testing.T) {
	s := town(t)
	d, err := s.Host(t.Context(), "web-1", time.Time{})
	if err != nil || len(d.Links) != 3 {
		t.Fatalf("%v %+v", err, d.Links)
	}
	db, out, edge := d.Links[0], d.Links[1], d.Links[2]
	if db.Direction != "to" || db.Peer != "db" || !slices.Equal(db.PeerHosts, []string{"db-1"}) || !db.Confirmed || db.Address != "10.0.0.4" {
		t.Errorf("%+v", db)
	}
	if out.Peer != external || out.Address != "203.0.113.5" || out.Confirmed || len(out.PeerHosts) != 0 {
		t.Errorf("%+v", out)
	}
	if edge.Direction != "from" || edge.Peer != "edge" || edge.Port != 80 {
		t.Errorf("%+v", edge)
	}
}

func TestLinksFadeAndAreRemembered(t *testing.T) {
	s := town(t)
	s.save()
	s = s.restart()
	if n := len(s.Links()); n != 4 {
		t.Errorf("after a start there are %d links", n)
	}
	s.clock.Advance(2 * time.Hour)
	s.mu.Lock()
	s.graph.stale = true
	s.mu.Unlock()
	if n := len(s.Links()); n != 0 {
		t.Errorf("after two hours %d links are shown", n)
	}
}

func TestLinksAreSeriesOfTheirHost(t *testing.T) {
	s := town(t)
	k := s.say(machine("web-1", 1), nil)
	c := s.contact(machine("web-1", 1))
	samples := s.Derive(k.ID, c, &host.Report{Connections: []host.Connection{calling("nginx.service", "10.0.0.4", 5432, 2), called("nginx.service", "198.51.100.1", 80, 1), calling("x", "203.0.113.5", 443, 1)}})
	got := map[string]float64{}
	for _, m := range samples {
		got[m.Name] = m.Value
	}
	for name, want := range map[string]float64{
		"link.db_5432.rtt": 0.5, "link.db_5432.sockets": 2, "link.db_5432.retransmit_percent": 1, "link.external_80.sockets": 1, "link.203_0_113_5_443.sockets": 1, "clock.skew": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %g, %t; want %g", name, v, ok, want)
		}
	}
}

func TestAnAddressThatSeveralHaveIsNobodys(t *testing.T) {
	s := begin(t)
	for _, name := range []string{"web-1", "web-2"} {
		r := at(serving("nginx.service:80"), "172.17.0.1")
		r.Connections = []host.Connection{calling("nginx.service", "172.17.0.9", 80, 1)}
		s.say(machine(name, 1), r)
	}
	s.mu.Lock()
	e := s.newEnds()
	got := e.find(&member{}, linkKey{Remote: "172.17.0.1", Port: 80})
	s.mu.Unlock()
	if got != nil {
		t.Errorf("it is %s", got.Name)
	}
}

func TestOrder(t *testing.T) {
	f := func(want string, calls ...string) {
		t.Helper()
		graph, seen := map[string]map[string]bool{}, map[string]bool{}
		for _, c := range calls {
			from, to, ok := strings.Cut(c, ">")
			seen[from] = true
			if !ok {
				continue
			}
			seen[to] = true
			if graph[from] == nil {
				graph[from] = map[string]bool{}
			}
			graph[from][to] = true
		}
		if got := strings.Join(order(sorted(seen), graph, role), " "); got != want {
			t.Errorf("%q gives %q, want %q", calls, got, want)
		}
	}
	f("")
	f("edge web app db dns", "db", "dns", "web", "app", "edge")
	f("zoo web", "zoo>web")
	f("b c a d", "b>c", "c>a", "a>d")
	f("x a b z", "a>b", "b>a", "x>a", "b>z")
	f("edge web db monitoring", "edge>web", "web>db", "monitoring")
}

func TestOrderPutsCallersFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var names []string
		for i := range 1 + rng.IntN(12) {
			names = append(names, fmt.Sprintf("g%02d", i))
		}
		calls := map[string]map[string]bool{}
		for range rng.IntN(20) {
			a, b := rng.IntN(len(names)), rng.IntN(len(names))
			if a < b { // no circles
				if calls[names[a]] == nil {
					calls[names[a]] = map[string]bool{}
				}
				calls[names[a]][names[b]] = true
			}
		}
		got := order(names, calls, func(name string) int { return int(name[len(name)-1]) % 3 })
		if len(got) != len(names) {
			t.Fatalf("%q of %q", got, names)
		}
		for from, to := range calls {
			for name := range to {
				if slices.Index(got, from) > slices.Index(got, name) {
					t.Fatalf("%s stands behind %s in %q", from, name, got)
				}
			}
		}
	}
}

func TestConnectionsWithoutAGroupBelongToThatOfTheirEnd(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	told := func(list ...host.Connection) string {
		t.Helper()
		s.say(web, &host.Report{Connections: list})
		s.pass(30*time.Second, web)
		d, err := s.Host(t.Context(), "web-1", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range d.Links {
			got = append(got, fmt.Sprintf("%s %s:%d %d", l.Group, l.Address, l.Port, l.Sockets))
		}
		return strings.Join(got, ", ")
	}
	for _, step := range []struct {
		list []host.Connection
		want string
	}{
		{[]host.Connection{calling("", "192.0.2.1", 5432, 2)}, " 192.0.2.1:5432 2"},
		{[]host.Connection{calling("shop.service", "192.0.2.1", 5432, 3)}, "shop.service 192.0.2.1:5432 3"},
		{[]host.Connection{calling("", "::ffff:192.0.2.1", 5432, 1), calling("shop.service", "192.0.2.1", 5432, 3)}, "shop.service 192.0.2.1:5432 4"},
		{[]host.Connection{calling("", "192.0.2.1", 5432, 1)}, "shop.service 192.0.2.1:5432 1"},
		{[]host.Connection{calling("till.service", "192.0.2.1", 5432, 1), calling("", "192.0.2.1", 5432, 1)}, "shop.service 192.0.2.1:5432 1, till.service 192.0.2.1:5432 2"},
		{[]host.Connection{calling("", "192.0.2.1", 80, 1)}, " 192.0.2.1:80 1, shop.service 192.0.2.1:5432 1, till.service 192.0.2.1:5432 2"},
	} {
		if got := told(step.list...); got != step.want {
			t.Errorf("after %+v: %q, want %q", step.list, got, step.want)
		}
	}
}
