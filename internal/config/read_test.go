package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const memory = 4 << 30

func compare(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateComparable(Network{}), cmpopts.EquateEmpty())
}

func read(t *testing.T, src string) Sourced {
	t.Helper()
	c, err := Read(FromDefault(memory), "patou.yaml", []byte(src))
	if err != nil {
		t.Fatalf("reading %q: %v", src, err)
	}
	return c
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	for _, src := range []string{"", "\n", "# nothing yet\n", "---\n", "null\n", "listen:\n"} {
		if diff := compare(Default(memory), read(t, src).Config); diff != "" {
			t.Errorf("reading %q changed the defaults:\n%s", src, diff)
		}
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	got := read(t, `
version: 1
data: /var/lib/patou
memory: 1GiB
listen: {http: ":8420", graphite: 0.0.0.0:2003, syslog: off}
allow:
  graphite: [10.0.0.0/8, 192.168.1.7]
  syslog: ["2001:db8::/32"]
hosts: [Patou.Example.org, "*.intern"]
http: {token: always}
metrics: {retention: "1s:1h,1m:1w", size: 0}
logs: {retention: 1y, size: 512 MB}
vitals: off
journal: no
tail: [{files: [/a], component: b, compressed: on, multiline: {continue: '^ '}}]
mask: [{pattern: 'a, b: c', replace: '# x'}]
mask_secrets: no
scope:
  templates:
    - apps.{component}.{host}
`).Config
	want := Config{
		Version: 1, Data: "/var/lib/patou", Memory: 1 << 30,
		Listen:  Listen{HTTP: ":8420", Graphite: "0.0.0.0:2003", Syslog: Off},
		Allow:   Allow{Graphite: networks(t, "10.0.0.0/8", "192.168.1.7/32"), Syslog: networks(t, "2001:db8::/32")},
		Hosts:   []Host{"patou.example.org", "*.intern"},
		HTTP:    HTTP{Token: TokenAlways},
		Metrics: Metrics{Retention: Archives{{Second, Hour}, {Minute, Week}}},
		Logs:    Logs{Retention: Year, Size: 512e6},
		Tail:    []Tail{{Files: []Glob{"/a"}, Component: "b", Compressed: true, Multiline: Multiline{Continue: "^ "}}},
		Mask:    []Mask{{"a, b: c", "# x"}},
		Scope:   Scope{Templates: []Template{"apps.{component}.{host}"}},
	}
	if diff := compare(want, got); diff != "" {
		t.Error(diff)
	}
}

func networks(t *testing.T, texts ...string) []Network {
	t.Helper()
	out := make([]Network, len(texts))
	for i, text := range texts {
		if err := out[i].UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestMistakesNamePlaceAndRemedy(t *testing.T) {
	f := func(src, want string) {
		t.Helper()
		_, err := Read(FromDefault(memory), "patou.yaml", []byte(src))
		if err == nil {
			t.Errorf("%q was accepted", src)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q\n got %v\nwant %v", src, err, want)
		}
	}
	f("data: x\n\nlissten: {http: 1}\n", `patou.yaml:3:1: unknown key "lissten": did you mean "listen"?`)
	f("listen:\n  htttp: :1\n", `patou.yaml:2:3: unknown key "htttp" in "listen": did you mean "http"?`)
	f("listen: {elephants: 1}", `unknown key "elephants" in "listen": there are http, graphite, syslog`)
	f("listen: {graphtie: 1}", `did you mean "graphite"?`)
	f("listen: {http: 8420}", `patou.yaml:1:16: listen.http: "8420" is not an address: write host:port, as in 127.0.0.1:8420, or "off"`)
	f("listen: {http: localhost:99999}", `is not an address`)
	f("listen: 127.0.0.1:8420", `patou.yaml:1:9: listen: must be a mapping of http, graphite, syslog`)
	f("memory: lots", `patou.yaml:1:9: memory: "lots" is not a size`)
	f("memory: 1MiB", `patou.yaml:1:9: memory: 1MiB is too little: give at least 64MiB`)
	f("logs:\n  retention: 30", `patou.yaml:2:14: logs.retention: "30" is not a length of time`)
	f("logs:\n  retention: 5m", `patou.yaml:2:14: logs.retention: 5m is too short`)
	f("allow: {syslog: 10.0.0.0/8}", `allow.syslog: must be a list`)
	f("allow: {syslog: [intranet]}", `patou.yaml:1:18: allow.syslog: "intranet" is not a network`)
	f("hosts: [https://patou.example.org]", `is not a host's name`)
	f("vitals: maybe", `vitals: "maybe" is neither on nor off`)
	f("version: 2", `patou.yaml:1:10: version: this program reads version 1, not 2`)
	f("version: one", `version: "one" is not a whole number`)
	f("data: [a]", `data: must be one value, not a sequence`)
	f("data:", `data: must be one value, not a null`)
	f("data: a\ndata: b", `patou.yaml:2:1: `)
	f("- data", `patou.yaml:1:1: the file must be a mapping`)
	f("data: {", `patou.yaml:1:`)
	f("data: &x a\n", `data: must be one value, not a anchor`)
	f("data: a\n---\ndata: b\n", `a second document`)
	f("metrics: {retention: 10s}", `is not a retention`)
	f("metrics: {retention: '10s:2d,15s:30d'}", `each step must be a multiple of the one before it`)
	f("metrics: {retention: '10s:2d,60s:1d'}", `be kept longer`)
	f("scope: {templates: [apps.app.web]}", `finds nothing: put {component} or {host}`)
	f("scope: {templates: ['apps.{comp}.web']}", `a node is a text, *, {component} or {host}, and "{comp}" is none`)
	f("scope: {templates: ['{host}.{host}']}", `names {host} twice`)
	f("http: {token: never}", `write "remote"`)
	f("logs: {retention: 30d, size: 10}\nmemory: 1\n", `memory: 1B is too little`)
	f(strings.Repeat("#", MaxFile+1), `a configuration has at most 1048576`)
	f(strings.Repeat("x: 1\n", 1), `unknown key "x": there are version, data`)
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := Read(FromDefault(memory), "p.yaml", []byte("dta: x\nlisten: {htp: 1}\nvitals: 3\n"))
	if n := strings.Count(err.Error(), "p.yaml:"); n != 3 {
		t.Errorf("%d mistakes told, want 3:\n%v", n, err)
	}
}

func TestPathsAreRelativeToTheirFile(t *testing.T) {
	c, err := Read(FromDefault(memory), "/etc/patou/patou.yaml", []byte("data: ../data"))
	if err != nil || c.Data != "/etc/data" {
		t.Errorf("got %q, %v", c.Data, err)
	}
}

func TestFlagsWinAndAreNamed(t *testing.T) {
	c := read(t, "listen: {http: 127.0.0.1:1}\n")
	before := c.Origin("listen.http")
	if err := c.Set("listen.http", "127.0.0.1:0", "--http"); err != nil {
		t.Fatal(err)
	}
	if c.Listen.HTTP != "127.0.0.1:0" || c.Origin("listen.http").String() != "--http" || before.String() != "patou.yaml:1" {
		t.Errorf("got %v from %v, before from %v", c.Listen.HTTP, c.Origin("listen.http"), before)
	}
	for key, value := range map[string]string{"listen.http": "nowhere", "listen": "x", "lissten": "x", "hosts": "x", "data.x": "x"} {
		if err := c.Set(key, value, "--flag"); err == nil || !strings.HasPrefix(err.Error(), "--flag") {
			t.Errorf("setting %s to %s: %v", key, value, err)
		}
	}
	_ = c.Set("memory", "1", "--memory")
	if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), "--memory: memory: 1B is too little") {
		t.Errorf("validating: %v", err)
	}
}

func TestShowSaysWhereFrom(t *testing.T) {
	c := read(t, "listen:\n  graphite: 0.0.0.0:2003\nallow: {graphite: [10.0.0.0/8]}\n")
	if err := c.Set("listen.syslog", "off", "--syslog"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.Show(&out); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"memory: 1GiB # default ", " graphite: 0.0.0.0:2003 # patou.yaml:2 ", " syslog: off # --syslog ",
		" graphite: [10.0.0.0/8] # patou.yaml:3 ", ` retention: "10s:2d,1m:30d,10m:2y" # default `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func FuzzReadIsTotalAndShowReadsBack(f *testing.F) {
	for _, src := range []string{
		"data: /x\nlisten: {http: ':1'}\n", "allow: {graphite: [10.0.0.0/8, ::1]}", "hosts: [a, '*.b']",
		"metrics: {retention: '1s:1m,1m:1h'}", "scope: {templates: ['a.{host}']}", "lissten: 1", "{[",
		"tail: [{files: [/a, '#'], host: \"a\\tb\", multiline: {start: '^\\d'}}]\nmask: [{pattern: 'a: b', replace: '}, {'}]", "a: &a [*a]", "data: |\n  x\n",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		base := FromDefault(memory)
		base.Data = "/data" // absolute, so that no directory is put before it
		c, err := Read(base, "/etc/p.yaml", src)
		if err != nil {
			return
		}
		var out strings.Builder
		if err := c.Show(&out); err != nil {
			t.Fatal(err)
		}
		again, err := Read(FromDefault(memory), "/etc/p.yaml", []byte(out.String()))
		if err != nil {
			t.Fatalf("what Show wrote is refused: %v\n%s", err, out.String())
		}
		if diff := compare(c.Config, again.Config); diff != "" {
			t.Errorf("what Show wrote reads otherwise:\n%s\n%s", diff, out.String())
		}
	})
}
