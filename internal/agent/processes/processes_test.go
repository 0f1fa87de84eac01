package processes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

func TestAUnitsProcessesAreSummed(t *testing.T) {
	m := newMachine(t)
	page := float64(os.Getpagesize())
	a := task{pid: 10, parent: 1, comm: "nginx", cgroup: nginx, own: 5, pages: 100, shared: 60, files: 3}
	b := task{pid: 11, parent: 10, comm: "nginx", cgroup: nginx, own: 7, pages: 90, shared: 50, files: 4, read: 1000}
	m.run(a)
	m.run(b)
	m.sweep(5)
	if _, ok := m.values["process.nginx-service.cpu"]; ok {
		t.Error("a rate after one sweep")
	}
	a.own, b.own, b.read = 6, 8.5, 11_000
	m.run(a)
	m.run(b)
	m.sweep(5)
	m.expect("nginx-service.cpu", 50) // 2.5 s of 5
	m.expect("nginx-service.count", 2)
	m.expect("nginx-service.threads", 4)
	m.expect("nginx-service.memory", (40+40+60)*page)
	m.expect("nginx-service.files", 7)
	m.expect("nginx-service.read_bytes", 2000)
	m.expect("nginx-service.write_bytes", 4000)
	want := host.Process{Group: "nginx.service", Command: "nginx", Count: 2, Threads: 4, CPU: 50, Memory: int64(140 * page), Read: 2000, Write: 4000, Files: 7}
	if len(m.report) != 1 || m.report[0] != want {
		t.Errorf("report %+v, want %+v", m.report, want)
	}
	if got := m.c.GroupOf(11); got != "nginx.service" {
		t.Errorf("GroupOf = %q", got)
	}
}

func TestChildrenThatNoSweepSawCountOnceForTheirParent(t *testing.T) {
	m := newMachine(t)
	make := task{pid: 20, parent: 1, comm: "make", own: 1, waited: 50}
	m.run(make)
	m.sweep(5)
	make.waited = 53 // compilers that came and went
	m.run(make)
	m.sweep(5)
	m.expect("make.cpu", 60)
}

func TestTheTimeOfAChildThatWasSeenIsNotCountedAgain(t *testing.T) {
	m := newMachine(t)
	parent := task{pid: 20, parent: 1, comm: "make"}
	child := task{pid: 21, parent: 20, comm: "compiler", start: 500, own: 3}
	m.run(parent)
	m.run(child)
	m.sweep(5)
	child.own = 4
	m.run(child)
	m.sweep(5)
	m.expect("compiler.cpu", 20)
	m.expect("make.cpu", 0)
	m.end(21)
	parent.waited = 4.5 // half a second of it is new
	m.run(parent)
	m.sweep(5)
	m.expect("compiler.cpu", 0)
	m.expect("make.cpu", 10)
}

func TestAWholeFamilysEndIsNoBurst(t *testing.T) {
	m := newMachine(t)
	first := task{pid: 1, comm: "init", cgroup: "0::/init.scope\n"}
	m.run(first)
	m.run(task{pid: 30, parent: 1, comm: "server", own: 3600, waited: 10})
	m.run(task{pid: 31, parent: 30, comm: "worker", own: 7200})
	m.sweep(5)
	m.end(30)
	m.end(31)
	first.waited = 3600 + 10 + 7200 + 0.5 // the orphan is waited for by process 1
	m.run(first)
	m.sweep(5)
	m.expect("init-scope.cpu", 10)
}

func TestATimeThatShowsASweepLaterIsKnownToo(t *testing.T) {
	m := newMachine(t)
	parent := task{pid: 20, parent: 1, comm: "make"}
	m.run(parent)
	m.run(task{pid: 21, parent: 20, comm: "compiler", own: 4})
	m.sweep(5)
	m.end(21)
	m.sweep(5)
	parent.waited = 4
	m.run(parent)
	m.sweep(5)
	m.expect("make.cpu", 0)
}

func TestNothingExceedsTheMachine(t *testing.T) {
	m := newMachine(t)
	p := task{pid: 20, parent: 1, comm: "make"}
	m.run(p)
	m.sweep(5)
	p.waited = 10_000
	m.run(p)
	m.sweep(5)
	m.expect("make.cpu", 200)
}

func TestANumberUsedAgainIsAnotherProcess(t *testing.T) {
	m := newMachine(t)
	m.run(task{pid: 40, parent: 1, comm: "old", own: 100, cgroup: nginx, start: 10})
	m.sweep(5)
	m.run(task{pid: 40, parent: 1, comm: "fresh", own: 1, start: 1007})
	m.sweep(5)
	m.expect("nginx-service.count", 0)
	if got := m.c.GroupOf(40); got != "fresh" {
		t.Errorf("GroupOf = %q", got)
	}
	for range trial {
		m.sweep(5)
	}
	m.expect("fresh.count", 1)
}

func TestAProcessThatBecomesAnotherProgramIsAskedAgain(t *testing.T) {
	m := newMachine(t)
	p := task{pid: 50, parent: 1, comm: "(nginx)", cgroup: "0::/init.scope\n"}
	m.run(p)
	m.sweep(5)
	m.sweep(5)
	p.comm, p.cgroup = "nginx", nginx
	m.run(p)
	m.sweep(5)
	m.expect("nginx-service.count", 1)
	m.expect("init-scope.count", 0)
}

func TestWhatAnEndedChildReadIsNotCountedAgain(t *testing.T) {
	m := newMachine(t)
	parent := task{pid: 20, parent: 1, comm: "postgres", cgroup: nginx}
	m.run(parent)
	m.run(task{pid: 21, parent: 20, comm: "postgres", cgroup: nginx, read: 1 << 30})
	m.sweep(5)
	m.end(21)
	parent.read = 1<<30 + 5000
	m.run(parent)
	m.sweep(5)
	m.expect("nginx-service.read_bytes", 1000)
}

func TestTheKernelsThreadsAreOneGroup(t *testing.T) {
	m := newMachine(t)
	m.run(task{pid: 2, comm: "kthreadd", flags: kernelThread})
	m.run(task{pid: 3, parent: 2, comm: "kworker/0:1", flags: kernelThread})
	m.sweep(5)
	m.expect("kernel.count", 2)
}

func TestBusyGroupsHaveSeriesAndTheRestIsOneMore(t *testing.T) {
	m := newMachine(t)
	for i := range maxGroups + 20 {
		m.run(task{pid: 100 + i, parent: 1, comm: "prog" + letters(i), pages: int64(1000 * (i + 1))})
	}
	m.sweep(5)
	m.expect("other.count", 20)
	m.expect("prog"+letters(maxGroups+19)+".count", 1)
	if _, ok := m.values["process.prog"+letters(0)+".count"]; ok {
		t.Error("the least has a series")
	}
	if len(m.report) != maxGroups+1 {
		t.Errorf("%d groups reported", len(m.report))
	}
}

func letters(i int) string { return string([]byte{'a' + byte(i/26), 'a' + byte(i%26)}) }

func TestAShownGroupStaysUntilAMuchBusierOneComes(t *testing.T) {
	m := newMachine(t)
	for i := range maxGroups {
		m.run(task{pid: 100 + i, parent: 1, comm: "prog" + letters(i), pages: 100_000})
	}
	m.sweep(5)
	late := task{pid: 900, parent: 1, comm: "late", pages: 110_000}
	m.run(late)
	for range 3 * hold {
		m.sweep(5)
	}
	m.expect("other.count", 1) // a little more is no reason
	late.pages = 900_000
	m.run(late)
	for range hold {
		m.sweep(5)
	}
	m.expect("late.count", 1)
	m.expect("other.count", 1)
}

func TestWhatRunsForAMomentGetsNoSeries(t *testing.T) {
	m := newMachine(t)
	m.run(task{pid: 1, comm: "init"})
	m.sweep(5)
	m.run(task{pid: 60, parent: 1, comm: "date", start: 1006})
	m.sweep(5)
	m.expect("other.count", 1)
	m.end(60)
	m.sweep(5)
	m.expect("other.count", 0)
	if len(m.c.groups.byNode) != 1 {
		t.Errorf("%d groups are remembered, want 1", len(m.c.groups.byNode))
	}
}

func TestAnEndedGroupIsAtZeroForAWhileAndThenGone(t *testing.T) {
	m := newMachine(t)
	m.run(task{pid: 10, parent: 1, comm: "nginx", cgroup: nginx, own: 1})
	m.sweep(5)
	m.end(10)
	m.sweep(5)
	m.expect("nginx-service.count", 0)
	m.expect("nginx-service.memory", 0)
	for range hold {
		m.sweep(5)
	}
	if len(m.values) != 0 || len(m.c.groups.byName) != 0 || len(m.c.groups.series) != 0 {
		t.Errorf("after a while: %v", m.values)
	}
}

func TestWhatMayNotBeReadIsSaidOnceAndLeftOut(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read all")
	}
	m := newMachine(t)
	c := New(Options{Clock: m.clock, Telemetry: &telemetry.Set{}, Sink: m, Missing: m.c.options.Missing})
	t.Cleanup(c.close)
	c.step(t.Context())
	c.step(t.Context())
	if strings.Join(m.missing, " ") != "/proc/[pid]/io" {
		t.Errorf("missing %v", m.missing)
	}
}

func TestAMachineWithoutProcIsSaidOnce(t *testing.T) {
	m := newMachine(t)
	m.c.step(t.Context())
	m.c.step(t.Context())
	if len(m.missing) != 1 || m.missing[0] != "/proc" || m.c.GroupOf(1) != "" {
		t.Errorf("missing %v", m.missing)
	}
}

func TestSamplesThatNobodyTakesAreCounted(t *testing.T) {
	m := newMachine(t)
	m.run(task{pid: 10, parent: 1, comm: "nginx", cgroup: nginx})
	m.refuse = true
	m.sweep(5)
	if n := m.c.dropped.Value(); n != 4 {
		t.Errorf("%d dropped, want memory, count, threads and files", n)
	}
}

func TestReportsComeEachThirdSweep(t *testing.T) {
	m := newMachine(t)
	m.run(task{pid: 10, parent: 1, comm: "nginx", cgroup: nginx})
	var got []bool
	for range 7 {
		m.sweep(5)
		got = append(got, m.report != nil)
	}
	if want := "[true true true false false true false]"; fmt.Sprint(got) != want {
		t.Errorf("reports %v, want %v", got, want)
	}
}

type sink struct{ sweeps chan int }

func (s sink) Samples(_ context.Context, samples []metric.Sample) error {
	s.sweeps <- len(samples)
	return errors.New("full")
}

func TestThePauseIsAskedForEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := 5 * time.Second
		s := sink{make(chan int, 1)}
		c := New(Options{Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Sink: s, Every: func() time.Duration { pause *= 2; return pause }})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		began := time.Now()
		for _, want := range []time.Duration{0, 10 * time.Second, 30 * time.Second} {
			if n := <-s.sweeps; n == 0 || time.Since(began) != want {
				t.Errorf("%d samples after %v, want %v", n, time.Since(began), want)
			}
		}
		cancel()
		if err := <-ended; err != nil || c.GroupOf(999_999_999) != "" {
			t.Errorf("Run: %v", err)
		}
	})
}
