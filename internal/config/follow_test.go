package config

import (
	"strings"
	"testing"
)

func TestRulesForFilesAreRead(t *testing.T) {
	c := read(t, "tail:\n  - files: [/var/log/*.log, rel/*.log]\n    component: 'web.{stem}'\n    start: end\n    compressed: on\n"+
		"    multiline: {start: '^\\d'}\nmask:\n  - pattern: 'a(b)'\n    replace: x\nmask_secrets: off\n")
	r := c.Tail[0]
	if r.Files[0] != "/var/log/*.log" || !strings.HasSuffix(string(r.Files[1]), "rel/*.log") || r.Component != "web.{stem}" || r.Start != TailEnd || !bool(r.Compressed) || r.Multiline.Start != `^\d` {
		t.Errorf("%+v", r)
	}
	if c.Mask[0] != (Mask{"a(b)", "x"}) || bool(c.MaskSecrets) {
		t.Errorf("%+v %v", c.Mask, c.MaskSecrets)
	}
	if at := c.Origin("tail[0].start"); at.Line != 4 {
		t.Errorf("start comes from %v", at)
	}
}

func TestWrongRulesForFilesAreRefusedWithTheirPlace(t *testing.T) {
	check := func(text, want string) {
		t.Helper()
		_, err := Read(FromDefault(memory), "p.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	check("tail:\n  - component: a\n", "p.yaml:2:")
	check("tail:\n  - component: a\n", "tail[0]: files: name at least one file")
	check("tail:\n  - files: ['[']\n", "p.yaml:2:13: tail[0].files: \"[\" names no files")
	check("tail:\n  - files: [a]\n    component: A b\n", "p.yaml:3:16: tail[0].component: \"A b\" is not a component")
	check("tail:\n  - files: [a]\n    start: middle\n", `tail[0].start: "middle" is not where to start`)
	check("tail:\n  - files: [a]\n    multiline: {start: a, continue: b}\n", "give start or continue, not both")
	check("tail:\n  - files: [a]\n    multiline: {start: 'a*'}\n", "matches the empty text")
	check("tail:\n  - file: [a]\n", `unknown key "file" in "tail[0]": did you mean "files"?`)
	check("mask:\n  - pattern: '('\n", "p.yaml:2:14: mask[0].pattern: \"(\" is not a regular expression")
	check("mask:\n  - replace: x\n", "mask[0]: pattern: name what must not be kept")
}
