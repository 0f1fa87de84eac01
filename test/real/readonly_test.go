//go:build real

package real

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patou/internal/agent/vitals"
	"patou/internal/clock"
	"patou/internal/host"
	"patou/internal/telemetry"
)

// disk is an ext4 of its own, mounted until the test ends, and a collector that
// watches it.
type disk struct {
	path, loop string
	clock      *clock.Manual
	c          *vitals.Collector
	told       *host.FileSystem // the last report of it
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped 1 test: mounting a file system needs root")
	}
	d := &disk{path: filepath.Join(t.TempDir(), "with space"), clock: clock.NewManual(time.Now())}
	image := write(t, t.TempDir(), "image", "")
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.path, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.ext4", "-q", image)
	run(t, "mount", "-o", "loop,errors=remount-ro", image, d.path)
	t.Cleanup(func() { // the test's context has ended
		if out, err := exec.Command(find(t, "umount"), d.path).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v\n%s", d.path, err, out)
		}
	})
	d.loop = strings.TrimSpace(runIn(t, ".", commandTime, "findmnt", "-n", "-o", "SOURCE", d.path))
	d.c = vitals.New(vitals.Options{Clock: d.clock, Telemetry: new(telemetry.Set), Report: d.report})
	t.Cleanup(d.c.Close)
	return d
}

func (d *disk) report(r host.Report) {
	for _, f := range r.FileSystems {
		if f.Path == d.path {
			d.told = &f
		}
	}
}

// until is after how many readings, a second apart, the file system is told to
// be read-only or not, 99 when it is not.
func (d *disk) until(readOnly bool) int {
	for i := range 20 {
		d.clock.Advance(time.Second)
		if d.c.Read(); d.told != nil && d.told.ReadOnly == readOnly {
			return i + 1
		}
	}
	return 99
}

func TestAReadOnlyFileSystemIsToldOfWithinSeconds(t *testing.T) {
	d := newDisk(t)
	if n := d.until(false); n != 1 || d.told.Kind != "ext4" || d.told.Total < 8<<20 {
		t.Fatalf("after %d readings: %+v", n, d.told)
	}
	run(t, "mount", "-o", "remount,ro", d.path)
	if n := d.until(true); n != 1 {
		t.Errorf("remounted: told after %d readings", n)
	}
	run(t, "mount", "-o", "remount,rw", d.path)
	if n := d.until(false); n != 1 {
		t.Errorf("remounted again: told after %d readings", n)
	}
	trigger := filepath.Join("/sys/fs/ext4", filepath.Base(d.loop), "trigger_fs_error")
	if err := os.WriteFile(trigger, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.path, "x"), nil, 0o644); err == nil {
		t.Fatal("after an error of the disk it can still be written to")
	}
	if n := d.until(true); n > 5 {
		t.Errorf("an error of the disk: told after %d readings", n)
	}
}
