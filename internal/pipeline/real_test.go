package pipeline

import (
	"strings"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/test/shared"
)

// The first lines of real files, of which most begin with a time: how many are
// understood.
func TestRealPlainLinesSayTheirTime(t *testing.T) {
	p := New(Options{Zone: time.UTC})
	check := func(wantTimed, wantLevel int, parts ...string) {
		t.Helper()
		timed, leveled, lines := 0, 0, 0
		for line := range strings.Lines(string(shared.Read(t, parts...))) {
			e := entry.Entry{Message: line, Time: 1, Fields: []entry.Field{{Key: entry.FileField, Value: "/x"}}}
			p.Process(at(noon), &e)
			lines++
			if e.Time != 1 {
				timed++
			}
			if e.Level != entry.LevelNone {
				leveled++
			}
		}
		if timed*100 < wantTimed*lines || leveled*100 < wantLevel*lines {
			t.Errorf("%v: of %d lines %d have a time, %d a level", parts, lines, timed, leveled)
		}
		t.Logf("%v: of %d lines %d have a time, %d a level", parts, lines, timed, leveled)
	}
	check(99, 99, "logs", "access", "nginx-error-own.log")
	check(75, 70, "logs", "databases", "logfile_postgres.0") // empty lines aside
	check(90, 50, "logs", "databases", "logfile_mysql_error.0")
	check(99, 99, "logs", "loghub", "Hadoop_2k.log")
	check(99, 0, "logs", "loghub", "Linux_2k.log")
}
