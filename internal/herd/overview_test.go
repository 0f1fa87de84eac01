package herd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/host"
)

func TestNamesAreInNaturalOrder(t *testing.T) {
	want := []string{"a", "web-1", "web-02", "web-2", "web-10", "web-10a", "web-a", "x9y10", "x9y11"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, natural)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestAGroupCountsAndNamesItsMembers(t *testing.T) {
	s := begin(t)
	var all []host.Identity
	for _, name := range []string{"web-10", "web-2", "web-1"} {
		all = append(all, machine(name, 1))
		s.say(machine(name, 1), &host.Report{Full: []host.Resource{{Name: "cpu", Percent: 12}, {Name: "disk", Percent: 43.21987, Of: "sda"}}})
	}
	s.pass(15*time.Second, all...)
	s.say(all[2], &host.Report{Leaving: host.Shutdown})
	o := s.Overview()
	g := o.Groups[0]
	if len(o.Groups) != 1 || g.Name != "web" || g.Counts.Up != 2 || g.Counts.Leaving != 1 || g.Joined != 3 || o.Counts.Hosts != 3 {
		t.Errorf("%+v", o)
	}
	if m := g.Members; m[0].Name != "web-1" || m[1].Name != "web-2" || m[2].Name != "web-10" || *m[1].Full != (Fullest{"disk", 43.22, "sda"}) || m[0].Full != nil || m[0].Word != "leaving" || m[1].Word != "up" {
		t.Errorf("%+v", g.Members)
	}
	if list := s.Hosts(); len(list) != 3 || list[2].Name != "web-10" || list[2].Group != "web" {
		t.Errorf("%+v", list)
	}
}

func TestThePastIsShownAsItWas(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.past = func(_ context.Context, nodes []string, _ time.Time) (map[string][]host.Resource, error) {
		return map[string][]host.Resource{nodes[0]: {{Name: "io", Percent: 43}}}, nil
	}
	s.pass(time.Minute, web)
	s.say(web, &host.Report{Units: []host.Unit{{Name: "x.service", Active: "failed"}}})
	s.pass(time.Minute, web)
	s.pass(time.Hour)
	s.save()
	f := func(at time.Duration, want string) {
		t.Helper()
		o, err := s.OverviewAt(t.Context(), noon().Add(at))
		got := ""
		if err == nil && len(o.Groups) > 0 {
			m := o.Groups[0].Members[0]
			got = fmt.Sprint(m.State, " ", m.Health, " ", m.Full.Percent, " ", o.Answer.Lead)
		}
		if got != want {
			t.Errorf("after %s it was %q, %v; want %q", at, got, err, want)
		}
	}
	f(-time.Second, "")
	f(5*time.Second, "joining fine 43 The one host is fine.")
	f(50*time.Second, "up fine 43 The one host is fine.")
	f(90*time.Second, "up warn 43 x.service failed on web-1.")
	f(10*time.Minute, "lost warn 43 web-1 is lost.")
	d, err := s.Host(t.Context(), "web-1", noon().Add(50*time.Second))
	if err != nil || d.State != Up || d.Health != Fine || len(d.States) < 4 {
		t.Errorf("%v %+v", err, d)
	}
}

func TestADayIsAsBadAsItsWorst(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(20*time.Minute, web)
	s.say(web, &host.Report{Units: []host.Unit{{Name: "x.service", Active: "failed"}}})
	s.pass(10*time.Minute, web)
	s.say(web, &host.Report{Units: []host.Unit{}})
	s.pass(20*time.Minute, web)
	s.pass(10 * time.Minute)
	d, err := s.Day(t.Context(), s.clock.Now())
	if err != nil || len(d.States) != 288 || d.StepMS != 300_000 {
		t.Fatalf("%v %+v", err, d)
	}
	want := []Health{Fine, Fine, Fine, Fine, Warn, Warn, Warn, Fine, Fine, Fine, Crit, Crit}
	if got := d.States[276:]; !slices.Equal(got, want) || slices.Contains(d.States[:276], Warn) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPlacesAreLearnedAndKept(t *testing.T) {
	s := begin(t)
	s.say(machine("web-1", 1), nil)
	s.Places().Note([]entry.Entry{{Component: "web.nginx", Host: "web-1", Time: 5}, {Component: "app", Host: "web-1", Time: 6}, {Component: "web.nginx", Host: "web-1", Time: noon().UnixNano()}, {Component: "x"}})
	s.save()
	n := len(s.disk.places)
	s.Places().Note([]entry.Entry{{Component: "web.nginx", Host: "web-1", Time: noon().UnixNano() + 1}})
	s.save()
	if len(s.disk.places) != n {
		t.Errorf("a second later %d places were kept again", len(s.disk.places)-n)
	}
	s = s.restart()
	if got := s.GroupComponents()["web"]; !slices.Equal(got, []string{"app", "web.nginx"}) {
		t.Errorf("%q of %+v", got, s.disk.places)
	}
}

func TestWhatTheStoreDoesNotTakeIsKeptLater(t *testing.T) {
	s := begin(t)
	s.disk.err = fmt.Errorf("the disk is full")
	s.say(machine("web-1", 1), nil)
	if s.Save(t.Context()) == nil {
		t.Error("it was kept")
	}
	if err := s.SetGroup("web-1", "shop"); err != nil {
		t.Error(err)
	}
	s.disk.err = nil
	s.save()
	if len(s.disk.hosts) != 1 || len(s.disk.moments) < 2 || len(s.disk.events) != 2 || s.disk.groups[s.nodes["web-1"].ID] != "shop" {
		t.Errorf("kept: %+v", s.disk)
	}
	n := len(s.disk.moments)
	if s.save(); len(s.disk.moments) != n {
		t.Error("it was kept twice")
	}
}

// crowd is a herd of many hosts in groups that call each other.
func crowd(b *testing.B, hosts, groups int) *Herd {
	c := clock.NewManual(noon())
	h := New(Options{Clock: c})
	for i := range hosts {
		g := i % groups
		id := host.Identity{Machine: fmt.Sprint("m", i), Boot: "b", Instance: fmt.Sprint("i", i), Name: fmt.Sprintf("role%c-%d", 'a'+g%26, i/groups)}
		contact := host.Contact{Identity: id, Sent: c.Now(), Received: c.Now()}
		k, err := h.Identify(contact)
		if err != nil {
			b.Fatal(err)
		}
		r := serving(fmt.Sprintf("role%c.service:%d", 'a'+g%26, 5000+g), "nginx.service:443")
		r.Facts = &host.Facts{Addresses: []string{fmt.Sprintf("10.1.%d.%d", i/250, i%250)}, Labels: map[string]string{"role": fmt.Sprint("role", g)}}
		r.Full = []host.Resource{{Name: "cpu", Percent: float64(i % 100)}, {Name: "io", Percent: 3.5, Of: "sda"}}
		for n := range 20 {
			to := (i + n + 1) % hosts
			r.Connections = append(r.Connections, calling("role.service", fmt.Sprintf("10.1.%d.%d", to/250, to%250), 5000+to%groups, 3))
		}
		h.Heard(k.ID, contact, r, unreadReadings(), true)
	}
	c.Advance(4 * time.Second)
	return h
}

func BenchmarkOverviewOf2000Hosts(b *testing.B) {
	h := crowd(b, 2000, 40)
	for b.Loop() {
		if _, err := json.Marshal(h.Overview()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGraphOf2000Hosts(b *testing.B) {
	h := crowd(b, 2000, 40)
	for b.Loop() {
		h.graph.ends = nil
		h.Links()
	}
}

func BenchmarkTickOf2000Hosts(b *testing.B) {
	h := crowd(b, 2000, 40)
	for b.Loop() {
		h.Tick()
	}
}

func BenchmarkRegroup2000Hosts(b *testing.B) {
	h := crowd(b, 2000, 40)
	for b.Loop() {
		h.regroupAll(noon())
	}
}

func BenchmarkNotePlaces(b *testing.B) {
	p := newPlaces()
	entries := make([]entry.Entry, 1000)
	for i := range entries {
		entries[i] = entry.Entry{Component: fmt.Sprint("app.part", i/10%30), Host: fmt.Sprint("web-", i/100), Time: int64(i)}
	}
	for b.Loop() {
		p.Note(entries)
	}
}

func TestAHostCannotMakeTheHerdHoldWithoutBound(t *testing.T) {
	s := begin(t)
	long := strings.Repeat("ü", 1<<20)
	r := &host.Report{Facts: &host.Facts{OS: long, Labels: map[string]string{}}}
	for i := range 10_000 {
		name := fmt.Sprint(i, long[:600])
		r.Units = append(r.Units, host.Unit{Name: name, Active: "failed"})
		r.Listeners = append(r.Listeners, host.Listener{Group: name, Address: "0.0.0.0", Port: i})
		r.Connections = append(r.Connections, host.Connection{Group: name, Remote: fmt.Sprint("10.", i>>16, ".", i>>8&255, ".", i&255), Port: i})
		r.FileSystems = append(r.FileSystems, host.FileSystem{Path: name, Total: 1, Used: 1})
		r.Facts.Labels[name] = name
		r.Facts.Addresses = append(r.Facts.Addresses, name)
	}
	k := s.say(machine("web-1", 1), r)
	s.save()
	if n := len(s.disk.hosts[k.ID].Data); n > 4<<20 {
		t.Errorf("it is kept in %d bytes", n)
	}
	if n := len(s.disk.events); n > 2*someAnHour {
		t.Errorf("%d events", n)
	}
}
