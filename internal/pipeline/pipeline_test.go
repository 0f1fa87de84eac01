package pipeline

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/mask"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func brief(e *entry.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano), e.Component, e.Level)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s=%s", f.Key, f.Value)
	}
	return b.String() + " | " + e.Message
}

const (
	noon   = "2026-11-20T12:00:00Z"
	access = `10.0.0.1 - - [20/Nov/2026:11:59:58 +0000] "GET /x HTTP/1.1" 503 12 "-" "curl" 0.250`
)

func TestTheMessageSaysWhatItIs(t *testing.T) {
	p := New(Options{})
	check := func(in entry.Entry, want string) {
		t.Helper()
		p.Process(at(noon), &in)
		if got := brief(&in); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	const fields = " client=10.0.0.1 method=GET path=/x protocol=HTTP/1.1 status=503 bytes=12 user_agent=curl request_time=0.250 | "
	check(entry.Entry{Message: access, Component: "Nginx"}, "2026-11-20T11:59:58Z nginx error"+fields+access)
	check(entry.Entry{Message: access, Component: "nginx", Level: entry.Info, Time: at(noon).UnixNano()}, noon+" nginx error"+fields+access)
	check(entry.Entry{Message: "hello\n"}, noon+" unknown none | hello")
	check(entry.Entry{Message: `{"level":"warn","msg":"hi","n":1,"time":"2026-11-20T11:00:00Z"}`, Component: "a"},
		"2026-11-20T11:00:00Z a warn n=1 | hi")
	check(entry.Entry{Message: ` @cee: {"severity":"ERROR","message":"hi"}`, Level: entry.Info}, noon+" unknown error | hi")
	check(entry.Entry{Message: `{"level":"odd","n":1}`, Level: entry.Info}, noon+` unknown info level=odd n=1 | {"level":"odd","n":1}`)
	check(entry.Entry{Message: `level=debug ts=1795176000 msg="a b" k=v`}, "2026-11-20T12:00:00Z unknown debug k=v | a b")
	check(entry.Entry{Message: "a=1 ts=2100-01-01T00:00:00Z"}, noon+" unknown none a=1 ts=2100-01-01T00:00:00Z | a=1 ts=2100-01-01T00:00:00Z")
	check(entry.Entry{Message: `{"a":1`}, noon+` unknown none | {"a":1`)
	check(entry.Entry{Message: "x=1 or not"}, noon+" unknown none | x=1 or not")
	check(entry.Entry{Message: "", Fields: []entry.Field{{Key: "client", Value: "c"}, {Key: "status", Value: "404"}}},
		noon+" unknown warn client=c status=404 | ")
}

func TestPlainLinesSayTheirTimeAndLevel(t *testing.T) {
	p := New(Options{Zone: time.FixedZone("here", 3600)})
	check := func(line, want string) {
		t.Helper()
		e := entry.Entry{Message: line}
		p.Process(at(noon), &e)
		if got := brief(&e); got != strings.Replace(want, " | ", " unknown ", 1)+" | "+line {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	check("2026-11-20T10:00:00.25Z ERROR it broke", "2026-11-20T10:00:00.25Z | error")
	check("2026-11-20 10:00:00,123 [main] WARN a.b.C - text", "2026-11-20T09:00:00.123Z | warn")
	check("2026-11-20 10:00:00.5 +0200 - app - INFO - text", "2026-11-20T08:00:00.5Z | info")
	check("2026-11-20T10:00:00-01:30 text with error", "2026-11-20T11:30:00Z | none")
	check("2026/11/20 10:00:00 [error] 729#730: *1 open() failed", "2026-11-20T09:00:00Z | error pid=729")
	check("2026-11-20 10:00:00.123 UTC [77] LOG:  checkpoint starting", "2026-11-20T10:00:00.123Z | info pid=77")
	check("2026-11-20 10:00:00.123 PDT [77] FATAL:  no", "2026-11-20T09:00:00.123Z | critical pid=77")
	check("Nov 20 10:00:01 web1 sshd[12]: Accepted", "2026-11-20T09:00:01Z | none hostname=web1 app=sshd pid=12")
	check("Dec  5 10:00:00 web1 cron: x", "2025-12-05T09:00:00Z | none hostname=web1 app=cron")
	for _, line := range []string{"2026-13-20 10:00:00 x", "2026-11-20 10:61:00 x", "20 items", "Nov 20 items", "2100-01-01T00:00:00Z x", "Monday morning, all is well"} {
		check(line, noon+" | none")
	}
}

func TestTheZoneIsTheSendersThroughTheYear(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("this machine knows no zones:", err)
	}
	p := New(Options{Zone: time.UTC})
	check := func(zone *time.Location, line, read, want string) {
		t.Helper()
		e := entry.Entry{Message: line, Time: at(read).UnixNano(), Fields: []entry.Field{{Key: entry.FileField, Value: "/a.log"}}}
		p.ProcessIn(zone, at(read), &e)
		if got := brief(&e); !strings.HasPrefix(got, want+" ") {
			t.Errorf("%s in %v: got %s, want %s", line, zone, got, want)
		}
	}
	for range 2 { // what is remembered of one zone is not taken for another
		check(newYork, "2026-11-20 05:00:00 x", noon, "2026-11-20T10:00:00Z")
		check(nil, "2026-11-20 05:00:00 x", noon, "2026-11-20T05:00:00Z")
		check(time.FixedZone("", 3600), "2026-11-20 05:00:00 x", noon, "2026-11-20T04:00:00Z")
	}
	check(newYork, "2026-07-01 05:00:00 x", noon, "2026-07-01T09:00:00Z")
	check(newYork, "Jul  1 05:00:00 web1 cron: x", noon, "2026-07-01T09:00:00Z")
	check(newYork, "2026-03-08 01:59:59 x", noon, "2026-03-08T06:59:59Z")
	check(newYork, "2026-03-08 03:00:00 x", noon, "2026-03-08T07:00:00Z")
	// The clock shows the hour from 1:00 twice: first from 5:00 UTC on.
	check(newYork, "2026-11-01 01:30:00 x", "2026-11-01T05:30:00Z", "2026-11-01T05:30:00Z")
	check(newYork, "2026-11-01 01:45:00 x", "2026-11-01T06:30:00Z", "2026-11-01T05:45:00Z")
	check(newYork, "2026-11-01 01:30:00 x", "2026-11-01T06:30:00Z", "2026-11-01T06:30:00Z")
	check(newYork, "Nov  1 01:30:00 web1 cron: x", "2026-11-01T05:30:01Z", "2026-11-01T05:30:00Z")
	check(newYork, "Nov  1 01:30:00 web1 cron: x", "2026-11-01T06:30:01Z", "2026-11-01T06:30:00Z")
}

func TestALineOfAFileSaysWhen(t *testing.T) {
	p := New(Options{Zone: time.UTC})
	check := func(line, want string) {
		t.Helper()
		e := entry.Entry{Message: line, Time: at(noon).UnixNano(), Fields: []entry.Field{{Key: entry.FileField, Value: "/a.log"}}}
		p.Process(at(noon).Add(time.Minute), &e)
		if got := brief(&e); !strings.HasPrefix(got, want+" ") {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
	check("plain", noon)
	check("2026-11-01 01:02:03 x", "2026-11-01T01:02:03Z")
	check(`{"time":"2026-11-01T01:02:03Z","msg":"x"}`, "2026-11-01T01:02:03Z")
	check(access, "2026-11-20T11:59:58Z")
}

func TestTheEnvelopeSaysWhen(t *testing.T) {
	p := New(Options{})
	check := func(line, want string) {
		t.Helper()
		e := entry.Entry{Time: at(noon).UnixNano(), Message: fmt.Sprintf(`{"time":%q,"x":1}`, line)}
		p.Process(at(noon), &e)
		if got := brief(&e); !strings.HasPrefix(got, want+" |") {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
	check("2026-11-20T12:00:00.123Z", "2026-11-20T12:00:00.123Z unknown none x=1")
	check("2026-11-20 11:59:58.5", "2026-11-20T11:59:58.5Z unknown none x=1")
	check("2026-11-20T09:00:00Z", noon+" unknown none time=2026-11-20T09:00:00Z x=1")
	check("noon", noon+" unknown none time=noon x=1")
}

func TestALinesFieldsReplaceThoseOfItsEnvelope(t *testing.T) {
	p := New(Options{})
	e := entry.Entry{Message: "pid=2 msg=hi x=1", Fields: []entry.Field{{Key: "pid", Value: "1"}, {Key: "facility", Value: "user"}}}
	p.Process(at(noon), &e)
	if got := brief(&e); got != noon+" unknown none pid=2 facility=user x=1 | hi" {
		t.Error(got)
	}
}

func TestNginxJSONIsARequestToo(t *testing.T) {
	p := New(Options{})
	e := entry.Entry{Component: "nginx", Time: at(noon).UnixNano(), Message: `{"remote_addr":"10.0.0.1","request_method":"GET","request_uri":"/x","status":"404","body_bytes_sent":"7","request_time":"0.002"}`}
	p.Process(at(noon), &e)
	want := noon + " nginx warn client=10.0.0.1 method=GET path=/x status=404 bytes=7 request_time=0.002"
	if got := brief(&e); !strings.HasPrefix(got, want+" |") {
		t.Error(got)
	}
}

func derived(p *Pipeline, e *entry.Entry) string {
	var out []string
	p.Derive(e, func(name string, kind metric.Kind, ms int64, v float64) {
		out = append(out, fmt.Sprintf("%s/%d@%d=%v", name, kind, ms, v))
	})
	return strings.Join(out, " ")
}

func TestRequestsGiveSamples(t *testing.T) {
	p := New(Options{MaxComponents: 2})
	check := func(component, status, bytes, seconds, want string) {
		t.Helper()
		e := entry.Entry{Component: component, Time: 5_000_000_001, Fields: []entry.Field{
			{Key: "client", Value: "c"}, {Key: "status", Value: status}, {Key: "bytes", Value: bytes}, {Key: "request_time", Value: seconds}}}
		if got := derived(p, &e); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check("web.nginx", "200", "12", "0.25", "logs.web.nginx.requests/1@5000=1 logs.web.nginx.status.2xx/1@5000=1 logs.web.nginx.bytes/1@5000=12 logs.web.nginx.request_time/2@5000=0.25")
	check("a", "503", "-", "NaN", "logs.a.requests/1@5000=1 logs.a.status.5xx/1@5000=1")
	check("b", "101", "", "-1", "logs.b.requests/1@5000=1")
	check("a", "301", "1e999", "0", "logs.a.requests/1@5000=1 logs.a.status.3xx/1@5000=1 logs.a.request_time/2@5000=0")
	check("c", "600", "1", "1", "")
	check("c", "ok", "1", "1", "")
	if got := derived(p, &entry.Entry{Fields: []entry.Field{{Key: "status", Value: "200"}}}); got != "" {
		t.Errorf("an entry without client gave %s", got)
	}
}

func TestGoroutinesMayShareAPipeline(t *testing.T) {
	p := New(Options{MaxComponents: 3})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 300 {
				e := entry.Entry{Component: fmt.Sprintf("c%d", (g+i)%7), Message: fmt.Sprintf("a=%d b=%d", g, i)}
				p.Process(at(noon), &e)
				derived(p, &e)
				if v, _ := e.Field("b"); v != fmt.Sprint(i) {
					t.Errorf("field b of another entry: %s, want %d", v, i)
				}
			}
		})
	}
	group.Wait()
}

func FuzzProcess(f *testing.F) {
	for _, s := range []string{access, `{"level":30,"time":1,"msg":"x","remote_addr":"a","status":200,"client":1}`, "a=1 b=2 msg=", "@cee:{}", "\xff\x00", "2026-11-20 10:00:00.5 +0200 - app - INFO - text", "Nov 20 10:00:01 web1 sshd[12]: x"} {
		f.Add(s, "a.b")
	}
	p := New(Options{})
	f.Fuzz(func(t *testing.T, message, component string) {
		e := entry.Entry{Message: message, Component: component}
		p.Process(at(noon), &e)
		first := brief(&e)
		seen := map[string]bool{}
		for _, fd := range e.Fields {
			if seen[fd.Key] && fd.Key != entry.CutField && len(fd.Key) < entry.MaxKey/3 && !strings.Contains(fd.Key, "\uFFFD") && !strings.Contains(fd.Key, "\u2400") {
				t.Fatalf("key %q twice: %s", fd.Key, first)
			}
			seen[fd.Key] = true
		}
		if once, again := derived(p, &e), derived(p, &e); e.Time == 0 || once != again {
			t.Fatal(first)
		}
	})
}

func BenchmarkProcess(b *testing.B) {
	p := New(Options{})
	for name, line := range map[string]string{"access": access, "json": `{"level":"warn","msg":"hello world","n":1,"user":"x"}`, "logfmt": `level=debug msg="a b" k=v`, "prose": "session opened for user root by (uid=0)",
		"stamped": "2026-11-20 10:00:00,123 [main] WARN a.b.C - the text of the line"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := entry.Entry{Message: line, Component: "web.nginx", Time: 1}
				p.Process(at(noon), &e)
				p.Derive(&e, func(string, metric.Kind, int64, float64) {})
			}
		})
	}
}

func TestSecretsAreMaskedBeforeAnythingIsMadeOfThem(t *testing.T) {
	counter := new(telemetry.Counter)
	p := New(Options{Masked: counter})
	m, err := mask.New(mask.Options{Secrets: true})
	if err != nil {
		t.Fatal(err)
	}
	p.SetMask(m)
	check := func(message, want string) {
		t.Helper()
		e := entry.Entry{Message: message}
		p.Process(at(noon), &e)
		if got := brief(&e); got != noon+" unknown none"+want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check(`{"msg":"hi","db":{"password":"hunter2"},"token":5}`, " db.password=*** token=*** | hi")
	check(`{"msg":"hi","pass\u0077ord":"hunter2"}`, " password=*** | hi")
	check(`user=a password=hunter2`, " user=a password=*** | user=a password=***")
	if got := p.Mask("token: abc"); got != "token: ***" || counter.Value() != 5 {
		t.Errorf("%s, %d", got, counter.Value())
	}
}
