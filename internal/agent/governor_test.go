package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"patou/internal/host"
)

func TestSweepsComeLessOftenAboveTheBudget(t *testing.T) {
	g := newGovernor(1)
	for _, c := range []struct {
		percent float64
		want    time.Duration
	}{
		{0.5, 5 * time.Second}, {1.2, 10 * time.Second}, {1.2, 20 * time.Second}, {0.7, 20 * time.Second},
		{3, 40 * time.Second}, {3, time.Minute}, {3, time.Minute}, {0.3, time.Minute},
	} {
		g.spent(c.percent)
		if got := g.every(5 * time.Second); got != c.want {
			t.Errorf("after %v percent every %s, want %s", c.percent, got, c.want)
		}
	}
	for range 5 * calm {
		g.spent(0.3)
	}
	if got := g.every(5 * time.Second); got != 5*time.Second {
		t.Errorf("after some quiet minutes every %s", got)
	}
	if got := g.every(5 * time.Minute); got != 5*time.Minute {
		t.Errorf("what is slow anyway comes every %s", got)
	}
}

func TestOneQuietReadingIsNoReasonToHurry(t *testing.T) {
	g := newGovernor(1)
	g.spent(2)
	for range 20 {
		for range calm - 1 {
			g.spent(0.1)
		}
		g.spent(0.8)
	}
	if got := g.every(5 * time.Second); got != 10*time.Second {
		t.Errorf("every %s", got)
	}
}

func TestWithoutABudgetNothingIsSlowedDown(t *testing.T) {
	g := newGovernor(0)
	if g.spent(100) || g.every(5*time.Second) != 5*time.Second {
		t.Errorf("every %s", g.every(5*time.Second))
	}
}

func TestTheCostOfThisProcessIsMeasured(t *testing.T) {
	before := processorTime()
	for processorTime()-before < 20*time.Millisecond {
		continue
	}
	if m := residentMemory(); m < 1<<20 || m > 4<<30 {
		t.Errorf("%d bytes resident", m)
	}
}

func TestJobsOfSystemdSayWhyTheMachineEnds(t *testing.T) {
	root := t.TempDir()
	for jobs, want := range map[string]host.Leaving{
		"":                                      host.Stopped,
		" 7 patou-agent.service stop running\n": host.Stopped,
		"3109 reboot.target start waiting\n3110 systemd-reboot.service start waiting\n3111 shutdown.target start waiting\n12 nginx.service stop running\n": host.Reboot,
		"11 shutdown.target start waiting\n9 poweroff.target start waiting\n":                                                                              host.Shutdown,
		"11 shutdown.target start waiting\n9 kexec.target start waiting\n":                                                                                 host.Reboot,
		"11 shutdown.target stop waiting\n":                                                                                                                host.Stopped,
	} {
		l := leaver{root: root, jobs: func(context.Context) ([]byte, error) { return []byte(jobs), nil }}
		if got := l.why(t.Context()); got != want {
			t.Errorf("%q: %q, want %q", jobs, got, want)
		}
	}
}

func TestWithoutSystemdClosedLoginsSayThatTheMachineEnds(t *testing.T) {
	root := t.TempDir()
	l := leaver{root: root, jobs: func(context.Context) ([]byte, error) { return nil, errors.New("no systemd") }}
	if got := l.why(t.Context()); got != host.Stopped {
		t.Errorf("got %q", got)
	}
	if err := os.MkdirAll(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "run/nologin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := l.why(t.Context()); got != host.Shutdown {
		t.Errorf("got %q", got)
	}
}

func TestASystemThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	l := leaver{root: t.TempDir(), jobs: func(ctx context.Context) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	begin := time.Now()
	if got := l.why(t.Context()); got != host.Stopped || time.Since(begin) > 5*time.Second {
		t.Errorf("%q after %s", got, time.Since(begin))
	}
}
