package vitals

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// zoneIn sees which zone a host is in, and how far that is ahead of UTC in July.
func zoneIn(t *testing.T, root, tz, name string, ahead int) {
	t.Helper()
	zone, got := Zone(root, tz)
	_, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).In(zone).Zone()
	if got != name || offset != ahead {
		t.Errorf("TZ=%q: %q, %d s ahead; want %q and %d", tz, got, offset, name, ahead)
	}
}

func TestTheHostsZone(t *testing.T) {
	const berlin = "/usr/share/zoneinfo/Europe/Berlin"
	rules, err := os.ReadFile(berlin)
	if err != nil {
		t.Skip("this machine knows no zones:", err)
	}
	m := newMachine(t)
	zoneIn(t, m.root, "", "UTC", 0)
	zoneIn(t, m.root, "Asia/Tokyo", "Asia/Tokyo", 9*3600)
	zoneIn(t, m.root, ":Asia/Tokyo", "Asia/Tokyo", 9*3600)
	m.write("etc/localtime", string(rules)) // a copy
	zoneIn(t, m.root, "", "", 7200)
	m.write("etc/timezone", "Europe/Berlin\n")
	zoneIn(t, m.root, "", "Europe/Berlin", 7200)
	zoneIn(t, m.root, "Moon/Crater", "Europe/Berlin", 7200)
	m.write("etc/localtime", "no zone")
	zoneIn(t, m.root, "", "UTC", 0)

	link := filepath.Join(m.root, "etc/localtime")
	m.write("usr/share/zoneinfo/Europe/Paris", string(rules))
	for _, to := range []string{"../usr/share/zoneinfo/Europe/Paris", "/usr/share/zoneinfo/Europe/Paris"} {
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
		zoneIn(t, m.root, "", "Europe/Paris", 7200)
	}
}
