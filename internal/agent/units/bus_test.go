package units

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// daemon is a D-Bus of the test's own.
func daemon(t *testing.T) (address string, cmd *exec.Cmd) {
	t.Helper()
	path, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("dbus-daemon is not installed")
	}
	dir := t.TempDir()
	address = "unix:path=" + filepath.Join(dir, "bus")
	config := `<busconfig><type>system</type><listen>` + address + `</listen><auth>EXTERNAL</auth>` +
		`<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/>` +
		`<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>` +
		`<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/></policy></busconfig>`
	file := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(path, "--config-file="+file, "--nofork", "--nopidfile", "--print-address")
	out, _ := cmd.StdoutPipe()
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("dbus-daemon did not start: %v", err)
	}
	return address, cmd
}

// standIn answers on a real bus as systemd does.
type standIn struct {
	conn *dbus.Conn
	mu   sync.Mutex
	rows []row
}

// Subscribe, ListUnits and the others are systemd's methods.
func (s *standIn) Subscribe() *dbus.Error { return nil }

func (s *standIn) ListUnits() ([]row, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]row(nil), s.rows...), nil
}

func (s *standIn) ListUnitsByPatterns(_, names []string) (out []row, _ *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		for _, n := range names {
			if r.Name == strings.ReplaceAll(n, `\\`, `\`) {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

func (s *standIn) ListUnitFiles() ([]struct{ Path, State string }, *dbus.Error) {
	return []struct{ Path, State string }{{"/lib/systemd/system/nginx.service", "enabled"}}, nil
}

// Get is of each unit's properties.
func (s *standIn) Get(_, property string) (dbus.Variant, *dbus.Error) {
	switch property {
	case "ActiveEnterTimestamp":
		return dbus.MakeVariant(uint64(1_700_000_000_000_001)), nil
	case "InactiveEnterTimestamp":
		return dbus.MakeVariant(uint64(1_700_000_999_000_000)), nil
	case "NRestarts":
		return dbus.MakeVariant(uint32(4)), nil
	}
	return dbus.Variant{}, dbus.MakeFailedError(errors.New("no such property"))
}

func standsIn(t *testing.T, address string) *standIn {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &standIn{conn: conn, rows: []row{{
		Name: "nginx.service", Load: "loaded", Active: "active", Sub: "running", Path: unitsPath + "/nginx_2eservice", JobPath: "/",
	}}}
	err = errors.Join(conn.Export(s, managerPath, managerMember), conn.ExportSubtree(s, unitsPath, properties))
	if reply, asked := conn.RequestName(systemd, 0); err != nil || asked != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("standing in for systemd: %v, %v, %v", err, reply, asked)
	}
	return s
}

type nowhere struct{}

func (nowhere) Samples(context.Context, []metric.Sample) error { return nil }

func TestUnitsAreFollowedOverARealBus(t *testing.T) {
	address, cmd := daemon(t)
	s := standsIn(t, address)
	reports, missing := make(chan []host.Unit, 10), make(chan error, 1)
	w := New(Options{
		Address: address, Clock: clock.Real{}, Telemetry: &telemetry.Set{}, Sink: nowhere{},
		Report: func(r host.Report) { reports <- r.Units }, Missing: func(_ string, err error) { missing <- err },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	want := host.Unit{Name: "nginx.service", Active: "active", Sub: "running", Since: time.UnixMicro(1_700_000_000_000_001), Enabled: true, Restarts: 4}
	if got := <-reports; !equal(got, []host.Unit{want}) {
		t.Errorf("%+v, want %+v", got, want)
	}
	s.mu.Lock()
	s.rows[0].Active, s.rows[0].Sub = "failed", "failed"
	s.mu.Unlock()
	began := time.Now()
	if err := s.conn.Emit(unitsPath+"/nginx_2eservice", properties+".PropertiesChanged", unitMember, map[string]dbus.Variant{}, []string{"ActiveState"}); err != nil {
		t.Fatal(err)
	}
	want.Active, want.Sub, want.Since = "failed", "failed", time.UnixMicro(1_700_000_999_000_000)
	if got := <-reports; !equal(got, []host.Unit{want}) || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %+v, want %+v", time.Since(began), got, want)
	}
	_ = cmd.Process.Kill()
	if err := <-missing; err == nil {
		t.Error("the end of the bus is not said")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestABusWithoutSystemdIsAnError(t *testing.T) {
	address, _ := daemon(t)
	if _, err := connect(t.Context(), address, true); err == nil || !strings.Contains(err.Error(), "systemd") {
		t.Errorf("%v", err)
	}
}
