package herd

import (
	"strings"
	"testing"
	"time"

	"patou/internal/host"
)

// body is a host that sends, with readings.
type body struct {
	*story
	who host.Identity
}

func born(t *testing.T) *body {
	b := &body{begin(t), machine("git-2", 1)}
	b.pass(20*time.Second, b.who)
	return b
}

// read has it send readings every second for some time.
func (b *body) read(d time.Duration, set func(r *host.Readings)) {
	b.t.Helper()
	for range int(d / time.Second) {
		b.clock.Advance(time.Second)
		r := unreadReadings()
		set(&r)
		c := b.contact(b.who)
		k, _ := b.Identify(c)
		b.Heard(k.ID, c, nil, r, true)
		b.Tick()
	}
}

func (b *body) health(want Health, reason string) {
	b.t.Helper()
	if m := b.Overview().Groups[0].Members[0]; m.Health != want || !strings.Contains(m.Reason, reason) || (want == Fine) != (m.Reason == "") {
		b.t.Errorf("it is %s because %q, want %s because %q", m.Health, m.Reason, want, reason)
	}
}

func TestPressureMustLast(t *testing.T) {
	b := born(t)
	io := func(v float64) func(*host.Readings) { return func(r *host.Readings) { r.PressureIO = v } }
	b.read(10*time.Second, io(100))
	b.health(Fine, "")
	b.read(20*time.Second, io(100))
	b.health(Warn, "waits for disks")
	b.read(time.Minute, io(100))
	b.health(Crit, "waits for disks")
	if a := b.Overview().Answer; a.Lead != "git-2 is at its limit." || a.Rest != "The rest is fine." || a.State != Crit || a.Host == "" {
		t.Errorf("%+v", a)
	}
	b.read(10*time.Second, io(0))
	b.health(Crit, "waits")
	b.read(3*time.Minute, io(0))
	b.health(Fine, "")
}

func TestWaitingForTheProcessorIsLessBad(t *testing.T) {
	b := born(t)
	b.read(5*time.Minute, func(r *host.Readings) { r.PressureCPU = 55 })
	b.health(Fine, "")
	b.read(5*time.Minute, func(r *host.Readings) { r.PressureCPU = 80 })
	b.health(Warn, "waits for the processor 80 percent")
}

func TestMemoryThatIsNearlyGoneIsWrong(t *testing.T) {
	b := born(t)
	left := func(part float64) func(*host.Readings) {
		return func(r *host.Readings) { r.MemoryTotal, r.MemoryAvailable = 1000, 1000*part }
	}
	b.read(2*time.Second, left(0.06))
	b.health(Fine, "")
	b.read(2*time.Second, left(0.04))
	b.health(Crit, "memory 4 percent left")
	b.read(2*time.Minute, left(0.06))
	b.health(Crit, "memory 6 percent left")
	b.read(2*time.Minute, left(0.2))
	b.health(Fine, "")
}

func TestDroppedSamplesAndOOMKillsAreSeen(t *testing.T) {
	b := born(t)
	dropped := func(n float64) func(*host.Readings) { return func(r *host.Readings) { r.Dropped = n } }
	b.read(2*time.Second, dropped(500)) // of the time before
	b.health(Fine, "")
	b.read(time.Second, dropped(600))
	b.health(Warn, "drops samples")
	b.read(time.Minute, dropped(600))
	b.health(Fine, "")
	b.read(20*time.Second, func(r *host.Readings) { r.OOMKills = 1 })
	if told := b.told(); len(told) != 1+someAnHour || !strings.Contains(told[1], "out of memory") {
		t.Errorf("told %d: %q", len(told), told)
	}
}

func TestRefusedChunksAreSeen(t *testing.T) {
	b := born(t)
	refused := func(n float64) func(*host.Readings) { return func(r *host.Readings) { r.Refused = n } }
	b.read(2*time.Second, refused(3)) // of the time before
	b.health(Fine, "")
	b.read(time.Second, refused(5))
	b.health(Warn, "its agent lost 2 chunks that were refused")
	if a := b.Overview().Answer; a.Lead != "The agent of git-2 lost 2 chunks that were refused." {
		t.Errorf("%+v", a)
	}
	b.read(time.Minute, refused(5))
	b.health(Fine, "")
	b.read(10*time.Second, refused(0)) // it was started anew
	b.health(Fine, "")
	b.read(time.Second, refused(1))
	b.health(Warn, "its agent lost 1 chunk that was refused")
	b.hasTold("git-2 joined", "git-2: its agent lost 2 chunks that were refused", "git-2: its agent lost 1 chunk that was refused")
}

func TestDisks(t *testing.T) {
	b := born(t)
	disk := func(used, files int64, readOnly bool) *host.Report {
		return &host.Report{FileSystems: []host.FileSystem{
			{Path: "/var", Total: 100, Used: used, Files: files, FilesMax: 100, ReadOnly: readOnly},
			{Path: "/snap/x", Total: 100, Used: 100, ReadOnly: true}, // an image
		}}
	}
	say := func(r *host.Report) { b.say(b.who, r); b.pass(32*time.Second, b.who) }
	say(disk(89, 1, false))
	b.health(Fine, "")
	say(disk(90, 1, false))
	b.health(Warn, "disk /var 90 percent")
	say(disk(98, 1, false))
	b.health(Crit, "disk /var 98 percent")
	if a := b.Overview().Answer; a.Lead != "Disk /var on git-2 is 98 percent full." {
		t.Errorf("%+v", a)
	}
	say(disk(96, 1, false)) // within what it must be back by
	b.health(Crit, "disk /var 96 percent")
	say(disk(10, 95, false))
	b.health(Warn, "inodes of /var 95 percent")
	say(disk(10, 5, true))
	b.health(Crit, "disk /var became read-only")
	say(disk(10, 5, false))
	b.health(Fine, "")
	b.hasTold("git-2 joined", "/var on git-2 became read-only")
	b.say(b.who, disk(10, 5, true))
	b.save()
	b.story = b.restart()
	b.Tick()
	b.health(Crit, "disk /var became read-only")
	b.say(b.who, disk(10, 5, true))
	b.pass(time.Minute, b.who)
	b.health(Crit, "disk /var became read-only")
}

func TestUnits(t *testing.T) {
	b := born(t)
	units := func(active string) *host.Report {
		r := serving("nginx.service:443")
		r.Units = append(r.Units, host.Unit{Name: "backup.service", Active: active})
		return r
	}
	b.say(b.who, units("active"))
	b.say(b.who, units("failed"))
	b.health(Warn, "unit backup.service failed")
	failed := serving("nginx.service:443")
	failed.Units[0].Active, failed.Listeners = "failed", nil
	b.say(b.who, failed)
	b.health(Crit, "unit nginx.service failed")
	if a := b.Overview().Answer; a.Lead != "nginx.service failed on git-2." {
		t.Errorf("%+v", a)
	}
	b.save()
	again := b.restart() // which knows it, and tells of it no more
	again.say(b.who, failed)
	again.hasTold("git-2 joined", "backup.service failed on git-2", "nginx.service failed on git-2", "backup.service on git-2 is no longer failed")
	for range 30 {
		b.say(b.who, units("active"))
		b.say(b.who, units("failed"))
	}
	if told := b.told(); len(told) > 4+2*someAnHour {
		t.Errorf("a unit that flaps was told of %d times", len(told))
	}
}

func TestAClockThatIsWrongIsWorthALook(t *testing.T) {
	b := born(t)
	for range 10 {
		b.clock.Advance(time.Second)
		c := b.contact(b.who)
		c.Sent, c.Newest = c.Sent.Add(5*time.Second-300*time.Millisecond), c.Newest.Add(5*time.Second)
		b.send(c, nil)
	}
	b.health(Warn, "clock 4.7 s ahead")
	if d, _ := b.Host(t.Context(), "git-2", time.Time{}); d.SkewMS != 4700 {
		t.Errorf("skew %g", d.SkewMS)
	}
}

func TestAnswers(t *testing.T) {
	at := func(minute int) time.Time { return noon().Add(time.Duration(minute) * time.Minute) }
	f := func(want string, members ...Member) {
		t.Helper()
		o := &Overview{Groups: []Group{{Name: "git", Members: members}}}
		for i := range members {
			o.Counts.add(&members[i])
		}
		a := answerOf(o)
		if got := strings.TrimSpace(a.Lead + " " + a.Rest); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	up := Member{Name: "a-1", State: Up, Health: Fine}
	look := Member{Name: "a-2", State: Up, Health: Warn, Reason: "disk / 91 percent", Since: at(1)}
	late := Member{Name: "a-3", State: Late, Health: Fine, Since: at(2)}
	wrong := Member{Name: "a-4", State: Up, Health: Crit, Reason: "clock 9.0 s behind", Since: at(3)}
	lost := Member{Name: "a-5", State: Lost, Since: at(4)}
	f("No host reports yet. Start patou agent on one.")
	f("The one host is fine.", up)
	f("All 2 hosts are fine.", up, up)
	f("All 2 hosts are fine.", up, up, Member{Name: "g", State: Gone, Health: Crit})
	f("Disk / on a-2 is 91 percent full. The rest is fine.", up, look)
	f("a-3 is late. Disk / on a-2 is 91 percent full. The rest is fine.", up, look, late)
	f("The clock of a-4 is 9.0 s behind. 2 more need a look.", look, late, wrong)
	f("a-5 is lost. 1 more is wrong, and 2 need a look.", look, late, wrong, lost)
	f("4 hosts are lost: a-5, a-5, a-5 and 1 more. The rest is fine.", up, lost, lost, lost, lost)
	f("2 hosts are lost: a-5, a-5. a-3 is late. The rest is fine.", up, lost, lost, late)
}

func TestTheGroupAtTheBottomOfATroubleIsNamed(t *testing.T) {
	value, usual := 2.9, 0.18
	slow := []Signal{{Name: "p99", State: Warn, Value: &value, Usual: &usual}}
	o := &Overview{Groups: []Group{
		{Name: "edge", Calls: []string{"web"}, Signals: slow},
		{Name: "web", Calls: []string{"edge", "git"}},
		{Name: "git", Signals: slow, Members: []Member{{Name: "git-2", State: Up, Health: Warn, Reason: "waits for disks 61 percent of the time", Since: noon()}}},
	}}
	a := answerOf(o)
	if got, want := a.Lead+" "+a.Rest, "Git is slow: p99 2.9 s, usually 180 ms. git-2 is near its limit. The rest is fine."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
