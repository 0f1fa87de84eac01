//go:build real

package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"patou/test/apptest"
)

// journalWith makes one file of a journal with messages of one unit.
func journalWith(t *testing.T, dir, name string, messages ...string) {
	t.Helper()
	export := ""
	for i, m := range messages {
		at := time.Now().Add(time.Duration(i) * time.Millisecond).UnixMicro()
		export += fmt.Sprintf("__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n_MACHINE_ID=%032x\n_HOSTNAME=shop-1\n"+
			"_SYSTEMD_UNIT=checkout.service\nPRIORITY=3\nSYSLOG_IDENTIFIER=checkout\nMESSAGE=%s\n\n", at, at, 7, 8, m)
	}
	file := write(t, dir, "in.export", export)
	run(t, "/lib/systemd/systemd-journal-remote", "-o", filepath.Join(dir, "journal", name+".journal"), file)
}

func TestThisHostsJournalIsReadOnce(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "journal"), 0o755); err != nil {
		t.Fatal(err)
	}
	journalWith(t, dir, "first", "card declined", "card accepted")
	real, err := exec.LookPath("journalctl")
	if err != nil {
		t.Fatalf("journalctl is not installed: run test/real/run")
	}
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s --directory=%s \"$@\"\n", real, filepath.Join(dir, "journal"))
	if err := os.WriteFile(filepath.Join(bin, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	config := write(t, dir, "patou.yaml", "vitals: off\n")
	expect := func(n int) {
		t.Helper()
		s := apptest.Start(t, binary, data, "--config", config)
		apptest.Eventually(t, "the journal's lines are there", func() bool { return len(s.Logs("component:checkout")) >= n })
		// The entries are of the host that has the journal; who wrote them is a field.
		entries := s.Logs("component:checkout level:error hostname:shop-1")
		if len(entries) != n || entries[n-1].Message != "card declined" {
			t.Errorf("entries of the journal: %+v, want %d", entries, n)
		}
		if code := s.Stop(); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.Stderr())
		}
	}
	expect(2)
	journalWith(t, dir, "second", "card expired")
	expect(3) // the second start goes on behind what the first kept
}
