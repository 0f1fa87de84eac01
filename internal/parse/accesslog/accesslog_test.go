package accesslog

import (
	"strings"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/test/shared"
)

func brief(ns int64, fields []entry.Field) string {
	parts := []string{time.Unix(0, ns).UTC().Format(time.RFC3339)}
	for _, f := range fields {
		parts = append(parts, f.Key+"="+f.Value)
	}
	return strings.Join(parts, "|")
}

func TestLinesOfTheUsualFormats(t *testing.T) {
	check := func(line, want string) {
		t.Helper()
		fields, ns, ok := Parse(line, nil)
		if got := brief(ns, fields); !ok || got != want {
			t.Errorf("%s\n got %s %v\nwant %s", line, got, ok, want)
		}
	}
	const common = `203.0.113.6 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif?x=1&y HTTP/1.0" 200 2326`
	const fields = "2000-10-10T20:55:36Z|client=203.0.113.6|user=frank|method=GET|path=/a.gif|query=x=1&y|protocol=HTTP/1.0|status=200|bytes=2326"
	check(common, fields)
	check(common+` "-" "-"`, fields)
	check(common+` "http://e/" "Moz \"5\" (X)"`, fields+`|referer=http://e/|user_agent=Moz \"5\" (X)`)
	check(common+` "-" "curl" 0.123`, fields+"|user_agent=curl|request_time=0.123")
	check(common+` "-" "curl" "0.123" "0.100"`, fields+"|user_agent=curl|request_time=0.123|upstream_response_time=0.100")
	check(common+` 0.123`, fields+"|request_time=0.123")
	check(common+` "-" "curl" "198.51.100.7, 10.0.0.1" 0.123`, fields+"|user_agent=curl|forwarded_for=198.51.100.7, 10.0.0.1|request_time=0.123")
	check(common+` "-" "curl" "-" 5234`, fields+"|user_agent=curl")
	check(common+` "-" "curl" rt=0.006 uct="-" uht="0.005" urt="0.005" host=e.org ua=127.0.0.1:46181 rid=79 status=7 rt=9.9`,
		fields+"|user_agent=curl|request_time=0.006|upstream_header_time=0.005|upstream_response_time=0.005|vhost=e.org|ua=127.0.0.1:46181|rid=79")
	check(`shop.example.org:443 ::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/2.0" 304 -`,
		"2000-10-10T13:55:36Z|vhost=shop.example.org|client=::1|method=GET|path=/|protocol=HTTP/2.0|status=304")
	check(`10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "\x16\x03\x01" 400 150 "-" "-"`,
		`2000-10-10T13:55:36Z|client=10.0.0.1|request=\x16\x03\x01|status=400|bytes=150`)
	check(`10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "-" 408 0`, "2000-10-10T13:55:36Z|client=10.0.0.1|status=408|bytes=0")
	check(`10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a b" 200 0`, "2000-10-10T13:55:36Z|client=10.0.0.1|method=GET|path=/a b|status=200|bytes=0")
}

func TestOtherLinesAreLeftAlone(t *testing.T) {
	check := func(line string) {
		t.Helper()
		dst := []entry.Field{{Key: "pid", Value: "1"}}
		if fields, _, ok := Parse(line, dst); ok || len(fields) != 1 {
			t.Errorf("%q was taken for an access log: %v", line, fields)
		}
	}
	check("")
	check("[10/Oct/2000:13:55:36 +0000]")
	check(`x [10/Oct/2000:13:55:36 +0000] "GET /" 20`)
	check(`x [10/Oct/2000:13:55:36 +0000] "GET /" 200`)
	check(`x [10/Oct/2000:13:55:36 +0000] "GET /" 200 x`)
	check(`x [10/Oct/2000:13:55:36 +0000] "GET / 200 1`)
	check(`x [10/Xct/2000:13:55:36 +0000] "GET /" 200 1`)
	check(`x [40/Oct/2000:13:55:36 +0000] "GET /" 200 1`)
	check("2021/09/30 09:23:53 [error] 19258#1925: *17 user \"foo\"")
	check(strings.Repeat("x", 300) + ` [10/Oct/2000:13:55:36 +0000] "GET /" 200 1`)
}

func TestRealLinesAreRead(t *testing.T) {
	for _, name := range []string{"apache_combined_10k.log", "nginx-request_time-own.log", "logfile_shop_access_log.0", "lighttpd_access.log"} {
		b := shared.Read(t, "logs", "access", name)
		n, bad := 0, 0
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			n++
			if _, _, ok := Parse(line, nil); !ok {
				bad++
				t.Logf("%s: %.300s", name, line)
			}
		}
		if bad*100 > n {
			t.Errorf("%s: %d of %d lines were not read", name, bad, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`203.0.113.6 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "-" "curl" 0.123`,
		`a:1 ::1 - - [10/Oct/2000:13:55:36 +0000] "\"" 304 - "x" "y" "1.1.1.1" rt=0.1 k="v"`, "[", `" [01/Jan/1970:`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		fields, ns, ok := Parse(line, nil)
		if !ok {
			return
		}
		if len(fields) < 2 || len(fields) > 16+maxTail {
			t.Fatalf("%q: %s", line, brief(ns, fields))
		}
		seen := map[string]bool{}
		for _, fd := range fields {
			if fd.Key == "" || seen[fd.Key] {
				t.Fatalf("%q: key %q empty or twice", line, fd.Key)
			}
			seen[fd.Key] = true
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := `203.0.113.66 - - [20/Nov/2026:20:43:18 +0000] "GET /search?q=shoe HTTP/1.1" 200 1506 "https://shop.example.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0" 0.003`
	dst := make([]entry.Field, 0, 16)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := Parse(line, dst); !ok {
			b.Fatal("not read")
		}
	}
}
