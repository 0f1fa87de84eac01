//go:build real

package real

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"patou/internal/agent/processes"
	"patou/internal/agent/units"
	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// latest keeps the last value of each series.
type latest struct{ samples chan metric.Sample }

func (l latest) Samples(ctx context.Context, samples []metric.Sample) error {
	for _, s := range samples {
		select {
		case l.samples <- s:
		default: // nobody asks for so many
		}
	}
	return nil
}

// unitIn waits for a report in which a unit is as wanted.
func unitIn(t *testing.T, reports <-chan []host.Unit, name string, as func(u host.Unit) bool) (host.Unit, time.Duration) {
	t.Helper()
	began, last := time.Now(), []host.Unit(nil)
	for patience := time.After(20 * time.Second); ; {
		select {
		case last = <-reports:
			for _, u := range last {
				if u.Name == name && as(u) {
					return u, time.Since(began)
				}
			}
		case <-patience:
			t.Fatalf("%s did not become as wanted: %+v", name, last)
		}
	}
}

func TestUnitsOfARealMachineAreFollowed(t *testing.T) {
	newNetwork(t)
	m := prepare(t, "units-1", 31, nil, map[string]string{
		"/etc/systemd/system/worker.service": "[Service]\nExecStart=/bin/sleep 1000\nRestart=on-failure\nRestartSec=100ms\n",
		"/etc/systemd/system/broken.service": "[Service]\nExecStart=/bin/false\n",
	})
	m.boot()
	m.until("the bus answers", "busctl --no-pager list")
	reports, samples := make(chan []host.Unit, 100), make(chan metric.Sample, 1000)
	w := units.New(units.Options{
		Address: fmt.Sprintf("unix:path=/proc/%d/root/run/dbus/system_bus_socket", m.leader),
		Clock:   clock.Real{}, Telemetry: &telemetry.Set{}, Sink: latest{samples},
		Report:  func(r host.Report) { reports <- r.Units },
		Missing: func(_ string, err error) { t.Errorf("missing: %v", err) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	check := func(name, script string, as func(u host.Unit) bool) {
		t.Helper()
		m.sh(script)
		u, took := unitIn(t, reports, name, as)
		t.Logf("%q was told after %v: %+v", script, took, u)
		if took > time.Second {
			t.Errorf("%q was told after %v", script, took)
		}
		if age := time.Since(u.Since); age < 0 || age > time.Minute {
			t.Errorf("%s is so since %v", name, u.Since)
		}
	}
	check("worker.service", "systemctl start worker", func(u host.Unit) bool { return u.Sub == "running" })
	check("worker.service", "systemctl kill -s KILL worker", func(u host.Unit) bool { return u.Sub == "running" && u.Restarts == 1 })
	check("broken.service", "systemctl start broken; true", func(u host.Unit) bool { return u.Active == "failed" })
	for s := range samples {
		if s.Name == "unit.failed" && s.Value >= 1 {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestProcessesOfARealMachineAreGroupedByUnit(t *testing.T) {
	newNetwork(t)
	m := prepare(t, "procs-1", 32, []string{"postgresql.service"}, map[string]string{
		"/etc/systemd/system/burn.service": "[Service]\nExecStart=/bin/sh -c 'while :; do /bin/true; done'\n",
	})
	m.boot()
	m.until("PostgreSQL answers", "su postgres -c 'psql -c select\\ 1'")
	m.sh("systemctl start burn")
	samples := make(chan metric.Sample, 10_000)
	c := processes.New(processes.Options{
		Root: "/proc/" + strconv.Itoa(m.leader) + "/root", Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Sink: latest{samples},
		Every: func() time.Duration { return 2 * time.Second },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	seen := map[string]float64{}
	for patience := time.After(30 * time.Second); seen["process.burn-service.cpu"] == 0; {
		select {
		case s := <-samples:
			seen[s.Name] = s.Value
		case <-patience:
			t.Fatalf("no time of burn.service: %v", seen)
		}
	}
	var names []string
	for name, v := range seen {
		if strings.HasSuffix(name, ".cpu") || strings.HasSuffix(name, ".memory") {
			names = append(names, fmt.Sprintf("%s=%.0f", name, v))
		}
	}
	t.Log(names)
	if cpu := seen["process.burn-service.cpu"]; cpu < 30 || cpu > 200 {
		t.Errorf("burn.service, whose children live for a millisecond, takes %.0f %% of a core", cpu)
	}
	shell, err := strconv.Atoi(strings.TrimSpace(m.sh("systemctl show -P MainPID burn")))
	if err != nil || c.GroupOf(shell) != "burn.service" {
		t.Errorf("process %d is of %q, %v", shell, c.GroupOf(shell), err)
	}
	if memory := seen["process.postgresql-15-main-service.memory"]; memory < 1<<20 {
		t.Errorf("PostgreSQL has %.0f bytes", memory)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
