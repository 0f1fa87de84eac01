package server

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"patou/test/apptest"
)

func TestAReloadTakesOverWhatItCan(t *testing.T) {
	file := configFile(t, quiet)
	s := apptest.Start(t, binary, t.TempDir(), "--config", file)
	before := s.Addr("http")
	reload := func(text, said string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(quiet+text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Signal(syscall.SIGHUP)
		apptest.Eventually(t, said, func() bool { return strings.Contains(s.Stderr(), said) })
	}
	reload("lissten: {}\n", "the old one stays")
	if status, _ := s.Get("/-/ready"); status != 200 {
		t.Errorf("after a bad configuration: %d", status)
	}
	reload("scope: {templates: [\"apps.{component}.*\"]}\nlogs: {retention: 7d}\n", "the configuration was reloaded")
	if !strings.Contains(s.Stderr(), "at the next start") {
		t.Errorf("the log does not say what waits:\n%s", s.Stderr())
	}
	sendTCP(t, s.Addr("graphite"), "apps.shop.checkout.latency 5 -1\n")
	apptest.Eventually(t, "the series is there", hasValues(s, "apps.shop.checkout.latency", 1))
	status, body := s.Get("/api/scope", "target", "apps.shop.checkout.latency", "from", "-10min")
	if status != 200 || !strings.Contains(body, "The template apps.{component}.* says so") {
		t.Errorf("at %s: %d %s", before, status, body)
	}
}
