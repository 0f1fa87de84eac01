package scope

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patou/internal/timerange"
)

func known() Known {
	return Known{
		Components: []string{"web.nginx", "web.nginx.blog", "webapp.backend.git", "webapp.frontend", "nginx", "collectd", "sshd"},
		Hosts:      []string{"web01", "myhost.example.org", "db1.example.org", "db2.example.org", "db2.example.net", "10.0.0.7"},
	}
}

func TestEachSeriesHasItsOriginAndAReason(t *testing.T) {
	templates := []Template{}
	for _, text := range []string{"apps.{component}.on.{host}.*", "jobs.{host}.*", "biz.{component}.*"} {
		parsed, err := ParseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		templates = append(templates, parsed)
	}
	is := func(name, component, host, query, how string) {
		t.Helper()
		s := Find([]Drawn{{Target: name, Series: []string{name}}}, known(), templates, timerange.Range{})
		got := s.Series[0]
		want := Series{Target: name, Series: name, Component: component, Host: host, How: how, Query: query}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if s.Query != query {
			t.Errorf("%s: the scope's query is %q, want %q", name, s.Query, query)
		}
	}
	// What Patou writes itself.
	is("logs.webapp.backend.git.requests", "webapp.backend.git", "", "component:webapp.backend.git client:* status:100..599", "It is counted from the entries of webapp.backend.git.")
	is("logs.web.nginx.status.5xx", "web.nginx", "", "component:=web.nginx client:* status:500..599", "It is counted from the entries of web.nginx.")
	is("logs.webapp.frontend.bytes", "webapp.frontend", "", "component:webapp.frontend client:* status:100..599 bytes:*", "It is counted from the entries of webapp.frontend.")
	is("logs.webapp.frontend.request_time.p99", "webapp.frontend", "", "component:webapp.frontend client:* status:100..599 request_time:*", "It is the time that requests took by the entries of webapp.frontend.")
	is("logs.webapp.frontend.request_time", "webapp.frontend", "", "component:webapp.frontend client:* status:100..599 request_time:*", "It is the time that requests took by the entries of webapp.frontend.")
	is("logs.status.requests", "status", "", "component:status client:* status:100..599", "It is counted from the entries of status.")
	is("logs.webapp.frontend.size", "webapp.frontend", "", "component:webapp.frontend", "It is derived from the entries of webapp.frontend.")
	is("host.myhost_example_org.cpu.user", "", "myhost.example.org", "host:myhost.example.org", "It is a vital sign of the host myhost.example.org.")
	is("host.new.load.1m", "", "new", "host:new", "It is a vital sign of the host new.")
	is("patou.ingest.lines", "patou", "", "component:patou", "It is one of Patou's own counters.")
	is("check.shop.duration", "check.shop", "", "component:check.shop", "It is a result of the check shop.")
	// Templates.
	is("apps.webapp.backend.git.on.web01.mem", "webapp.backend.git", "web01", "component:webapp.backend.git host:web01", "The template apps.{component}.on.{host}.* says so.")
	is("jobs.web01.sshd.runs", "sshd", "web01", "component:sshd host:web01", "Its name begins with the component sshd. The template jobs.{host}.* says so.") // after the prefix is off
	is("biz.web.nginx.orders", "web.nginx", "", "component:web.nginx", "The template biz.{component}.* says so.")
	// collectd write_graphite.
	is("collectd.myhost_example_org.cpu-0.cpu-user", "", "myhost.example.org", "host:myhost.example.org", "The node myhost_example_org is the host myhost.example.org.")
	is("myhost_example_org.cpu-0.cpu-user", "", "myhost.example.org", "host:myhost.example.org", "The node myhost_example_org is the host myhost.example.org.")
	is("myhost.cpu-0.cpu-user", "", "myhost.example.org", "host:myhost.example.org", "The node myhost is the first part of the host myhost.example.org.")
	is("collectd.web01_example_org.load.load.shortterm", "", "web01", "host:web01", "The node web01_example_org begins with the host web01.")
	is("collectd.db1.example.org.load.load.shortterm", "", "db1.example.org", "host:db1.example.org", "The node db1.example.org is the host db1.example.org.")
	is("collectd.web01.nginx.nginx_requests", "nginx", "web01", "component:nginx host:web01", "Its name begins with the component nginx. The node web01 is the host web01.")
	is("collectd.obs-host-1.memory.memory-used", "", "obs-host-1", "host:obs-host-1", "The node after collectd is the host by custom; no entry of obs-host-1 is known.")
	is("collectd.db2.load.load", "", "db2", "host:db2", "The node after collectd is the host by custom; no entry of db2 is known.") // two hosts are db2
	// statsd.
	is("stats.timers.webapp.backend.git.clone.upper_90", "webapp.backend.git", "", "component:webapp.backend.git", "Its name begins with the component webapp.backend.git.")
	is("stats_counts.webapp.frontend.hits", "webapp.frontend", "", "component:webapp.frontend", "Its name begins with the component webapp.frontend.")
	is("stats.gauges.webapp.backend.queue", "webapp.backend", "", "component:webapp.backend", "Its name begins with webapp.backend, which has components below it.")
	is("statsd.numStats", "", "", "", "Nothing in its name is a known component or host.")
	// Diamond, Telegraf, Netdata, node_exporter.
	is("servers.web01.cpu.total.user", "", "web01", "host:web01", "The node web01 is the host web01.")
	is("netdata.web01.system.cpu.user", "", "web01", "host:web01", "The node web01 is the host web01.")
	is("node_cpu_seconds_total;cpu=0;instance=web01:9100;job=node;mode=idle", "node", "web01", "host:web01", "Its tag job is node. Its tag instance is web01:9100.")
	is("node_load1;instance=10.0.0.7:9100;job=sshd", "sshd", "10.0.0.7", "component:sshd host:10.0.0.7", "Its tag job is sshd. Its tag instance is 10.0.0.7:9100.")
	is("http_requests_total;job=other", "other", "", "component:other", "Its tag job is other.")
	is("up;component=Web.Nginx;host=Web01", "web.nginx", "web01", "component:web.nginx host:web01", "Its tag component is Web.Nginx. Its tag host is Web01.")
	// Dotted application paths.
	is("webapp.backend.git.requests.count", "webapp.backend.git", "", "component:webapp.backend.git", "Its name begins with the component webapp.backend.git.")
	is("webapp.backend.git.web01.requests", "webapp.backend.git", "web01", "component:webapp.backend.git host:web01", "Its name begins with the component webapp.backend.git. The node web01 is the host web01.")
	is("WebApp.Frontend.hits", "webapp.frontend", "", "component:webapp.frontend", "Its name begins with the component webapp.frontend.")
	is("webapp.unheard.of", "webapp", "", "component:webapp", "Its name begins with webapp, which has components below it.")
	is("temperature.outside", "", "", "", "Nothing in its name is a known component or host.")
	is("", "", "", "", "Nothing in its name is a known component or host.")
	is("...;;=", "", "", "", "Nothing in its name is a known component or host.")
}

func TestSeriesOfOneGraphShareAQuery(t *testing.T) {
	is := func(want, order string, series ...string) {
		t.Helper()
		s := Find([]Drawn{{Target: "t", Series: series}}, known(), nil, timerange.Range{})
		if s.Query != want || s.Order != order || (s.Slowest != "") != (order == Slowest) {
			t.Errorf("%v: query %q by %s (%s), want %q by %s", series, s.Query, s.Order, s.Slowest, want, order)
		}
	}
	is("", Newest)
	is("component:webapp.frontend client:* status:100..599 request_time:*", Slowest, "logs.webapp.frontend.request_time.p99", "logs.webapp.frontend.request_time.p50")
	is("(component:webapp.frontend client:* status:100..599 request_time:*) OR (component:webapp.frontend client:* status:100..599)", Newest, "logs.webapp.frontend.request_time.p99", "logs.webapp.frontend.requests")
	is("component:(sshd OR webapp.frontend)", Newest, "stats.sshd.logins", "stats.webapp.frontend.hits")
	is("host:(db1.example.org OR web01)", Newest, "db1.cpu-0.cpu-user", "web01.cpu-0.cpu-user", "web01.cpu-0.cpu-idle")
	is("component:sshd OR host:web01", Newest, "stats.sshd.logins", "web01.cpu-0.cpu-idle")
	is("component:sshd", Newest, "stats.sshd.logins", "temperature.outside")
}

func TestTheAnswerHasTheShapeOfTheAPI(t *testing.T) {
	s := Find([]Drawn{{Target: "alias(x)", Series: []string{"logs.webapp.frontend.request_time.p99"}}}, known(), nil,
		timerange.Range{From: 1479650400e9, Until: 1479650700e9})
	got, err := json.Marshal(s)
	want := `{"from":"2016-11-20T14:00:00.000000000Z","until":"2016-11-20T14:05:00.000000000Z",` +
		`"series":[{"target":"alias(x)","series":"logs.webapp.frontend.request_time.p99","component":"webapp.frontend","host":"",` +
		`"how":"It is the time that requests took by the entries of webapp.frontend.","query":"component:webapp.frontend client:* status:100..599 request_time:*"}],` +
		`"components":[{"name":"webapp.frontend","how":"It is the time that requests took by the entries of webapp.frontend."}],"hosts":[],` +
		`"query":"component:webapp.frontend client:* status:100..599 request_time:*","order":"slowest","slowest":"request_time"}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s\n%v", got, want, err)
	}
}

func TestTemplatesSayWhatIsWrongWithThem(t *testing.T) {
	fails := func(text, want string) {
		t.Helper()
		if _, err := ParseTemplate(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	fails("servers..{host}", `template "servers..{host}": a node is empty: want nodes with one dot between them`)
	fails("servers.*", `template "servers.*" names nothing: want {host} or {component} in it`)
	fails("a.{hots}.b", `template "a.{hots}.b": "{hots}" is not known: want {host} or {component} as a whole node`)
	fails("{host}.{host}", `template "{host}.{host}" names the same twice: want {host} and {component} once each at most`)
}

func FuzzFind(f *testing.F) {
	f.Add("collectd.web01.cpu-0.cpu-user")
	f.Add("logs.a.status.5xx;instance=[::1]:80")
	t, _ := ParseTemplate("apps.{component}.on.{host}.*")
	f.Fuzz(func(_ *testing.T, name string) {
		Find([]Drawn{{Target: name, Series: []string{name}}}, known(), []Template{t}, timerange.Range{})
	})
}
