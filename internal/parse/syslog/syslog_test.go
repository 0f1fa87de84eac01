package syslog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"patou/internal/entry"
	"patou/test/shared"
)

// now is a moment in mid-year, so that no date is ambiguous by accident.
func now() int64 { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).UnixNano() }

// brief is an entry on one line, for comparing.
func brief(e *entry.Entry) string {
	stamp := "-"
	if e.Time != 0 {
		stamp = time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s", stamp, e.Component, e.Host, e.Level)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s=%s", f.Key, f.Value)
	}
	return b.String() + " | " + e.Message
}

func TestMessagesAsSendersWriteThem(t *testing.T) {
	p := New(nil)
	check := func(in, want string) {
		t.Helper()
		var e entry.Entry
		if err := p.Parse(in, now(), &e); err != nil {
			t.Errorf("%q: %v", in, err)
		} else if got := brief(&e); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
	// RFC 5424
	check("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 12 ID47 - \uFEFFAn event",
		"2003-10-11T22:14:15.003Z evntslog mymachine.example.com notice facility=local4 pid=12 msgid=ID47 | An event")
	check(`<29>1 2016-02-21T04:32:57+01:00 web1 webapp.backend.git 2341 2 [origin][meta seq="1" svc="a \"b\" \] \\ \c"] GET /`,
		`2016-02-21T03:32:57Z webapp.backend.git web1 notice facility=daemon pid=2341 msgid=2 origin=true meta.seq=1 meta.svc=a "b" ] \ \c | GET /`)
	check(`<13>1 2026-01-02T03:04:05 h a - - [x@32473 ip="1" ip="2"]`,
		"2026-01-02T03:04:05Z a h notice facility=user x.ip=1,2 | ")
	check("<1>2 - - - - - -", "- unknown  alert facility=kern | ")
	check("<13>1 2026-01-02T03:04:05Z h a - - [broken data", "2026-01-02T03:04:05Z a h notice facility=user | [broken data")
	check("<13>1 2026-01-02T03:04:05Z h a - - no data", "2026-01-02T03:04:05Z a h notice facility=user | no data")
	check("<13>1 2026-01-02T03:04:05Z h a - - [ok a=\"1\"][bad\n", "2026-01-02T03:04:05Z a h notice facility=user | [ok a=\"1\"][bad")
	// RFC 3164
	check("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "2026-10-11T22:14:15Z su mymachine critical facility=auth | 'su root' failed")
	check("<34>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "2026-02-05T17:32:18Z unknown 10.0.0.99 critical facility=auth | Use the BFG!")
	check("<190>Nov 20 20:43:18 web1 nginx: 203.0.113.66 - - [x]", "2026-11-20T20:43:18Z nginx web1 info facility=local7 | 203.0.113.66 - - [x]")
	check("<86>Nov  3 09:23:38 automount[7998]: no host", "2026-11-03T09:23:38Z automount  info facility=authpriv pid=7998 | no host")
	check("<86>Nov 3 09:23:38.25 h /usr/sbin/cron[7]: x", "2026-11-03T09:23:38.25Z cron h info facility=authpriv pid=7 | x")
	check("<86>2026-02-21T04:32:57.5+0100 h sshd(pam_unix)[7]: x", "2026-02-21T03:32:57.5Z sshd h info facility=authpriv pid=7 | x")
	check("<131>2026-11-20T22:53:19.5+00:00 vm myapp hello from logger", "2026-11-20T22:53:19.5Z myapp vm error facility=local0 | hello from logger")
	check("<13>su: no time", "- su  notice facility=user | no time")
	check("<13>1 2 3", "- unknown  notice facility=user | 1 2 3")
	check("<13>http://x/ is down", "- unknown  notice facility=user | http://x/ is down")
	check("<13>12:30 lunch", "- unknown  notice facility=user | 12:30 lunch")
	check("Nov  3 09:23:38 veridian sudo: x", "2026-11-03T09:23:38Z sudo veridian none | x")
	check("<13>Mar  6 2016 16:57:54 h a: x", "2016-03-06T16:57:54Z a h notice facility=user | x")
	check("<13>Mar  6 16:57:54 2016 h a: x", "2016-03-06T16:57:54Z a h notice facility=user | x")
	// routers
	check("<167>Mar  6 16:57:54 172.20.245.8 %PIX-7-710005: at 13:20", "2026-03-06T16:57:54Z pix 172.20.245.8 debug facility=local4 msgid=PIX-7-710005 | at 13:20")
	check("<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured", "2026-03-01T18:46:11.123Z sys  notice facility=local7 msgid=SYS-5-CONFIG_I | Configured")
	check("<189>29: Mar  1 18:46:11 UTC: %SYS-5-X: y", "2026-03-01T18:46:11Z sys  notice facility=local7 msgid=SYS-5-X | y")
}

func TestTheYearIsTheNearestAndTheZoneTheParsers(t *testing.T) {
	zone := time.FixedZone("", 3600)
	p := New(zone)
	check := func(now, in, want string) {
		t.Helper()
		at, _ := time.Parse(time.RFC3339, now)
		var e entry.Entry
		if err := p.Parse(in, at.UnixNano(), &e); err != nil {
			t.Fatal(err)
		}
		if got := time.Unix(0, e.Time).UTC().Format(time.RFC3339); got != want {
			t.Errorf("at %s %q is %s, want %s", now, in, got, want)
		}
	}
	check("2027-01-01T00:00:10Z", "<1>Dec 31 23:59:58 h a: b", "2026-12-31T22:59:58Z")
	check("2026-12-31T23:59:50Z", "<1>Jan  1 01:00:05 h a: b", "2027-01-01T00:00:05Z")
	check("2027-12-31T23:59:50Z", "<1>Jan  1 01:00:05 h a: b", "2028-01-01T00:00:05Z")
	check("2028-03-01T00:00:00Z", "<1>Feb 29 23:00:00 h a: b", "2028-02-29T22:00:00Z")
	for m := time.January; m <= time.December; m++ {
		text := m.String()[:3]
		check("2026-07-01T00:00:00Z", "<1>"+text+" 15 13:00:00 h a: b", fmt.Sprintf("2026-%02d-15T12:00:00Z", m))
	}
}

func TestWhatIsNoSyslogIsRefused(t *testing.T) {
	check := func(in string, want error) {
		t.Helper()
		var e entry.Entry
		if err := New(nil).Parse(in, now(), &e); !errors.Is(err, want) {
			t.Errorf("%q: %v (%s), want %v", in, err, brief(&e), want)
		}
	}
	check("", ErrEmpty)
	check("\r\n", ErrEmpty)
	check("hello world", ErrNoPriority)
	check("\tat com.example.Main(Main.java:3)", ErrNoPriority)
	check("<>x", ErrPriority)
	check("<13", ErrPriority)
	check("<192>x", ErrPriority)
	check("<13x>", ErrPriority)
	check("<165>1 2003-10-11T22:14:15.003Z mymach", ErrShortHeader)
	check("<165>1 2003-10-11T22:14:15.003Z h a - -", ErrShortHeader)
}

func TestEntriesKeepTheirFieldsWhenTheArenaGrows(t *testing.T) {
	p := New(nil)
	var all []entry.Entry
	for i := range 300 {
		var e entry.Entry
		in := fmt.Sprintf(`<13>1 - h a %d - [x i="%d" j="%d"] m`, i+1, i, i)
		if err := p.Parse(in, now(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	for i, e := range all {
		want := fmt.Sprintf("- a h notice facility=user pid=%d x.i=%d x.j=%d | m", i+1, i, i)
		if got := brief(&e); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// sharedLines is every line of the real files of a folder, or a skip.
func sharedLines(t *testing.T, folder, pattern string) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(shared.Path(t, folder), pattern))
	if len(files) == 0 {
		t.Fatalf("no files %s in the shared data", pattern)
	}
	var lines []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(string(b), "\n")...)
	}
	return lines
}

func TestRealLinesAreUnderstood(t *testing.T) {
	p := New(nil)
	good, refused := 0, 0
	for _, line := range sharedLines(t, "logs/syslog", "logfile_syslog.*") {
		var e entry.Entry
		if err := p.Parse(line, now(), &e); err != nil {
			refused++
			continue
		}
		good++
		if e.Host == "" || e.Time == 0 {
			t.Errorf("%q: %s", line, brief(&e))
		}
	}
	t.Logf("%d read, %d refused (continuations)", good, refused)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<165>1 2003-10-11T22:14:15.003Z h a 1 ID [x@1 a="b\"" c="d"][y] m`, "<34>Oct 11 22:14:15 h su[1]: x",
		"<189>29: *Mar  1 18:46:11.123: %SYS-5-X: y", "<13>2026-02-21T04:32:57.5+0100 h a(b)[7]: x", "Nov  3 09:23:38 h a: b", "<1>2", "<13>",
	} {
		f.Add(s)
	}
	p := New(nil)
	f.Fuzz(func(t *testing.T, in string) {
		var e entry.Entry
		err := p.Parse(in, now(), &e)
		var reason Error
		if err != nil && !errors.As(err, &reason) {
			t.Fatalf("%q: error of another type: %v", in, err)
		}
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, fd := range e.Fields {
			if seen[fd.Key] || fd.Key == "" && utf8.ValidString(in) {
				t.Fatalf("%q: key %q twice or empty", in, fd.Key)
			}
			seen[fd.Key] = true
		}
		if len(e.Message) > len(in) || e.Component == "" {
			t.Fatalf("%q: %+v", in, e)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{
		"5424": `<29>1 2016-02-21T04:32:57.123456+00:00 web1 someservice 2341 2 [origin][meta sequence="14125553" service="someservice"] "GET /v1/ok HTTP/1.1" 200 145 "-" "hacheck 0.9.0" 24306 127.0.0.1:40124 575`,
		"3164": `<190>Nov 20 20:43:18 web1 nginx: 203.0.113.66 - - [20/Nov/2026:20:43:18 +0000] "GET / HTTP/1.1" 304 0 "-" "Mozilla/5.0" 0.003`,
	} {
		b.Run(name, func(b *testing.B) {
			p, at := New(nil), now()
			var e entry.Entry
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if err := p.Parse(line, at, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
