package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnAgentsFileIsRead(t *testing.T) {
	got, err := ReadAgent(DefaultAgent(), "/etc/patou/agent.yaml", []byte(`
server: https://patou.example.org
token_file: token
data: /var/lib/patou-agent
labels: {role: web, rack: 7}
tail: [{files: [/var/log/nginx/*.log], component: web.nginx}]
mask: [{pattern: 'iban=\w+'}]
journal: off
spool: 64MiB
cpu: 0.5%
`))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultAgent()
	want.Server, want.TokenFile, want.Data = "https://patou.example.org", "/etc/patou/token", "/var/lib/patou-agent"
	want.Labels = Labels{"role": "web", "rack": "7"}
	want.Tail = []Tail{{Files: []Glob{"/var/log/nginx/*.log"}, Component: "web.nginx"}}
	want.Mask = []Mask{{Pattern: `iban=\w+`}}
	want.Journal, want.Spool, want.CPU = false, 64<<20, 0.5
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesInAnAgentsFileAreNamed(t *testing.T) {
	for src, want := range map[string]string{
		"sever: x":                        `a.yaml:1:1: unknown key "sever": did you mean "server"?`,
		"data: x\nspool: 1MiB":            `a.yaml:2:8: spool: 1MiB is too little`,
		"cpu: much":                       `a.yaml:1:6: cpu: "much" is not a percentage`,
		"cpu: 0":                          `a.yaml:1:6: cpu: write more than 0`,
		"labels: web":                     `a.yaml:1:9: labels: must be a mapping`,
		"labels: {a b: c}":                `"a b" is not a label's name`,
		"labels: {role: [web]}":           `labels.role: must be one value`,
		"labels: {role: ''}":              `no value`,
		"tail: [{component: web}]":        `name at least one file`,
		"mask: [{replace: x}]":            `name what must not be kept`,
		"listen: {http: 127.0.0.1:8420 }": `unknown key "listen"`,
	} {
		if _, err := ReadAgent(DefaultAgent(), "a.yaml", []byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", src, err, want)
		}
	}
}

func TestLabelsOfFlags(t *testing.T) {
	l := Labels{}
	if err := l.Set("role=web=1"); err != nil || l["role"] != "web=1" {
		t.Errorf("got %v, %v", l, err)
	}
	if err := l.Set("role"); err == nil || !strings.Contains(err.Error(), "role=web") {
		t.Errorf("got %v", err)
	}
}
