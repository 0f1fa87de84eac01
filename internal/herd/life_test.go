package herd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/host"
)

func TestAHostJoinsIsUpFallsSilentIsLostAndReturns(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.say(web, nil)
	s.is("web-1", Joining)
	s.pass(12*time.Second, web)
	s.is("web-1", Up)
	s.pass(5 * time.Second)
	s.is("web-1", Late)
	s.pass(12 * time.Second)
	s.is("web-1", Lost)
	s.pass(10*time.Minute, web)
	s.is("web-1", Up)
	s.hasTold("web-1 joined", "web-1 is lost", "web-1 is back")
}

func TestOneLateForAMomentLeavesNoTrace(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(30*time.Second, web)
	before := s.hosts[s.say(web, nil).ID].Since
	s.pass(5 * time.Second)
	s.is("web-1", Late)
	m := s.hosts[s.say(web, nil).ID]
	if m.State != Up || !m.Since.Equal(before) {
		t.Errorf("it is %s since %s, was up since %s", m.State, m.Since, before)
	}
	s.save()
	for _, moment := range s.disk.moments {
		if moment.State == string(Late) {
			t.Errorf("it was kept: %+v", moment)
		}
	}
	s.pass(9 * time.Second)
	s.save()
	if last := s.disk.moments[len(s.disk.moments)-1]; last.State != string(Late) {
		t.Errorf("late for long was not kept: %+v", last)
	}
}

func TestOneWhoSaysGoodbyeIsGoneAndNotLost(t *testing.T) {
	for _, l := range []host.Leaving{host.Stopped, host.Shutdown} {
		s, web := begin(t), machine("web-1", 1)
		s.pass(15*time.Second, web)
		s.say(web, &host.Report{Leaving: l})
		s.is("web-1", Leaving)
		s.pass(10 * time.Second)
		s.is("web-1", Leaving)
		s.pass(15 * time.Second)
		s.is("web-1", Gone)
		if o := s.Overview(); o.Counts.Gone != 1 || o.Answer.State != Fine {
			t.Errorf("%+v %+v", o.Counts, o.Answer)
		}
		s.pass(time.Hour)
		if o := s.Overview(); o.Counts.Hosts != 0 {
			t.Errorf("after an hour it is still shown: %+v", o.Counts)
		}
		s.pass(2*time.Second, web)
		s.is("web-1", Joining)
		if told := s.told(); told[len(told)-1] != "web-1 is back" {
			t.Errorf("told: %q", told)
		}
	}
}

func TestAnAgentThatIsStartedAnewTellsNothing(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	s.say(web, &host.Report{Leaving: host.Stopped})
	s.pass(3 * time.Second)
	s.pass(15*time.Second, web)
	s.hasTold("web-1 joined")
	s.say(web, &host.Report{Leaving: host.Stopped})
	left := s.clock.Now()
	s.pass(time.Minute)
	s.hasTold("web-1 joined", "web-1 left: its agent was stopped")
	if last := s.disk.events[len(s.disk.events)-1]; last.Time != left.UnixNano() {
		t.Errorf("told as of %s, it left at %s", time.Unix(0, last.Time), left)
	}
}

func TestAnAnnouncedRebootIsAwaited(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	s.say(web, &host.Report{Leaving: host.Reboot})
	s.pass(3 * time.Minute)
	s.is("web-1", Leaving)
	k := s.say(machine("web-1", 2), nil)
	s.is("web-1", Joining)
	if k.Node != "web-1" || len(s.hosts) != 1 {
		t.Errorf("it is %+v among %d", k, len(s.hosts))
	}
	s.hasTold("web-1 joined", "web-1 reboots", "web-1 rebooted")
	s.say(machine("web-1", 2), &host.Report{Leaving: host.Reboot})
	s.pass(11 * time.Minute)
	s.is("web-1", Lost)
}

func TestAnUnannouncedRebootIsTold(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	s.pass(time.Minute)
	s.say(machine("web-1", 2), nil)
	s.pass(4*time.Second, machine("web-1", 2))
	s.is("web-1", Up)
	s.hasTold("web-1 joined", "web-1 is lost", "web-1 rebooted without saying so", "web-1 is back")
}

func TestARebootOfSecondsIsNoClone(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	again := machine("web-1", 2)
	again.Instance = "another" // its disk was made anew, too
	s.pass(time.Second)
	k := s.say(again, &host.Report{Facts: &host.Facts{OS: "Debian"}})
	s.pass(20*time.Second, again)
	s.is("web-1", Up)
	if len(s.hosts) != 1 || s.nodes["web-1"].Report.Facts == nil {
		t.Errorf("%d hosts; first it was %+v", len(s.hosts), k)
	}
	if k := s.say(again, nil); k.Node != "web-1" {
		t.Errorf("it is filed under %s", k.Node)
	}
	s.hasTold("web-1 joined", "web-1 rebooted without saying so")
}

func TestACloneIsAHostOfItsOwn(t *testing.T) {
	s, web, clone := begin(t), machine("web-1", 1), machine("web-1", 2) // spool and all
	s.pass(15*time.Second, web)
	s.pass(30*time.Second, web, clone)
	a, b := s.say(web, nil), s.say(clone, nil)
	if a.ID == b.ID || a.Node != "web-1" || b.Node != "web-1-2" {
		t.Fatalf("%+v and %+v", a, b)
	}
	d, err := s.Host(t.Context(), b.ID, time.Time{})
	if err != nil || len(d.Notes) == 0 || !strings.Contains(strings.Join(d.Notes, " "), "clone") {
		t.Errorf("%v %+v", err, d)
	}
	s.hasTold("web-1 joined", "web-1-2 joined", "web-1-2 has the machine-id of web-1")
}

func TestMachinesOfOneImageAreHostsOfTheirOwn(t *testing.T) {
	s, one, next := begin(t), machine("web-1", 1), machine("web-2", 2)
	next.Machine = one.Machine
	s.pass(15*time.Second, one)
	s.say(one, &host.Report{Leaving: host.Shutdown})
	s.pass(30 * time.Second)
	s.pass(15*time.Second, next) // it takes the place of the first
	s.is("web-1", Gone)
	s.is("web-2", Up)
	s.hasTold("web-1 joined", "web-1 is shut down", "web-2 joined")
}

func TestATakenNameGetsANumber(t *testing.T) {
	s, one, other := begin(t), machine("web-1", 1), machine("web-1", 1)
	other.Machine, other.Instance = "m-other", "i-other"
	s.pass(15*time.Second, one, other)
	if k := s.say(other, nil); k.Node != "web-1-2" || k.Name != "web-1-2" {
		t.Errorf("the second is %+v", k)
	}
	if d, _ := s.Host(t.Context(), "web-1-2", time.Time{}); len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "taken") {
		t.Errorf("notes: %q", d.Notes)
	}
}

func TestTheNameOfOneWhoIsGoneIsFree(t *testing.T) {
	for _, leave := range []bool{true, false} {
		s, one, next := begin(t), machine("web-1", 1), machine("web-1", 1)
		next.Machine, next.Instance = "m-next", "i-next"
		s.pass(15*time.Second, one)
		if leave {
			s.say(one, &host.Report{Leaving: host.Shutdown})
		}
		s.pass(time.Minute)
		if k := s.say(next, nil); k.Node != "web-1" || len(s.hosts) != 2 {
			t.Errorf("the next is %+v of %d", k, len(s.hosts))
		}
		s.pass(15*time.Second, next)
		s.is("web-1", Up)
		if k := s.say(one, nil); k.Node != "web-1-2" {
			t.Errorf("the one before came back as %+v", k)
		}
	}
}

func TestARenamedHostStaysItself(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	id := s.say(web, nil).ID
	web.Name = "Shop.example.org"
	k := s.say(web, nil)
	if k.ID != id || k.Node != "shop_example_org" {
		t.Errorf("it is %+v", k)
	}
	if d, err := s.Host(t.Context(), "shop_example_org", time.Time{}); err != nil || strings.Join(d.Nodes, " ") != "shop_example_org web-1" {
		t.Errorf("nodes: %+v, %v", d, err)
	}
	s.hasTold("web-1 joined", "web-1 is called Shop.example.org now")
}

func TestNobodyIsLostByTheServersOwnAbsence(t *testing.T) {
	s := begin(t)
	var all []host.Identity
	for i := range 10 {
		all = append(all, machine(fmt.Sprint("web-", i), 1))
	}
	s.pass(20*time.Second, all...)
	s.save()
	s.clock.Advance(time.Hour) // the server was killed
	s = s.restart()
	s.pass(20 * time.Second) // the agents pause before they try again
	s.is("web-3", Late)
	s.pass(10*time.Second, all[1:]...)
	s.is("web-3", Up)
	s.pass(20*time.Second, all[1:]...)
	s.is("web-0", Lost) // this one alone
	if told := s.told(); len(told) != 11 || told[10] != "web-0 is lost" {
		t.Errorf("told: %q", told)
	}
	s.clock.Advance(time.Hour) // the machine slept
	s.Tick()
	s.is("web-3", Up)
}

func TestWhenMostFallSilentAtOnceTheServerSuspectsItself(t *testing.T) {
	s := begin(t)
	var all []host.Identity
	for i := range 10 {
		all = append(all, machine(fmt.Sprint("web-", i), 1))
	}
	s.pass(30*time.Second, all...)
	s.pass(20*time.Second, all[:3]...)
	s.is("web-9", Late)
	if a := s.Overview().Answer; a.State != Warn || !strings.Contains(a.Lead, "likely me") || !strings.Contains(a.Rest, "7 of 10") {
		t.Errorf("it says %+v", a)
	}
	s.pass(40*time.Second, all[:3]...)
	s.is("web-9", Lost)
	if a := s.Overview().Answer; a.State != Crit {
		t.Errorf("it says %+v", a)
	}
}

func TestABacklogIsASignOfLifeAndNotOfNow(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	s.pass(10 * time.Minute)
	s.is("web-1", Lost)
	old := s.contact(web)
	old.Newest = old.Sent.Add(-8 * time.Minute)
	s.send(old, &host.Report{Leaving: host.Reboot, Full: []host.Resource{{Name: "cpu", Percent: 99}}})
	s.is("web-1", Up)
	s.say(machine("web-1", 2), nil)
	s.is("web-1", Up)
	if o := s.Overview(); o.Groups[0].Members[0].Full != nil {
		t.Errorf("it shows how full it was: %+v", o.Groups[0].Members[0])
	}
	if told := s.told(); told[3] != "web-1 rebooted" {
		t.Errorf("told: %q", told)
	}
}

func TestForgettingIsForThoseWhoAreNoMore(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	if err := s.Forget("web-1"); !errors.Is(err, ErrPresent) {
		t.Errorf("one that is up: %v", err)
	}
	s.pass(time.Minute)
	if err := s.Forget("web-1"); err != nil {
		t.Error(err)
	}
	if err := s.Forget("web-1"); !errors.Is(err, ErrUnknown) {
		t.Errorf("again: %v", err)
	}
	if s.save(); len(s.disk.hosts) != 0 || len(s.machines) != 0 || len(s.nodes) != 0 {
		t.Errorf("left: %v %v %v", s.disk.hosts, s.machines, s.nodes)
	}
	s.pass(8 * 24 * time.Hour / 100)
}

func TestALostHostLeavesTheViewAfterAWeek(t *testing.T) {
	s, web := begin(t), machine("web-1", 1)
	s.pass(15*time.Second, web)
	s.pass(time.Minute)
	s.clock.Advance(showLost)
	s.Tick()
	if o := s.Overview(); o.Counts.Hosts != 0 {
		t.Errorf("%+v", o.Counts)
	}
}

func TestTheHerdRunsByItsClock(t *testing.T) {
	s := begin(t)
	s.say(machine("web-1", 1), nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	for s.clock.Waiting() == 0 {
		runtime.Gosched()
	}
	for range 30 {
		s.clock.Advance(time.Second)
		for state := Joining; state == Joining && s.clock.Now().Sub(noon()) > 25*time.Second; runtime.Gosched() {
			state = s.Hosts()[0].State
		}
	}
	if err := s.SetGroup("web-1", "shop"); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil || len(s.disk.hosts) != 1 || len(s.disk.groups) != 1 {
		t.Errorf("%v, kept %v", err, s.disk)
	}
}

func TestManyThatAreLostAtOnceAreOneEvent(t *testing.T) {
	s := begin(t)
	var all []host.Identity
	for i := range 40 {
		all = append(all, machine(fmt.Sprint("web-", i), 1))
	}
	s.pass(20*time.Second, all...)
	s.pass(30*time.Second, all[15:]...) // a rack's
	told := s.told()
	if len(told) != 41 || told[40] != "15 hosts are lost" {
		t.Errorf("told: %q", told[40:])
	}
	if e := s.disk.events[40]; e.Host() != "web-0" || len(e.Tags) != 17 || !strings.HasPrefix(e.Data, "web-0, web-1, web-2") {
		t.Errorf("%+v", e)
	}
}

// TestManyMaySpeakAndAskAtOnce is for the race detector.
func TestManyMaySpeakAndAskAtOnce(t *testing.T) {
	s := begin(t)
	var all sync.WaitGroup
	for i := range 8 {
		who := machine(fmt.Sprint("web-", i), 1)
		all.Go(func() {
			for n := range 50 {
				c := s.contact(who)
				k, err := s.Identify(c)
				if err != nil {
					t.Error(err)
					return
				}
				r := at(serving("nginx.service:443"), fmt.Sprint("10.0.0.", i))
				r.Connections = []host.Connection{calling("nginx.service", fmt.Sprint("10.0.0.", (i+n)%8), 443, 1)}
				s.Derive(k.ID, c, r)
				s.Heard(k.ID, c, r, unreadReadings(), true)
			}
		})
	}
	all.Go(func() {
		for range 50 {
			s.clock.Advance(time.Second)
			s.Tick()
			s.save()
		}
	})
	all.Go(func() {
		for range 50 {
			if _, err := json.Marshal([]any{s.Overview(), s.Hosts(), s.Links()}); err != nil {
				t.Error(err)
			}
			s.SetSignals(map[string][]Signal{"web": {}})
			s.GroupComponents()
			_, _ = s.Host(t.Context(), "web-1", time.Time{})
			s.Places().Note([]entry.Entry{{Component: "a", Host: "web-1", Time: 1}})
		}
	})
	all.Wait()
	if n := s.Overview().Counts.Hosts; n != 8 {
		t.Errorf("%d hosts", n)
	}
}

func TestAHostOfEntriesAloneSaysHowToWatchIt(t *testing.T) {
	s := begin(t)
	s.Places().Note([]entry.Entry{{Component: "web.nginx", Host: "old.example.org", Time: noon().UnixNano()}})
	last := noon()
	d, err := s.Host(t.Context(), "old.example.org", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != "" || d.State != "" || d.Word != "no agent" || !d.Last.Equal(last) || d.Node != "old_example_org" || !slices.Equal(d.Components, []string{"web.nginx"}) {
		t.Errorf("%+v", d)
	}
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "patou agent") {
		t.Errorf("notes: %q", d.Notes)
	}
	if text, err := json.Marshal(d); err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s, %v", text, err)
	}
}
