package herd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"patou/internal/host"
)

// serving is a report of units that are enabled and listen: "nginx.service:443".
func serving(services ...string) *host.Report {
	r := &host.Report{Units: []host.Unit{}, Listeners: []host.Listener{{Group: "ssh.service", Protocol: "tcp", Address: "0.0.0.0", Port: 22}}}
	for _, s := range services {
		i := strings.LastIndexByte(s, ':')
		name, port := s[:i], s[i+1:]
		l := host.Listener{Group: name, Protocol: "tcp", Address: "0.0.0.0"}
		if port, local := strings.CutPrefix(port, "local"); local {
			l.Address = "127.0.0.1"
			_, _ = fmt.Sscan(port, &l.Port)
		} else {
			_, _ = fmt.Sscan(port, &l.Port)
		}
		r.Listeners = append(r.Listeners, l)
		if strings.HasSuffix(name, ".service") {
			r.Units = append(r.Units, host.Unit{Name: name, Active: "active", Sub: "running", Enabled: true})
		}
	}
	return r
}

func TestGroupsAreFoundWithAReason(t *testing.T) {
	f := func(name string, r *host.Report, want, reason string) {
		t.Helper()
		s := begin(t)
		s.say(machine(name, 1), r)
		d, err := s.Host(t.Context(), name, time.Time{})
		if err != nil || d.Group != want || !strings.Contains(d.GroupReason, reason) {
			t.Errorf("%s with %+v is in %q because %q, %v; want %q because %q", name, r, d.Group, d.GroupReason, err, want, reason)
		}
	}
	f("a1", serving("nginx.service:443"), "web", "nginx.service is enabled and listens at 443")
	f("a1", serving("nginx.service:8099"), "web", "listens at 8099")
	f("a1", serving("postgresql@15-main.service:5432"), "db", "enabled and listens at 5432")
	f("a1", serving("docker:cache:6379", "redis-server:6379"), "cache", "redis-server listens at its usual port 6379")
	f("a1", serving("docker:cart:6380"), "cart", "docker:cart listens at 6380")
	f("a1", serving("haproxy.service:443", "postgresql.service:local5432"), "edge", "haproxy")
	f("git-2", serving("git-backend.service:3000", "nginx.service:443"), "web", "nginx")
	f("git-2", serving("git-backend.service:3000"), "git", "git-backend.service is enabled and listens at 3000; its name begins with git")
	f("web-eu1a-03.prod.example.org", nil, "web", "its name begins with web")
	f("ip-10-0-3-7", serving("billing.service:9999"), "billing", "9999")
	f("ip-10-0-3-7", serving(), "unnamed-1", "nothing says")
	f("localhost", nil, "unnamed-1", "nothing says")
	f("vm", serving("node:local8600"), "unnamed-1", "nothing says")
	f("vm", serving("mailer.service:local8600"), "mailer", "for its own host at 8600")
	labelled := serving("nginx.service:443")
	labelled.Facts = &host.Facts{Labels: map[string]string{"tier": "x", "role": " Shop "}}
	f("web-1", labelled, "shop", "label role=shop")
}

func TestHostsThatAreNamedAlikeAndRunTheSameAreAGroup(t *testing.T) {
	s := begin(t)
	var all []host.Identity
	for i := range 4 {
		name := fmt.Sprint("shop-", i)
		all = append(all, machine(name, 1))
		s.say(all[i], serving("nginx.service:443"))
	}
	mixed := []host.Identity{machine("alpha-1", 1), machine("alpha-2", 1)}
	s.say(mixed[0], serving("nginx.service:443"))
	s.say(mixed[1], serving("postgresql.service:5432"))
	s.pass(45*time.Second, append(all, mixed...)...)
	for name, want := range map[string]string{"shop-0": "shop", "shop-3": "shop", "alpha-1": "web", "alpha-2": "db"} {
		if d, _ := s.Host(t.Context(), name, time.Time{}); d.Group != want {
			t.Errorf("%s is in %q because %q, want %q", name, d.Group, d.GroupReason, want)
		}
	}
}

func TestAHostStaysInItsGroupWhenItsServiceDies(t *testing.T) {
	s, web := begin(t), machine("shop-1", 1)
	s.say(web, serving("nginx.service:443"))
	s.pass(20*time.Second, web)
	s.say(web, serving())
	s.pass(2*time.Minute, web)
	if d, _ := s.Host(t.Context(), "shop-1", time.Time{}); d.Group != "web" {
		t.Errorf("it moved to %q", d.Group)
	}
}

func TestAHostMovesWhenAnotherGroupWasFoundThreeTimes(t *testing.T) {
	s, one := begin(t), machine("a1", 1)
	s.say(one, serving("nginx.service:443"))
	s.pass(20*time.Second, one)
	s.say(one, serving("postgresql.service:5432"))
	s.pass(15*time.Second, one)
	if d, _ := s.Host(t.Context(), "a1", time.Time{}); d.Group != "web" {
		t.Errorf("it moved at once to %q", d.Group)
	}
	s.pass(30*time.Second, one)
	if d, _ := s.Host(t.Context(), "a1", time.Time{}); d.Group != "db" {
		t.Errorf("it stays in %q", d.Group)
	}
	s.hasTold("a1 joined", "a1 moved from web to db")
}

func TestPeopleDecideAboutGroups(t *testing.T) {
	s, one := begin(t), machine("a1", 1)
	s.say(one, serving("nginx.service:443"))
	if err := s.SetGroup("a1", "Shop"); err != nil {
		t.Fatal(err)
	}
	s.save()
	s = s.restart()
	d, _ := s.Host(t.Context(), "a1", time.Time{})
	if d.Group != "shop" || d.GroupFrom != "set" || !strings.Contains(d.GroupReason, "set by hand; found was web") {
		t.Errorf("%q %q %q", d.Group, d.GroupFrom, d.GroupReason)
	}
	if err := s.SetGroup("a1", ""); err != nil {
		t.Fatal(err)
	}
	if d, _ := s.Host(t.Context(), "a1", time.Time{}); d.Group != "web" || d.GroupFrom != "found" {
		t.Errorf("%q %q", d.Group, d.GroupFrom)
	}
	for name, group := range map[string]string{"nobody": "x", "a1": "a/b"} {
		if err := s.SetGroup(name, group); err == nil {
			t.Errorf("%s into %q was done", name, group)
		}
	}
}

func TestOneThatRunsWhatOthersRunIsAmongThem(t *testing.T) {
	s := begin(t)
	var five []string
	for i := range 5 {
		five = append(five, fmt.Sprintf("docker:part%d:local%d", i, 7000+i))
	}
	labelled := serving(five...)
	labelled.Facts = &host.Facts{Labels: map[string]string{"role": "mesh"}}
	s.say(machine("ip-1", 1), labelled)
	h := s.say(machine("ip-2", 1), nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.hosts[h.ID]
	m.evidence = &evidence{votes: ballot{}, runs: s.nodes["ip-1"].evidence.runs}
	if name, v := s.propose(m, s.stems()); name != "mesh" || !strings.Contains(v.reason, "what the others") {
		t.Errorf("it is in %q because %q", name, v.reason)
	}
}

func TestStems(t *testing.T) {
	for name, want := range map[string]string{
		"web-eu1a-03": "web", "web01": "web", "web01a": "web", "db-prod-2.example.org": "db", "ip-10-0-3-7": "", "i-0abc1234def": "", "web-5d9c7b6f4-x2x9p": "web",
		"pg_main_7": "pg-main", "localhost": "", "debian": "", "GIT-2": "git", "cafe-1": "cafe", "deadbeef": "", "shop-api-staging-use1-0a1b": "shop-api", "": "", "---": "",
		"a": "", "1234": "", "k8s-node-1": "", "münchen-1": "", "vm-eu-west-1": "",
	} {
		if got := stem(name); got != want {
			t.Errorf("stem of %q is %q, want %q", name, got, want)
		}
	}
}

func FuzzStem(f *testing.F) {
	f.Add("web-eu1a-03.example.org")
	f.Add("\xff-ü.é")
	f.Fuzz(func(t *testing.T, name string) {
		s := stem(name)
		if len(s) > 4*41 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") != "" || strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-") {
			t.Errorf("stem of %q is %q", name, s)
		}
		if again := stem(s); s != "" && again != s {
			t.Errorf("stem of %q is %q, and of that %q", name, s, again)
		}
	})
}
