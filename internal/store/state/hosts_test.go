package state

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"patou/internal/event"
	"patou/internal/host"
)

func TestTheHerdComesBackAsItWas(t *testing.T) {
	s, _ := fresh(t)
	save := func(c HerdChanges) {
		t.Helper()
		if err := s.SaveHerd(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	joined := event.Keyed{Event: event.Event{Time: 1, What: "a joined", Tags: []string{"herd"}}, Key: "herd/a/joined/1"}
	save(HerdChanges{
		Hosts:   []host.Kept{{ID: "a", Node: "web-1", Data: []byte(`{"x":1}`)}, {ID: "b", Node: "db-1", Data: []byte(`{}`)}},
		Places:  []host.Place{{Component: "web.nginx", Host: "web-1", Last: 5}},
		Groups:  map[string]string{"a": "shop", "b": "x"},
		Moments: []host.Moment{{Host: "a", Time: 1, State: "joining", Health: "fine", Group: "web"}},
		Events:  []event.Keyed{joined},
	})
	save(HerdChanges{
		Hosts:     []host.Kept{{ID: "a", Node: "web-2", Data: []byte(`{"x":2}`)}},
		Forgotten: []string{"b", "a"}, // a came back
		Places:    []host.Place{{Component: "web.nginx", Host: "web-1", Last: 3}, {Component: "web.nginx", Host: "web-2", Last: 7}},
		Groups:    map[string]string{"a": "git"},
		Events:    []event.Keyed{joined},
	})
	got, err := s.LoadHerd(t.Context())
	want := Herd{
		Hosts:  []host.Kept{{ID: "a", Node: "web-2", Data: []byte(`{"x":2}`)}},
		Places: []host.Place{{Component: "web.nginx", Host: "web-1", Last: 5}, {Component: "web.nginx", Host: "web-2", Last: 7}},
		Groups: map[string]string{"a": "git"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if events, _ := s.Events(t.Context(), event.Query{Until: 9}); len(events) != 1 {
		t.Errorf("an event was kept %d times", len(events))
	}
	save(HerdChanges{Groups: map[string]string{"a": ""}})
	if got, _ := s.LoadHerd(t.Context()); len(got.Groups) != 0 {
		t.Errorf("groups: %v", got.Groups)
	}
}

func TestMomentsAreLedByWhatWasBefore(t *testing.T) {
	s, _ := fresh(t)
	at := func(id string, time int64, state string) host.Moment {
		return host.Moment{Host: id, Time: time, State: state, Health: "fine", Group: "g", Why: "because"}
	}
	if err := s.SaveHerd(t.Context(), HerdChanges{Moments: []host.Moment{
		at("a", 10, "joining"), at("a", 20, "up"), at("a", 30, "late"), at("a", 30, "lost"), at("b", 25, "joining"), at("b", 40, "up"),
	}}); err != nil {
		t.Fatal(err)
	}
	f := func(from, until int64, want ...host.Moment) {
		t.Helper()
		got, err := s.Moments(t.Context(), from, until)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("from %d until %d: %v %s", from, until, err, diff)
		}
	}
	f(0, 10)
	f(21, 21, at("a", 20, "up"))
	f(26, 41, at("a", 20, "up"), at("b", 25, "joining"), at("a", 30, "lost"), at("b", 40, "up"))
	got, err := s.MomentsOf(t.Context(), "a", 2)
	if diff := cmp.Diff([]host.Moment{at("a", 30, "lost"), at("a", 20, "up")}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if err := s.DropMoments(t.Context(), 35); err != nil {
		t.Fatal(err)
	}
	f(0, 100, at("b", 25, "joining"), at("a", 30, "lost"), at("b", 40, "up"))
}
