package units

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// fake is a systemd in memory. Its methods are called by the watcher while the
// test waits for it to be idle.
type fake struct {
	mu       sync.Mutex // the race detector does not know that time orders
	units    []loaded
	unitFile map[string]string
	since    time.Time
	restarts int
	refuse   error
	lists    []string // what was asked for
	change   chan change
	dials    int
	closed   int
}

func (f *fake) list(_ context.Context, names []string) ([]loaded, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists = append(f.lists, strings.Join(names, " "))
	var out []loaded
	for _, u := range f.units {
		if names == nil || slices.Contains(names, u.name) {
			out = append(out, u)
		}
	}
	return out, f.refuse
}

func (f *fake) files(context.Context) (map[string]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unitFile, nil
}

func (f *fake) detail(_ context.Context, u *loaded) (detail, error) {
	if u.path == "" {
		return detail{}, errors.New("gone")
	}
	return detail{f.since, f.restarts}, nil
}

func (f *fake) changes() <-chan change {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.change
}

func (f *fake) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

// with reads or changes what the watcher does, too.
func (f *fake) with(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// watched is a watcher over a fake, in a bubble of time.
type watched struct {
	fake
	t       *testing.T
	reports []string
	failed  []float64
	missing []string
	ended   chan error
	stop    context.CancelFunc
}

func (w *watched) Samples(_ context.Context, samples []metric.Sample) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range samples {
		w.failed = append(w.failed, s.Value)
	}
	return nil
}

// watch starts a watcher; inside of synctest.Test alone.
func watch(t *testing.T, w *watched) {
	w.t, w.ended, w.change = t, make(chan error, 1), make(chan change, 10)
	ctx, cancel := context.WithCancel(t.Context())
	w.stop = cancel
	watcher := New(Options{
		Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Sink: w,
		Report: func(r host.Report) {
			line := ""
			for _, u := range r.Units {
				line += fmt.Sprintf("%s=%s/%s ", u.Name, u.Active, u.Sub)
			}
			w.with(func() { w.reports = append(w.reports, strings.TrimSpace(line)) })
		},
		Missing: func(_ string, err error) { w.with(func() { w.missing = append(w.missing, err.Error()) }) },
		dial: func(context.Context) (manager, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.dials++
			return &w.fake, w.refuse
		},
	})
	go func() { w.ended <- watcher.Run(ctx) }()
	synctest.Wait()
}

// after lets time pass.
func (w *watched) after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (w *watched) expect(reports ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.reports, reports) {
		w.t.Errorf("reports\n%s, want\n%s", strings.Join(w.reports, "\n"), strings.Join(reports, "\n"))
	}
}

// asked compares the lists that were asked for.
func (w *watched) asked(want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.lists, want) {
		w.t.Errorf("asked for %q, want %q", w.lists, want)
	}
}

func (w *watched) end() {
	w.t.Helper()
	w.stop()
	if err := <-w.ended; err != nil {
		w.t.Errorf("Run: %v", err)
	}
}

func unitOf(name, active, sub string) loaded {
	return loaded{name, "loaded", active, sub, "/unit/" + name}
}

func TestAChangeIsReportedWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{fake: fake{units: []loaded{unitOf("nginx.service", "active", "running")}}}
		watch(t, w)
		w.expect("nginx.service=active/running")
		w.with(func() { w.units[0] = unitOf("nginx.service", "failed", "failed") })
		w.change <- change{name: "nginx.service"}
		w.change <- change{name: "nginx.service"}
		w.after(time.Second)
		w.expect("nginx.service=active/running", "nginx.service=failed/failed")
		w.asked("", "nginx.service")
		w.after(time.Second)
		w.with(func() {
			if n := len(w.failed); n != 2 || w.failed[n-1] != 1 {
				t.Errorf("unit.failed %v", w.failed)
			}
		})
		w.end()
		if w.closed != 1 {
			t.Error("the connection is left open")
		}
	})
}

func TestUnitsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{fake: fake{units: []loaded{unitOf("a.service", "active", "running")}}}
		watch(t, w)
		w.with(func() { w.units = append(w.units, unitOf("b.service", "active", "running")) })
		w.change <- change{name: "b.service"}
		w.after(time.Second)
		w.with(func() { w.units = w.units[:1] })
		w.change <- change{name: "b.service"}
		w.change <- change{name: "b.service", gone: true}
		w.change <- change{name: "c.service", gone: true} // never known: not asked about
		w.after(time.Second)
		w.expect("a.service=active/running", "a.service=active/running b.service=active/running", "a.service=active/running")
		w.asked("", "b.service", "b.service")
		w.end()
	})
}

func TestASignalAloneTakesNoUnitAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{fake: fake{units: []loaded{unitOf("a.service", "failed", "failed")}}}
		watch(t, w)
		w.change <- change{name: "a.service", gone: true} // as any local user may send
		w.after(time.Second)
		w.expect("a.service=failed/failed")
		w.asked("", "a.service")
		w.end()
	})
}

func TestAListNowAndThenFindsWhatNoSignalTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{fake: fake{units: []loaded{unitOf("a.service", "active", "running")}}}
		watch(t, w)
		w.with(func() { w.units[0].sub = "reload" })
		w.after(relistTime)
		w.expect("a.service=active/running", "a.service=active/reload")
		w.with(func() {
			w.unitFile = map[string]string{"b.service": "enabled"}
			w.units = append(w.units, unitOf("b.service", "inactive", "dead"))
		})
		w.change <- change{} // as after daemon-reload
		w.after(time.Second)
		w.expect("a.service=active/running", "a.service=active/reload", "a.service=active/reload b.service=inactive/dead")
		w.end()
	})
}

func TestALostConnectionIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{fake: fake{units: []loaded{unitOf("a.service", "active", "running")}}}
		watch(t, w)
		samples := 0
		w.with(func() {
			close(w.change)
			w.change, w.refuse = make(chan change, 10), errors.New("no answer")
		})
		w.after(10 * time.Second)
		w.with(func() {
			if w.dials != 4 || len(w.missing) != 1 { // after 1, 2 and 4 more seconds
				t.Errorf("%d connections, missing %q", w.dials, w.missing)
			}
			samples, w.refuse = len(w.failed), nil
			w.units[0] = unitOf("a.service", "failed", "failed")
		})
		w.after(10 * time.Second)
		w.expect("a.service=active/running", "a.service=failed/failed")
		w.with(func() {
			if len(w.failed) <= samples || samples > 1 {
				t.Errorf("%d samples without a connection, %d with one", samples, len(w.failed))
			}
		})
		w.end()
	})
}

func TestWithoutSystemdThatIsSaidOnceAndAllEnds(t *testing.T) {
	var missing []string
	w := New(Options{
		Root: t.TempDir(), Clock: clock.NewManual(time.Unix(0, 0)), Telemetry: &telemetry.Set{},
		Missing: func(what string, err error) { missing = append(missing, what+": "+err.Error()) },
	})
	if err := w.Run(t.Context()); err != nil || len(missing) != 1 || !strings.Contains(missing[0], "systemd does not run here") {
		t.Errorf("%v, missing %q", err, missing)
	}
}

func TestABusThatDoesNotAnswerIsTriedAgain(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "run/systemd/system"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := New(Options{Root: root, Clock: clock.Real{}, Telemetry: &telemetry.Set{}})
	err := w.watch(t.Context())
	if err == nil || errors.Is(err, errNoSystemd) || !strings.Contains(err.Error(), "run/systemd/private") {
		t.Errorf("%v: wanted systemd's own socket where there is no bus", err)
	}
}

func TestWhatIsWorthTelling(t *testing.T) {
	k := newKeeper()
	k.files = map[string]string{
		"web.service": "enabled", "var.mount": "generated", "ssh.socket": "enabled", "worker@.service": "enabled", "static.service": "static",
	}
	check := func(u loaded, want bool) {
		t.Helper()
		if got := k.told(&known{loaded: u}); got != want {
			t.Errorf("%+v is told of: %v", u, got)
		}
	}
	check(unitOf("web.service", "inactive", "dead"), true)
	check(unitOf("worker@7.service", "inactive", "dead"), true)
	check(unitOf("static.service", "active", "running"), true)
	check(unitOf("static.service", "active", "exited"), false)
	check(unitOf("static.service", "inactive", "dead"), false)
	check(unitOf("static.service", "failed", "failed"), true)
	check(unitOf("var.mount", "active", "mounted"), true)
	check(unitOf("run-docker-netns-1.mount", "active", "mounted"), false)
	check(unitOf("proc-sys.mount", "active", "mounted"), false)
	check(unitOf("ssh.socket", "active", "listening"), true)
	check(unitOf("dbus.socket", "active", "running"), false)
	check(unitOf("logrotate.timer", "active", "waiting"), true)
	check(unitOf("user@1000.service", "active", "running"), false)
	check(unitOf("run-u7.service", "failed", "failed"), true)
	check(loaded{name: "gone.service", load: "not-found", active: "inactive"}, false)
}

func TestReportsAreOrderedAndWhole(t *testing.T) {
	k := newKeeper()
	since := time.Unix(1_800_000_000, 0)
	k.replace([]loaded{
		unitOf("b.service", "active", "running"), unitOf("a.service", "active", "running"), unitOf("z.service", "failed", "failed"),
		unitOf("sda.device", "active", "plugged"),
	}, map[string]string{"a.service": "enabled"})
	for _, u := range k.lacking() {
		u.detail, u.asked = detail{since, 3}, true
	}
	want := []host.Unit{
		{Name: "z.service", Active: "failed", Sub: "failed", Since: since, Restarts: 3},
		{Name: "a.service", Active: "active", Sub: "running", Since: since, Enabled: true, Restarts: 3},
		{Name: "b.service", Active: "active", Sub: "running", Since: since, Restarts: 3},
	}
	if got := k.report(); !equal(got, want) || k.failed() != 1 {
		t.Errorf("%+v", got)
	}
	k.replace([]loaded{unitOf("a.service", "active", "running"), unitOf("b.service", "active", "reload")}, nil)
	if got := k.lacking(); len(got) != 1 || got[0].name != "b.service" {
		t.Errorf("asked again about %+v, want what changed", got)
	}
	if equal(nil, nil) || !equal([]host.Unit{}, []host.Unit{}) {
		t.Error("nothing reported is not the same as a report of nothing")
	}
}

func TestReportsAreBounded(t *testing.T) {
	k := newKeeper()
	var all []loaded
	for i := range maxUnits + 5 {
		all = append(all, unitOf(fmt.Sprintf("u%04d.service", i), "active", "running"))
	}
	all[len(all)-1].active = "failed"
	k.replace(all, nil)
	if got := k.report(); len(got) != maxUnits || got[0].Active != "failed" {
		t.Errorf("%d units, the first %+v", len(got), got[0])
	}
}
