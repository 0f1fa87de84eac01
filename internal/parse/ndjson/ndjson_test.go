package ndjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"patou/internal/entry"
	"patou/test/shared"
)

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

func TestLinesThatAreEntries(t *testing.T) {
	var d Decoder
	check := func(in, want string) {
		t.Helper()
		var e entry.Entry
		if err := d.Entry(in, &e); err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := brief(&e); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	check(`{"time":"2026-11-20T14:05:06.5+01:00","component":"web.nginx","host":"web1","level":"warning","message":"slow"}`,
		"2026-11-20T13:05:06.5Z web.nginx web1 warn | slow")
	check(` { "message" : "x" , "n" : -1.50e3 , "ok" : true , "no" : null , "s" : "" } `, "-   none n=-1.50e3 ok=true s= | x")
	check(`{"message":"a\n\t\"\\\/\u00e9\ud83d\ude00\ud83d."}`, "-   none | a\n\t\"\\/é😀\uFFFD.")
	check(`{"a":{"b":{"c":1},"d":[1,"]",{"x":2}]},"e":{}}`, `-   none a.b.c=1 a.d=[1,"]",{"x":2}] | `)
	check(`{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":1}}}}}}}}`, `-   none a.b.c.d.e.f.g={"h":1} | `)
	check(`{"k":1,"k":2,"message":"a","message":"b"}`, "-   none k=2 | b")
	check(`{"level":"loud","message":3}`, "-   none level=loud | 3")
	check(`{"level":50,"message":"x"}`, "-   error | x")
	check(`{"time":1700000000,"message":"s"}`, "2023-11-14T22:13:20Z   none | s")
	check(`{"time":1700000000.123456789,"message":"s"}`, "2023-11-14T22:13:20.123456789Z   none | s")
	check(`{"time":1700000000123,"message":"ms"}`, "2023-11-14T22:13:20.123Z   none | ms")
	check(`{"time":1700000000123.5,"message":"ms"}`, "2023-11-14T22:13:20.1235Z   none | ms")
	check(`{"time":1700000000123456,"message":"us"}`, "2023-11-14T22:13:20.123456Z   none | us")
	check(`{"time":1700000000123456789,"message":"ns"}`, "2023-11-14T22:13:20.123456789Z   none | ns")
	check(`{"time":null,"message":"x"}`, "-   none | x")
}

func TestLinesThatAreRefusedSayWhy(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		var e entry.Entry
		var d Decoder
		err := d.Entry(in, &e)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v (%s), want %q", in, err, brief(&e), want)
		}
	}
	check(`hello`, "want a JSON object")
	check(`[]`, "want a JSON object")
	check(`{}`, "neither a message nor fields")
	check(`{"message":"x"`, "comma or a closing brace")
	check(`{"message":"x`, "does not end")
	check(`{"message":"x\`, "does not end")
	check(`{"message":"\x"}`, "backslash")
	check(`{"message":"\u12g4"}`, "four hexadecimal digits")
	check("{\"message\":\"a\tb\"}", "control character")
	check(`{"message" "x"}`, "colon")
	check(`{message:"x"}`, "key in quotes")
	check(`{"message":"x",}`, "key in quotes")
	check(`{"message":"x"} y`, "text after")
	check(`{"n":01}`, "as value")
	check(`{"n":1.}`, "as value")
	check(`{"n":NaN}`, "as value")
	check(`{"n":}`, "as value")
	check(`{"a":[1,}`, "not JSON")
	check(`{"a":[1,]}`, "not JSON")
	check(`{"time":"yesterday","message":"x"}`, "RFC 3339")
	check(`{"time":"1969-12-31T23:59:59Z","message":"x"}`, "RFC 3339")
	check(`{"time":-5,"message":"x"}`, "RFC 3339")
	check(`{"time":99999999999999999999,"message":"x"}`, "RFC 3339")
	check(`{"a":`+strings.Repeat("[", 100000), "does not end")
	check(strings.Repeat(`{"a":`, 100000), "does not end")
}

func TestABadLineDoesNotTakeItsNeighboursAlong(t *testing.T) {
	body := "{\"message\":\"a\\n\"}\n\n{bad\r\n{\"message\":\"b\"}\r\n  \n{\"message\":\"c\"}"
	var got []string
	var d Decoder
	d.Decode(body, func(line int, e *entry.Entry) {
		got = append(got, fmt.Sprintf("%d:%s", line, e.Message))
	}, func(line int, raw string, reason error) {
		got = append(got, fmt.Sprintf("%d!%s", line, raw))
	})
	if g := strings.Join(got, "|"); g != "1:a\n|3!{bad\r|4:b|6:c" {
		t.Errorf("got %q", g)
	}
}

func TestEntriesKeepWhatTheyWereGiven(t *testing.T) {
	var d Decoder
	var all []entry.Entry
	var body strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&body, `{"message":"m\t%d","a":"x\n%d","b":{"c":%d}}`+"\n", i, i, i)
	}
	d.Decode(body.String(), func(_ int, e *entry.Entry) { all = append(all, *e) }, nil)
	for i, e := range all {
		if want := fmt.Sprintf("-   none a=x\n%d b.c=%d | m\t%d", i, i, i); brief(&e) != want {
			t.Fatalf("got %s, want %s", brief(&e), want)
		}
	}
}

func TestFieldsJoinThoseOfTheEnvelope(t *testing.T) {
	e := entry.Entry{Message: "{…}", Fields: []entry.Field{{Key: "pid", Value: "1"}, {Key: "facility", Value: "user"}}}
	var d Decoder
	for range 20 { // the arena is used by others in between
		if err := d.Fields(`{"x":1}`, &entry.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Fields(`{"pid":2,"message":"m","time":"x"}`, &e); err != nil {
		t.Fatal(err)
	}
	if got := brief(&e); got != "-   none pid=2 facility=user message=m time=x | {…}" {
		t.Errorf("got %s", got)
	}
}

func TestRealLinesAreRead(t *testing.T) {
	n := 0
	for _, name := range []string{"mixed-app/logfile_bunyan.0", "mixed-app/logfile_ecs_log.json", "mixed-app/logfile_mongodb.0",
		"mixed-app/logfile_rust_tracing.0", "pattern-mining/drone-json.txt", "access/traefik_json.log"} {
		b := shared.Read(t, "logs", name)
		var d Decoder
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			if err := d.Fields(line, &entry.Entry{}); (err == nil) != json.Valid([]byte(line)) {
				t.Errorf("%s: %v: %.200s", name, err, line)
			}
			n++
		}
	}
	t.Logf("%d lines", n)
}

func FuzzEntry(f *testing.F) {
	for _, s := range []string{
		`{"time":1700000000.5,"level":"warn","message":"a\u00e9\ud83d\ude00","x":{"y":[1,{"z":"}"}]},"n":-0.5e+3}`,
		`{"a":1}{`, `{"message":"\`, `{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}`, "{\"\":\"\xff\"}", `{"k":null,"k":true}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if strings.Contains(in, "\n") {
			return
		}
		var d Decoder
		var e entry.Entry
		err := d.Fields(in, &e)
		var reason Error
		if err != nil && !errors.As(err, &reason) {
			t.Fatalf("%q: error of another type: %v", in, err)
		}
		valid := json.Valid([]byte(in)) && strings.HasPrefix(strings.TrimLeft(in, " \t\r"), "{")
		if (err == nil) != valid {
			t.Fatalf("%q: %v, but JSON says valid = %v", in, err, valid)
		}
		if err != nil || !utf8.ValidString(in) {
			return
		}
		var want map[string]any
		_ = json.Unmarshal([]byte(in), &want)
		for key, v := range want {
			if text, ok := v.(string); ok {
				if got, _ := e.Field(key); got != text && !strings.Contains(key, ".") && len(want) < 200 {
					t.Fatalf("%q: %q is %q, want %q", in, key, got, text)
				}
			}
		}
	})
}

func benchBody() string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `{"time":"2026-11-20T14:05:%02d.%06dZ","component":"webapp.backend.git","host":"web%d","level":"info","message":"fetched repository %d in %d ms for client \"x\"","duration_ms":%d,"user":"u%d","path":"/api/repo/%d"}`+"\n", i%60, i*37, i%4, i, i%90, i%90, i%50, i)
	}
	return b.String()
}

func BenchmarkDecode(b *testing.B) {
	body := benchBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var d Decoder
		d.Decode(body, func(int, *entry.Entry) {}, func(_ int, raw string, err error) { b.Fatal(raw, err) })
	}
}
