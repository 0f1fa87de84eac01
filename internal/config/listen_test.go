package config

import (
	"strings"
	"testing"
)

func TestListenersBeyondLoopbackNeedALock(t *testing.T) {
	f := func(src string, tokens bool, want ...string) {
		t.Helper()
		c := read(t, src)
		err := CheckListen(&c.Config, tokens)
		if len(want) == 0 {
			if err != nil {
				t.Errorf("%s: refused: %v", src, err)
			}
			return
		}
		if err == nil {
			t.Errorf("%s: accepted", src)
			return
		}
		if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
			t.Errorf("%s: %d sentences, want %d:\n%v", src, n, len(want), err)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is missing in\n%v", src, w, err)
			}
		}
	}
	f("", false)
	f("listen: {http: 'localhost:1', graphite: 'off', syslog: '[::1]:514'}", false)
	f("listen: {http: ':8420'}", true)
	f("listen: {http: ':8420'}", false, "patou token create")
	f("listen: {graphite: ':2003'}", true, "`allow: {graphite: [10.0.0.0/8]}`")
	f("listen: {graphite: ':2003'}\nallow: {graphite: [0.0.0.0/0]}", false)
	f("listen: {syslog: '10.0.0.1:514'}\nallow: {graphite: [10.0.0.0/8]}", false, "`allow: {syslog: [10.0.0.0/8]}`")
	f("listen: {http: ':1', graphite: ':2', syslog: ':3'}", false, "listen.http", "listen.graphite", "listen.syslog")
}
