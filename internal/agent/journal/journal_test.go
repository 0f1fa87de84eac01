package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/telemetry"
	"patou/test/shared"
)

// place is what a keeper remembers.
type place struct {
	mu    sync.Mutex
	value string
}

func (p *place) move(places map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.value = places[PlaceKey]
}

// rig collects what a reader does on one channel.
type rig struct {
	*Reader
	t      *testing.T
	got    chan string
	cursor place
	stop   func()
}

func start(t *testing.T, o Options) *rig {
	r := &rig{t: t, got: make(chan string, 100)}
	o.Host, o.Telemetry = "here", new(telemetry.Set)
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	keep := o.Keep
	o.Keep = func(ctx context.Context, entries []entry.Entry, places map[string]string) error {
		if keep != nil {
			if err := keep(ctx, entries, places); err != nil {
				return err
			}
		}
		for _, e := range entries {
			r.got <- brief(&e)
		}
		r.cursor.move(places)
		return nil
	}
	o.Reject = func(_, _, line, reason string) { r.got <- fmt.Sprintf("refused %.10q: %s", line, reason) }
	o.Missing = func(err error) { r.got <- "missing: " + err.Error() }
	r.Reader = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *rig) want(lines ...string) {
	r.t.Helper()
	for _, want := range lines {
		select {
		case got := <-r.got:
			if !strings.HasPrefix(got, want) {
				r.t.Errorf("got %s, want %s", got, want)
			}
		case <-time.After(10 * time.Second):
			r.t.Fatalf("nothing came, want %s", want)
		}
	}
}

func brief(e *entry.Entry) string {
	parts := []string{fmt.Sprint(e.Time / 1000), e.Component, e.Level.String()}
	for _, f := range e.Fields {
		parts = append(parts, f.Key+"="+f.Value)
	}
	return strings.Join(parts, " ") + " | " + e.Message
}

func TestLinesOfTheJournalBecomeEntries(t *testing.T) {
	r := New(Options{Host: "here"})
	check := func(line, want string) {
		t.Helper()
		var e entry.Entry
		cursor, err := r.parse(line, &e)
		if got := brief(&e); err != nil || got != want || cursor != "c" {
			t.Errorf("%s\n got %s, cursor %q, %v\nwant %s", line, got, cursor, err, want)
		}
	}
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1534860261221373","_SOURCE_REALTIME_TIMESTAMP":"1534860261221000","_SYSTEMD_UNIT":"nginx.service","SYSLOG_IDENTIFIER":"nginx","_PID":"7","_HOSTNAME":"web1","PRIORITY":"3","MESSAGE":"hello"}`,
		"1534860261221000 nginx error pid=7 unit=nginx.service identifier=nginx hostname=web1 | hello")
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","_SYSTEMD_UNIT":"bad.unit.service","MESSAGE":[194,191,72, 105]}`, "5 bad_unit none unit=bad.unit.service | ¿Hi")
	check(`{ "__CURSOR" : "c", "__REALTIME_TIMESTAMP" : "5", "MESSAGE" : [ 72, 255 ] }`, "5 unknown none | H\xff")
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","MESSAGE":"[1,2]","SYSLOG_IDENTIFIER":["DHCP4","DHCP6"],"PRIORITY":"9"}`, "5 dhcp4 none identifier=DHCP4 | [1,2]")
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","_SYSTEMD_UNIT":"session-3.scope","SYSLOG_IDENTIFIER":"sudo","MESSAGE":"x"}`, "5 sudo none unit=session-3.scope identifier=sudo | x")
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","_SYSTEMD_UNIT":"docker.service","CONTAINER_NAME":"shop.web","MESSAGE":"x"}`, "5 shop_web none unit=docker.service | x")
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","_SYSTEMD_UNIT":"user@1000.service","_SYSTEMD_USER_UNIT":"sync.service","MESSAGE":null}`, "5 sync none unit=sync.service | ")
	check(`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","_SYSTEMD_UNIT":"init.scope","_COMM":"systemd","MESSAGE":"x"}`, "5 systemd none unit=init.scope | x")
}

func TestLinesThatAreNoEntriesAreRefused(t *testing.T) {
	r := New(Options{})
	for _, line := range []string{"", "-- cursor: x", `{"MESSAGE":"x"}`, `{"__REALTIME_TIMESTAMP":"-5"}`, `{"__REALTIME_TIMESTAMP":"99999999999999999999"}`, `{"a":`} {
		if _, err := r.parse(line, &entry.Entry{}); err == nil {
			t.Errorf("%q became an entry", line)
		}
	}
}

func line(cursor int, message string) string {
	return fmt.Sprintf(`{"__CURSOR":"c%d","__REALTIME_TIMESTAMP":"%d","MESSAGE":%q}`+"\n", cursor, cursor, message)
}

// script is a journalctl of a test's own.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journalctl")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nif [ $1 = --header ]; then exit; fi\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAChildIsReadFromTheSavedPlaceAndEndedWithUs(t *testing.T) {
	command := script(t, `for a in "$@"; do last=$a; done
printf '{"__CURSOR":"c1","__REALTIME_TIMESTAMP":"1","MESSAGE":"%s"}\nnonsense\n{"__CURSOR":"c2","__REALTIME_TIMESTAMP":"2","MESSAGE":"b"}\n{"half' "$last"
exec sleep 1000
`)
	r := start(t, Options{Command: command})
	r.want(`refused "nonsense"`, "1 unknown none | --since=-1h", "2 unknown none | b")
	r.stop()
	if r.cursor.value != "c2" {
		t.Errorf("the saved place is %q, want c2", r.cursor.value)
	}
	select {
	case got := <-r.got:
		t.Errorf("after the end: %s", got)
	default:
	}
}

func TestAChildThatEndsIsStartedAgainBehindWhatWasKept(t *testing.T) {
	manual := clock.NewManual(time.Unix(0, 0))
	cursors := make(chan string, 10)
	n := 0
	r := start(t, Options{Clock: manual, follow: func(_ context.Context, cursor string) (io.ReadCloser, error) {
		cursors <- cursor
		if n++; n == 2 {
			return nil, errors.New("no luck")
		}
		return io.NopCloser(strings.NewReader(line(n, "x"))), nil
	}})
	for i, want := range []string{"", "c1", "c1", "c3"} {
		if got := <-cursors; got != want {
			t.Errorf("start %d is behind %q, want %q", i+1, got, want)
		}
		if i < 3 {
			advance(manual, 5*time.Second)
		}
	}
	r.want("1 ", "missing: reading this host's journal: no luck", "3 ", "4 ")
}

// advance moves the clock once somebody waits for it.
func advance(m *clock.Manual, d time.Duration) {
	for m.Waiting() == 0 {
		runtime.Gosched()
	}
	m.Advance(d)
}

func TestEntriesThatCannotBeKeptAreOfferedAgain(t *testing.T) {
	manual := clock.NewManual(time.Unix(0, 0))
	fail := true
	in, out := io.Pipe()
	r := start(t, Options{
		Clock: manual,
		Keep: func(context.Context, []entry.Entry, map[string]string) error {
			if fail {
				fail = false
				return errors.New("busy")
			}
			return nil
		},
		follow: func(context.Context, string) (io.ReadCloser, error) { return in, nil },
	})
	if _, err := io.WriteString(out, line(7, "x")); err != nil {
		t.Fatal(err)
	}
	advance(manual, retryPause)
	r.want("7 unknown none | x")
	_ = out.Close()
	r.stop()
	if r.cursor.value != "c7" {
		t.Errorf("the kept place is %q", r.cursor.value)
	}
}

func TestAHostWithoutJournalSaysSoOnce(t *testing.T) {
	r := start(t, Options{Command: "journalctl-that-is-not-there"})
	r.want("missing: reading this host's journal: starting")
	silent := filepath.Join(t.TempDir(), "journalctl") // speaks of it only when asked
	if err := os.WriteFile(silent, []byte("#!/bin/sh\nif [ $1 = --header ]; then echo 'No journal files were found.' >&2; else exec sleep 1000; fi\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r = start(t, Options{Command: silent})
	r.want("missing: reading this host's journal: No journal files were found.")
	r.stop()
	r = start(t, Options{Command: script(t, "echo 'No journal files were opened' >&2\nexit 1\n")})
	r.want("missing: reading this host's journal: No journal files were opened")
	r.stop()
	if len(r.got) > 0 {
		t.Errorf("said again: %s", <-r.got)
	}
}

func TestAPlaceThatTheJournalForgotIsGivenUp(t *testing.T) {
	manual := clock.NewManual(time.Unix(0, 0))
	cursors := make(chan string, 10)
	r := New(Options{
		Clock: manual, Place: "old", Telemetry: new(telemetry.Set),
		follow: func(_ context.Context, cursor string) (io.ReadCloser, error) {
			cursors <- cursor
			return nil, errors.New("failed to seek to cursor")
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	for _, want := range []string{"old", "old", "old", ""} {
		if got := <-cursors; got != want {
			t.Errorf("started behind %q, want %q", got, want)
		}
		advance(manual, lastPause)
	}
	cancel()
	<-done
}

func TestRealLinesAreRead(t *testing.T) {
	b := shared.Read(t, "logs", "journal", "logfile_journald.json")
	r := New(Options{})
	for _, text := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		var e entry.Entry
		if _, err := r.parse(text, &e); err != nil || e.Component == "unknown" {
			t.Errorf("%v %s", err, brief(&e))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{line(1, "x"), `{"__CURSOR":"c","__REALTIME_TIMESTAMP":"5","MESSAGE":[194,191,72]}`, `{"MESSAGE":["a`, `{"MESSAGE":[]}`} {
		f.Add(s)
	}
	r := New(Options{Host: "h"})
	f.Fuzz(func(t *testing.T, in string) {
		var e entry.Entry
		if _, err := r.parse(in, &e); err == nil && (e.Component == "" || len(e.Message) > len(in)) {
			t.Fatalf("%q: %+v", in, e)
		}
	})
}
