package vitals

import (
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/host"
)

const rootMount = "28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"

func TestFileSystemsAreMeasured(t *testing.T) {
	m := newMachine(t)
	m.write("proc/self/mountinfo", rootMount+"30 28 8:2 / /var/log rw - xfs /dev/sdb1 rw\n31 28 8:3 / /gone rw - xfs /dev/sdc1 rw\n")
	m.disks["/"] = usage{total: 1000, free: 400, available: 300, files: 10, filesFree: 1}
	m.disks["/var/log"] = usage{total: 500, free: 500, available: 500}
	want := map[string]float64{
		"filesystem.root.used": 600, "filesystem.root.available": 300, "filesystem.root.total": 1000,
		"filesystem.root.used_percent": 100 * 600. / 900, "filesystem.root.files_percent": 90, "filesystem.root.read_only": 0,
		"filesystem.var-log.used": 0, "filesystem.var-log.available": 500, "filesystem.var-log.total": 500,
		"filesystem.var-log.used_percent": 0, "filesystem.var-log.read_only": 0,
		"saturation.disk": 90,
	}
	m.want(m.read(0), want)
	m.want(m.read(time.Second), want)
	systems := m.reports[0].FileSystems
	if len(systems) != 2 || systems[0].Path != "/" || systems[0].Used != 600 || systems[0].Files != 9 || systems[0].FilesMax != 10 || systems[1].Kind != "xfs" {
		t.Errorf("reported %+v", systems)
	}
	if full := m.reports[0].Full; len(full) != 1 || full[0].Name != "disk" || full[0].Of != "/" || full[0].Percent != 90 {
		t.Errorf("reported %+v", full)
	}
}

// readOnlyAfter is after how many readings a machine's file systems are told of
// as read-only.
func readOnlyAfter(m *machine) int {
	told := len(m.reports)
	for i := range 2 * relist {
		got := m.read(time.Second)
		said := slices.ContainsFunc(m.reports[told:], func(r host.Report) bool { return len(r.FileSystems) > 0 && r.FileSystems[0].ReadOnly })
		if said != (got["filesystem.root.read_only"] == 1) {
			m.t.Errorf("series: %v, report: %v", got["filesystem.root.read_only"], said)
		}
		if said {
			return i + 1
		}
	}
	m.t.Error("not told")
	return 0
}

func TestAFileSystemThatBecomesReadOnlyIsToldOf(t *testing.T) {
	m := newMachine(t)
	m.write("proc/self/mountinfo", rootMount)
	m.disks["/"] = usage{total: 1000, free: 10, available: 10}
	m.read(0)
	m.disks["/"] = usage{total: 1000, free: 10, available: 10, readOnly: true}
	if n := readOnlyAfter(m); n != 1 {
		t.Errorf("told after %d readings by its own answer", n)
	}
	if got := m.read(time.Second); got["saturation.disk"] != 0 {
		t.Errorf("a file system that takes nothing is full: %v", got)
	}
	m.disks["/"] = usage{total: 1000, free: 10, available: 10}
	m.read(time.Second)
	m.write("proc/self/mountinfo", strings.Replace(rootMount, "rw,errors", "rw,emergency_ro,errors", 1))
	if n := readOnlyAfter(m); n > relist {
		t.Errorf("told after %d readings by its options", n)
	}
}

func TestFileSystemsAreReportedNowAndThen(t *testing.T) {
	m := newMachine(t)
	m.write("proc/self/mountinfo", rootMount)
	m.disks["/"] = usage{total: 1000, free: 400, available: 300}
	told := 0
	for range 61 {
		m.read(time.Second)
	}
	for _, r := range m.reports {
		told += len(r.FileSystems)
	}
	if told != 3 || len(m.reports) != 61 {
		t.Errorf("told %d times in %d reports", told, len(m.reports))
	}
	m.disks["/"] = usage{total: 2000, free: 400, available: 300} // it has grown
	m.read(time.Second)
	if r := m.reports[61]; len(r.FileSystems) != 1 || r.FileSystems[0].Total != 2000 {
		t.Errorf("reported %+v", r)
	}
}

func TestEachFileSystemCountsOnceAndNoneOfAnotherMachine(t *testing.T) {
	text := `22 28 0:21 / /proc rw - proc proc rw
28 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
29 28 8:2 /part /etc/hosts rw - ext4 /dev/sdb1 rw
30 28 8:2 /part /data rw - ext4 /dev/sdb1 rw
31 28 8:3 /sub /a rw - ext4 /dev/sdc1 rw
32 28 8:3 / /whole/of/it rw - ext4 /dev/sdc1 rw
33 28 0:45 / /nas rw - nfs4 nas:/x rw
34 33 7:1 / /nas/image rw - ext4 /dev/loop1 rw
35 28 8:4 / /nas2 ro - vfat /dev/sdd1 ro
36 28 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
37 28 8:5 / /below rw - ext4 /dev/sde1 rw
38 28 8:6 / /below rw - ext4 /dev/sdf1 rw
41 28 8:8 /nspawn/propagate/db-1 /run/host/incoming ro - ext4 /dev/sdh1 rw
42 28 8:8 /docker/x/resolv.conf /etc/resolv.conf rw - ext4 /dev/sdh1 rw
39 28 0:60 / /home rw - fuse.sshfs me@there:/ rw
40 28 8:7 / /with\040space rw - btrfs /dev/sdg rw
broken
`
	var got []string
	for _, m := range chosen(parseMounts(text)) {
		got = append(got, m.path)
	}
	if want := []string{"/", "/data", "/whole/of/it", "/nas2", "/below", "/with space"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := unescape(`/a\040b\x`); got != `/a b\x` {
		t.Errorf("got %q", got)
	}
}

func TestPathsThatGiveOneNameHaveTwoSeries(t *testing.T) {
	m := newMachine(t)
	m.write("proc/self/mountinfo", "1 0 8:1 / /a/b rw - ext4 a rw\n2 0 8:2 / /a-b rw - ext4 b rw\n")
	m.disks["/a/b"] = usage{total: 1}
	m.disks["/a-b"] = usage{total: 2}
	if got := m.read(0); got["filesystem.a-b.total"] != 1 || got["filesystem.a-b-2.total"] != 2 {
		t.Errorf("got %v", got)
	}
}
