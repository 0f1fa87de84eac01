//go:build real

package real

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"patou/test/apptest"
)

// documentedUnit is the unit that docs/agent.md shows.
func documentedUnit(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	unit := regexp.MustCompile("(?s)```ini\n(.*?)```").FindSubmatch(page)
	if unit == nil {
		t.Fatal("docs/agent.md shows no unit")
	}
	return string(unit[1])
}

// told is what the server says of one host.
type told struct {
	State, Reason string
	Units         []struct{ Name, Active string }
	Processes     []struct{ Group string }
}

func hostNamed(t *testing.T, s *apptest.Server, name string) (h told) {
	t.Helper()
	_, body := s.Get("/api/hosts/" + name)
	_ = json.Unmarshal([]byte(body), &h) // not there yet: nothing of it
	return h
}

// TestAnAgentAsDocumentedSaysWhyItEnds runs the documented unit on a machine of
// its own: stopped, started, and switched off with the machine.
func TestAnAgentAsDocumentedSaysWhyItEnds(t *testing.T) {
	newNetwork(t)
	data := t.TempDir()
	secret, err := exec.Command(binary, "token", "create", "shop-9", "--scope", "write", "--data", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	s := apptest.Start(t, binary, data, "--http", here+":0", "--config", write(t, t.TempDir(), "patou.yaml", "vitals: off\njournal: off\nhttp: {token: remote}\n"))
	m := prepare(t, "shop-9", 21, nil, map[string]string{
		"/etc/systemd/system/patou-agent.service": documentedUnit(t),
		"/etc/patou/token":                        string(secret),
		"/etc/patou/agent.yaml": "server: " + s.URL("") + "\ntoken_file: token\ndata: /var/lib/patou-agent\n" +
			"tail: [{files: [/var/log/shop/*.log]}]\n",
		"/var/log/shop/shop.log": "hello from a file\n",
	})
	m.install(binary, "/usr/local/bin/patou")
	m.boot()
	reader, err := exec.Command(binary, "token", "create", "reader", "--scope", "read", "--data", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	s.UseToken(strings.TrimSpace(string(reader)))
	m.sh("systemctl daemon-reload; systemctl start patou-agent")
	apptest.Eventually(t, "the host tells of its units and processes", func() bool {
		h := hostNamed(t, s, "shop-9")
		return len(h.Units) > 0 && len(h.Processes) > 0
	})
	apptest.Eventually(t, "the file's line is there", func() bool { return len(s.Logs("component:shop host:shop-9")) == 1 })
	apptest.Eventually(t, "the journal is there", func() bool { return len(s.Logs("unit:* host:shop-9")) > 0 })
	m.sh("systemctl stop patou-agent")
	apptest.Eventually(t, "the server knows that the agent alone ended", func() bool {
		return strings.Contains(hostNamed(t, s, "shop-9").Reason, "agent was stopped")
	})
	m.sh("systemctl start patou-agent")
	apptest.Eventually(t, "the host is back", func() bool {
		h := hostNamed(t, s, "shop-9")
		return h.State == "up" || h.State == "joining"
	})
	m.off()
	apptest.Eventually(t, "the server knows that the machine was switched off", func() bool {
		h := hostNamed(t, s, "shop-9")
		return strings.Contains(h.Reason, "was shut down")
	})
}
