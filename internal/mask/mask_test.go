package mask

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"patou/internal/entry"
	"patou/test/shared"
)

func builtin(t testing.TB, rules ...Rule) *Masker {
	t.Helper()
	m, err := New(Options{Secrets: true, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSecretsAreMasked(t *testing.T) {
	m := builtin(t)
	check := func(in, want string) {
		t.Helper()
		if got, n := m.Text(in); got != want || n == 0 {
			t.Errorf("%s\n got %s (%d)\nwant %s", in, got, n, want)
		}
		if again, n := m.Text(want); again != want || n != 0 {
			t.Errorf("masking %s again gave %s (%d)", want, again, n)
		}
	}
	check("login password=hunter2 ok", "login password=*** ok")
	check("DB_PASSWORD: hunter2", "DB_PASSWORD: ***")
	check(`{"user":"a","password":"hu\"nter2","n":1}`, `{"user":"a","password":"***","n":1}`)
	check(`{"token":12345,"n":1}`, `{"token":"***","n":1}`)
	check(`{"secret" : ["a","b]"],"n":1}`, `{"secret" : "***","n":1}`)
	check(`{"m":"{\"api_key\":\"a\\\"b\",\"x\":1}"}`, `{"m":"{\"api_key\":\"***\",\"x\":1}"}`)
	check(`level=info client_secret="a b" x=1`, `level=info client_secret="***" x=1`)
	check(`"GET /x?a=1&access_token=abc&b=2 HTTP/1.1" 200`, `"GET /x?a=1&access_token=***&b=2 HTTP/1.1" 200`)
	check("Server=db;Password=a;b,c;Database=x", "Server=db;Password=***;Database=x")
	check("X-Api-Key: abc", "X-Api-Key: ***")
	check("apikey=abc private-key=def ACCESS_KEY=ghi", "apikey=*** private-key=*** ACCESS_KEY=***")
	check("Authorization: Bearer abc.def status=200", "Authorization: Bearer *** status=200")
	check("proxy-authorization: Basic dXNlcjpwYXNz", "proxy-authorization: Basic ***")
	check(`curl -H 'Authorization: Token abc' x`, `curl -H 'Authorization: Token ***' x`)
	check(`Authorization: Digest username="u", response="r"`, "Authorization: Digest ***")
	check("Authorization: abc", "Authorization: ***")
	check("Cookie: a=b; c=\"d\"\nHost: x", "Cookie: ***\nHost: x")
	check(`curl -H 'Cookie: a=b; c=d' https://x`, `curl -H 'Cookie: ***' https://x`)
	check(`{"Set-Cookie":"a=b; Path=/","x":1}`, `{"Set-Cookie":"***","x":1}`)
	check("dial postgres://app:hunter2@db:5432/x failed", "dial postgres://app:***@db:5432/x failed")
	check("://:p@", "://:***@")
	check("token=x", "token=***")
	check("AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE", "*** ***")
	check("key AKIAIOSFODNN7EXAMPLE used", "key *** used")
	check("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_ used", "jwt *** used")
	check("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a -----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY----- b")
	check("-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----***")
	check(`:password=>"x", :token => 'y'`, `:password=>"***", :token => '***'`)
}

func TestWhatIsNoSecretStays(t *testing.T) {
	m := builtin(t, Rule{Pattern: "zebra"})
	for _, s := range []string{
		"", "password", "password=", "tokens=5", "token_count: 5", `{"token":null,"password":"","secret":true}`, "secretary: Ann", "monkey=1 key=2",
		"http://example.org:8080/a@b", "user@example.org: hello", "EAKIAIOSFODNN7EXAMPLE", "AKIASHORT", "eyJ.a", "-----BEGIN CERTIFICATE-----",
		`127.0.0.1 - - [20/Nov/2026:11:59:58 +0000] "GET /a?b=c HTTP/1.1" 200 12 "http://x/" "Mozilla/5.0"`,
	} {
		if got, n := m.Text(s); got != s || n != 0 {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestFieldsAreMaskedByTheirKeys(t *testing.T) {
	e := entry.Entry{Message: "m", Fields: []entry.Field{{Key: "http.Authorization", Value: "abc"}, {Key: "q", Value: "token=abc"}, {Key: "password", Value: ""}, {Key: "n", Value: "1"}}}
	if n := builtin(t).Entry(&e); n != 2 || e.Fields[0].Value != Mask || e.Fields[1].Value != "token=***" || e.Fields[2].Value != "" || e.Fields[3].Value != "1" {
		t.Errorf("%d %+v", n, e)
	}
	var none *Masker
	if n := none.Entry(&e); n != 0 {
		t.Error(n)
	}
}

func TestAnOperatorsRulesAreTried(t *testing.T) {
	m, err := New(Options{Rules: []Rule{{Pattern: `iban=(\w\w)\w+`, Replace: "iban=${1}…"}, {Pattern: `\d{16}`}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, n := m.Text("iban=DE123 card 1234567812345678 password=x"); got != "iban=DE… card *** password=x" || n != 2 {
		t.Errorf("%s %d", got, n)
	}
	if _, err := New(Options{Rules: []Rule{{Pattern: "("}}}); err == nil || !strings.Contains(err.Error(), `masking rule "("`) {
		t.Error(err)
	}
}

// forms are the ways in which secrets are written; § is the secret.
func forms() []string {
	return []string{
		"password=§", "a passwd: § b", `{"password":"§"}`, `{"db":{"api_key":"§","n":1}}`, `x="y" secret="§"`, "/x?q=1&token=§&z=2", "/x?token=§",
		`{\"access_key\":\"§\"}`, "Authorization: Bearer §", "Proxy-Authorization: Basic § next", `{"authorization":"Bearer §"}`, "Authorization: §",
		"Cookie: sid=§; b=c", `"Cookie: sid=§"`, "Set-Cookie: sid=§; Path=/", "https://user:§@host/x", "private_key='§'", "apikey => §", "X-Auth-Token: §",
		"-----BEGIN EC PRIVATE KEY-----\n§\n-----END EC PRIVATE KEY-----", "eyJ§.eyJ§.§", "PASSWORD=§,next=1", "ACCESS-KEY:§", `{"token": {"value": "§"}}`,
	}
}

func TestNoFormOfASecretSurvives(t *testing.T) {
	m := builtin(t)
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9_.~+-]{12,40}`).Draw(t, "secret")
		before := rapid.SampledFrom([]string{"", "x ", "2026-11-20 12:00:00 [error] ", `10.0.0.1 "GET `, "{", "a=b ", "\t", "k:v "}).Draw(t, "before")
		form := rapid.SampledFrom(forms()).Draw(t, "form")
		after := rapid.SampledFrom([]string{"", " ", " x=1", "\n", `" 200`, " more: text"}).Draw(t, "after")
		if strings.Contains(form, "eyJ§") {
			secret = strings.Trim(strings.Map(func(r rune) rune {
				if strings.ContainsRune(".~+", r) {
					return 'x'
				}
				return r
			}, secret), ".")
			before = strings.TrimRight(before, "{\t") + " "
		}
		in := before + strings.ReplaceAll(form, "§", secret) + after
		if got, n := m.Text(in); strings.Contains(got, secret) || n == 0 {
			t.Fatalf("%q gave %q", in, got)
		}
	})
}

// The names in the real logs of what looks like secrets and is: reviewed by eye.
func TestRealAccessLogsAreHardlyTouched(t *testing.T) {
	m := builtin(t)
	lines, masked := 0, 0
	root := shared.Path(t, "logs")
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "SOURCE.txt" {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			got, n := m.Text(strings.TrimSuffix(line, "\n"))
			if lines++; n > 0 {
				masked++
			}
			if n > 0 && testing.Verbose() {
				t.Logf("%s: %.300s", d.Name(), got)
			}
			if n > 0 && strings.Contains(path, "logs/access/") && !strings.Contains(got, "=***") && !strings.Contains(got, "orization") && !strings.Contains(got, "ookie") {
				t.Errorf("%s: %s", path, got)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d lines have something masked", masked, lines)
	if lines == 0 || masked > lines/50 {
		t.Errorf("%d of %d lines have something masked", masked, lines)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range forms() {
		f.Add(s)
	}
	m := builtin(f)
	f.Fuzz(func(t *testing.T, s string) {
		once, n := m.Text(s)
		if n == 0 && once != s {
			t.Fatalf("%q changed to %q, uncounted", s, once)
		}
		if len(once) > 3*len(s) {
			t.Fatalf("%q grew to %q", s, once)
		}
	})
}

func BenchmarkText(b *testing.B) {
	m := builtin(b)
	for name, line := range map[string]string{
		"access200": `203.0.113.9 - alice [20/Nov/2026:11:59:58 +0000] "GET /shop/items/4711?page=2&sort=price HTTP/1.1" 200 5123 "https://www.example.org/shop/" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 F"`,
		"prose":     "session opened for user root by (uid=0)",
		"json":      `{"level":"warn","msg":"hello world","n":1,"user":"x","path":"/a/b/c","took_ms":12,"host":"web-1","request_id":"7f1c2e9a-11aa-4c1e-8d6b-0123456789ab","status":200,"bytes":5123}`,
		"secret":    "login password=hunter2 ok",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Text(line)
			}
		})
	}
}

func TestARareByteFindsWhatSearchingFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab-]{1,4}`).Draw(t, "word")
		s := rapid.StringMatching(`[abc-]{0,24}`).Draw(t, "s")
		rare := rapid.IntRange(0, len(word)-1).Draw(t, "rare")
		if got, want := indexRare(s, word, rare), strings.Index(s, word); got != want {
			t.Fatalf("%q in %q: %d, want %d", word, s, got, want)
		}
	})
}

func TestATextWithoutSecretsCostsNoMemory(t *testing.T) {
	m := builtin(t)
	line := `203.0.113.9 [20/Nov/2026:11:59:58] "GET /a?page=2&sort=price HTTP/1.1" 200 "https://x/" {"user":"x","key":1} -----BEGIN KEY`
	if n := testing.AllocsPerRun(100, func() { m.Text(line) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
