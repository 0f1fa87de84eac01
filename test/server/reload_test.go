package server

import (
	"fmt"
	"net"
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
	if why := "unknown key \\\"lissten\\\": did you mean \\\"listen\\\"?"; !strings.Contains(s.Stderr(), file+":3:1: "+why) {
		t.Errorf("the log does not say why:\n%s", s.Stderr())
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

func TestAReloadThatCannotListenKeepsTheOldListeners(t *testing.T) {
	const listen = quiet + "listen: {http: \"127.0.0.1:0\", graphite: \"127.0.0.1:0\", syslog: %q}\n"
	file := configFile(t, fmt.Sprintf(listen, "127.0.0.1:0"))
	s := apptest.Run(t, binary, "serve", "--data", t.TempDir(), "--config", file)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := os.WriteFile(file, fmt.Appendf(nil, listen, taken.Addr()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	apptest.Eventually(t, "the old one stays", func() bool { return strings.Contains(s.Stderr(), "the old one stays") })
	if why := "listening for syslog at " + taken.Addr().String(); !strings.Contains(s.Stderr(), why) {
		t.Errorf("the log does not say %q:\n%s", why, s.Stderr())
	}
	sendTCP(t, s.Addr("graphite"), "still.heard 1 -1\n")
	apptest.Eventually(t, "the old listeners are served", hasValues(s, "still.heard", 1))
}
