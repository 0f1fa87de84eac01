package server

import (
	"errors"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"patou/test/apptest"
)

// TestCommandsAnswerAsPromised runs the scripts of testdata/commands against the
// binary and a server with a few entries and samples. In them `patou N ARGS…`
// runs a command that must exit with N.
func TestCommandsAnswerAsPromised(t *testing.T) {
	s := start(t, t.TempDir())
	fill(t, s)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/commands",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATOU_SERVER", s.URL(""))
			env.Setenv("HTTP", s.Addr("http"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"patou": exits},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("write: patou EXIT-CODE ARGUMENT...")
	}
	err = ts.Exec(binary, args[1:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// fill sends what the scripts look for.
func fill(t *testing.T, s *apptest.Server) {
	t.Helper()
	status, body := s.Post("/api/logs", "application/x-ndjson", `{"component":"shop.checkout","host":"web01","level":"error","message":"card declined","user":"ana"}
{"component":"shop.checkout","host":"web01","level":"info","message":"order placed","user":"ben"}
{"component":"shop.checkout","host":"web02","level":"info","message":"order placed","user":"ana"}
`)
	if status != http.StatusOK {
		t.Fatalf("post: %d %s", status, body)
	}
	sendTCP(t, s.Addr("graphite"), "shop.orders 3 -1\nshop.orders 4\n")
	apptest.Eventually(t, "the sample is there", hasValues(s, "shop.orders", 1))
}

func TestFsckAnswersByItsExitCode(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	fill(t, s)
	check := func(want int, says string) {
		t.Helper()
		cmd := exec.Command(binary, "fsck", "--data", data)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want || !strings.Contains(string(out), says) {
			t.Errorf("exit code %d, want %d and %q\n%s", got, want, says, out)
		}
	}
	check(1, "in use by process")
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM\n%s", code, s.Stderr())
	}
	check(0, "is sound")
	flipBytesInEachSegment(t, data)
	check(1, "damaged")
}
