//go:build real

package real

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"patou/test/apptest"
)

// herd is a server and the machines that report to it.
type herd struct {
	t      *testing.T // the step's
	whole  *testing.T // what is started ends with it
	data   string
	secret string // of the agents
	reader string // of the test
	server *apptest.Server
	web    *machine
	db     *machine
}

// hostAnswer is a host as the API tells of it, as far as tests look at it.
type hostAnswer struct {
	ID, Name, Node, State, Health, Reason, Group string
	GroupReason                                  string `json:"group_reason"`
	Machine, Boot                                string
	SkewMs                                       float64 `json:"skew_ms"`
	Notes, Nodes                                 []string
	Units                                        []struct{ Name, Active, Sub string }
	Processes                                    []struct {
		Group string
		Count int
	}
	FileSystems []struct{ Path string }
	Listeners   []struct {
		Group string
		Port  int
	}
	Links []struct {
		Direction, Peer, Group string
		Port                   int
		Confirmed              bool
	}
	States []struct{ State string }
}

const agentUnit = `[Unit]
Description=Patou's agent
[Service]
ExecStart=/usr/local/bin/patou agent --config /etc/patou-agent.yaml
Restart=always
RestartSec=1
TimeoutStopSec=10
[Install]
WantedBy=multi-user.target
`

// The requests of nginx go to a component of their own; the shop's program keeps
// a connection to the database, as an application's pool does.
const shopUnit = `[Unit]
Description=The shop
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'while sleep 0.2; do echo "select 1;"; done | psql -q -h 10.77.41.12 -U postgres >/dev/null'
Restart=always
RestartSec=1
`

func agentConfig(url, tail string) string {
	return fmt.Sprintf("server: %s\ntoken_file: /etc/patou-token\ndata: /var/lib/patou-agent\n%s", url, tail)
}

const nginxTail = "tail:\n  - files: [/var/log/nginx/*.log]\n    component: web.nginx\n    start: beginning\n"

func newHerd(t *testing.T) *herd {
	t.Helper()
	newNetwork(t)
	h := &herd{t: t, whole: t, data: t.TempDir()}
	h.secret, h.reader = h.token("agents", "write"), h.token("tests", "read,write,admin")
	h.start("0")
	h.web = prepare(t, "web-1", 11, []string{"nginx.service"}, map[string]string{
		"/etc/patou-agent.yaml":                   agentConfig(h.server.URL(""), nginxTail),
		"/etc/patou-token":                        h.secret,
		"/etc/systemd/system/patou-agent.service": agentUnit,
		"/etc/systemd/system/shop.service":        shopUnit,
		"/etc/nginx/sites-enabled/default":        "server { listen 80 default_server; location / { return 200 fast; } }\n",
	})
	h.db = prepare(t, "db-1", 12, []string{"postgresql.service"}, map[string]string{
		"/etc/patou-agent.yaml":                   agentConfig(h.server.URL(""), ""),
		"/etc/patou-token":                        h.secret,
		"/etc/systemd/system/patou-agent.service": agentUnit,
		"/etc/postgresql/15/main/conf.d/all.conf": "listen_addresses = '*'\n",
		"/etc/postgresql/15/main/pg_hba.conf":     "local all all trust\nhost all all 10.77.41.0/24 trust\n",
	})
	for _, m := range []*machine{h.web, h.db} {
		m.remove("/var/log/nginx/*")
		m.install(binary, "/usr/local/bin/patou")
		m.boot()
		m.sh("systemctl start patou-agent")
	}
	return h
}

// token makes a token in the server's data directory.
func (h *herd) token(name, scopes string) string {
	h.t.Helper()
	return strings.TrimSpace(runIn(h.t, ".", commandTime, binary, "token", "create", name, "--scope", scopes, "--data", h.data))
}

// start starts the server where the machines reach it.
func (h *herd) start(port string) {
	h.t.Helper()
	h.server = apptest.Start(h.whole, binary, h.data, "--http", here+":"+port)
	h.server.UseToken(h.reader)
}

// host is what the server tells of a host by its name, or an empty answer.
func (h *herd) host(name string) hostAnswer {
	h.t.Helper()
	var a hostAnswer
	status, body := h.server.Get("/api/hosts/" + name)
	if status == http.StatusNotFound {
		return a
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil || status != http.StatusOK {
		h.t.Fatalf("host %s: %d %v %.300s", name, status, err, body)
	}
	return a
}

// becomes waits until a host is as wanted.
func (h *herd) becomes(name, what string, ok func(a hostAnswer) bool) {
	h.t.Helper()
	var last hostAnswer
	defer func() {
		if h.t.Failed() {
			h.t.Logf("%s was last %+v", name, last)
		}
	}()
	apptest.Eventually(h.t, name+": "+what, func() bool { last = h.host(name); return ok(last) })
}

// step is a part of the story of the herd: a failed one ends it.
func (h *herd) step(t *testing.T, name string, run func()) {
	t.Helper()
	if t.Failed() {
		return
	}
	start := time.Now()
	outer := h.t
	t.Run(name, func(t *testing.T) {
		h.use(t)
		run()
	})
	h.use(outer)
	t.Logf("%s: %s", name, time.Since(start).Round(100*time.Millisecond))
}

// use says which test fails when something does.
func (h *herd) use(t *testing.T) { h.t, h.web.t, h.db.t = t, t, t }

// TestTheHerd is the life of two machines and their server, told in order.
func TestTheHerd(t *testing.T) {
	h := newHerd(t)
	h.step(t, "machines register by themselves", h.register)
	h.step(t, "units, processes and ports are seen", h.inventory)
	h.step(t, "who talks to whom is seen from both ends", h.links)
	h.step(t, "each request is an entry once, through rotation and a killed agent", h.requests)
	h.step(t, "the journal's entries arrive", h.journal)
	h.step(t, "a failed unit is told", h.failedUnit)
	h.step(t, "a cut cable loses nothing", h.cutCable)
	h.step(t, "a killed server loses nothing", h.killedServer)
	h.step(t, "a rebooted machine is itself", h.reboot)
	h.step(t, "a renamed host stays itself", h.rename)
	h.step(t, "a clone is another host", h.clone)
	h.step(t, "a machine switched off has left, and is not lost", h.switchedOff)
	h.step(t, "what happened is told, once each", h.events)
	h.step(t, "the server ends", func() {
		if code := h.server.End(syscall.SIGTERM); code != 0 {
			h.t.Errorf("the server's exit code is %d", code)
		}
	})
}

func (h *herd) register() {
	for _, m := range []*machine{h.web, h.db} {
		h.becomes(m.name, "is up", func(a hostAnswer) bool { return a.State == "up" || a.State == "joining" })
		a := h.host(m.name)
		// Who knows a machine-id could pass for that machine: a hash is shown.
		if secret := strings.TrimSpace(m.sh("cat /etc/machine-id")); a.Machine == "" || a.Machine == secret {
			h.t.Errorf("%s shows %q for its machine-id %s", m.name, a.Machine, secret)
		}
		if want := strings.ReplaceAll(strings.TrimSpace(m.sh("cat /proc/sys/kernel/random/boot_id")), "-", ""); a.Boot != want {
			h.t.Errorf("%s has the boot-id %s, want %s", m.name, a.Boot, want)
		}
	}
	if one, two := h.host("web-1").Machine, h.host("db-1").Machine; one == two {
		h.t.Errorf("both machines are %s", one)
	}
}

func (h *herd) inventory() {
	h.becomes("web-1", "nginx is active", func(a hostAnswer) bool { return a.unit("nginx.service") == "active" })
	h.becomes("db-1", "PostgreSQL is active", func(a hostAnswer) bool { return a.unit("postgresql@15-main.service") == "active" })
	h.becomes("web-1", "nginx listens at 80", func(a hostAnswer) bool { return a.listens("nginx.service", 80) })
	h.becomes("db-1", "PostgreSQL listens at 5432", func(a hostAnswer) bool { return a.listens("postgresql@15-main.service", 5432) })
	h.becomes("web-1", "nginx has processes", func(a hostAnswer) bool {
		for _, p := range a.Processes {
			if p.Group == "nginx.service" && p.Count > 1 {
				return true
			}
		}
		return false
	})
	for _, name := range []string{"web-1", "db-1"} {
		a := h.host(name)
		h.t.Logf("%s is in %q because %s", name, a.Group, a.GroupReason)
		if a.Group == "" || a.GroupReason == "" {
			h.t.Errorf("%s has no group with a reason", name)
		}
	}
}

func (a *hostAnswer) unit(name string) string {
	for _, u := range a.Units {
		if u.Name == name {
			return u.Active
		}
	}
	return ""
}

func (a *hostAnswer) listens(group string, port int) bool {
	for _, l := range a.Listeners {
		if l.Group == group && l.Port == port {
			return true
		}
	}
	return false
}

// sweeps is the time in which sockets are looked at twice.
const sweeps = 65 * time.Second

func (h *herd) links() {
	h.web.sh("systemctl start shop")
	for range eachTenth(h.t, sweeps) {
		if a := h.host("web-1"); a.calls("shop.service", 5432) {
			return
		}
	}
	h.t.Errorf("the shop's link to the database is not confirmed: %+v", h.host("web-1").Links)
}

func (a *hostAnswer) calls(group string, port int) bool {
	for _, l := range a.Links {
		if l.Direction == "to" && l.Port == port && l.Group == group && l.Confirmed {
			return true
		}
	}
	return false
}

// requests asks nginx while its log is rotated and its agent killed.
func (h *herd) requests() {
	const n = 600
	for i := range n {
		fetch(h.t, h.web.address, fmt.Sprintf("/?n=%d", i))
		switch i {
		case 150:
			h.web.sh("mv /var/log/nginx/access.log /var/log/nginx/access.log.1; kill -USR1 $(cat /run/nginx.pid)")
		case 300:
			h.web.sh("systemctl kill -s KILL --kill-who=main patou-agent")
		case 450:
			h.web.sh("cp /var/log/nginx/access.log /var/log/nginx/access.log.2; sleep 3; : > /var/log/nginx/access.log")
		}
	}
	h.once("component:web.nginx client:*", n)
}

// once waits until a query gives n entries, and sees that they stay n and are n
// different ones.
func (h *herd) once(query string, n int) {
	h.t.Helper()
	apptest.Eventually(h.t, fmt.Sprintf("%q gives %d entries", query, n), func() bool {
		return len(h.server.Logs(query, "from", "-1h", "limit", "100000")) >= n
	})
	seen := map[string]bool{}
	entries := h.server.Logs(query, "from", "-1h", "limit", "100000")
	for _, e := range entries {
		seen[e.Message] = true
	}
	if len(entries) != n || len(seen) != n {
		h.t.Errorf("%q gives %d entries, %d of them different, want %d", query, len(entries), len(seen), n)
	}
}

func (h *herd) journal() {
	for i := range 50 {
		h.db.sh(fmt.Sprintf("logger -t till 'receipt %d'", i))
	}
	h.once("component:till receipt", 50)
	if e := h.server.Logs("component:till", "from", "-1h", "limit", "1")[0]; e.Host != "db-1" {
		h.t.Errorf("the entry is of the host %q", e.Host)
	}
}

func (h *herd) failedUnit() {
	h.web.put("/etc/systemd/system/till.service", "[Service]\nExecStart=/bin/sh -c 'exit 3'\n[Install]\nWantedBy=multi-user.target\n")
	h.web.sh("systemctl daemon-reload; systemctl enable till; systemctl start till; true")
	h.becomes("web-1", "the failed unit is seen", func(a hostAnswer) bool {
		return a.unit("till.service") == "failed" && a.Health != "fine" && strings.Contains(a.Reason, "till.service")
	})
	h.web.sh("systemctl disable till; systemctl reset-failed till; rm /etc/systemd/system/till.service; systemctl daemon-reload")
	h.becomes("web-1", "is fine again", func(a hostAnswer) bool { return !strings.Contains(a.Reason, "till.service") })
}

// outage is how long the machines are without their server: past three reports,
// so that they count as lost.
const outage = 25 * time.Second

func (h *herd) cutCable() {
	h.web.sh(`(i=0; while [ $i -lt 300 ]; do logger -t cable "pulse $i"; i=$((i+1)); sleep 0.1; done) >/dev/null 2>&1 &`)
	from := time.Now()
	h.web.cut()
	h.becomes("web-1", "is lost", func(a hostAnswer) bool { return a.State == "lost" })
	<-time.After(time.Until(from.Add(outage)))
	h.web.mend()
	h.becomes("web-1", "is back", func(a hostAnswer) bool { return a.State == "up" })
	h.once("component:cable pulse", 300)
	h.gapless("host.web-1.memory.used", from, from.Add(outage))
}

// gapless sees that a series has a value each second.
func (h *herd) gapless(target string, from, until time.Time) {
	h.t.Helper()
	params := []string{"from", fmt.Sprint(from.Unix()), "until", fmt.Sprint(until.Unix())}
	missing := -1
	defer func() {
		if missing > 0 {
			h.t.Errorf("%s lacks %d values between %s and %s", target, missing, from, until)
		}
	}()
	apptest.Eventually(h.t, target+" has no gap", func() bool {
		series := h.server.Render(target, params...)
		if len(series) != 1 {
			return false
		}
		missing = len(series[0].Datapoints) - len(series[0].Values())
		return missing == 0
	})
}

func (h *herd) killedServer() {
	h.web.sh(`(i=0; while [ $i -lt 200 ]; do logger -t power "pulse $i"; i=$((i+1)); sleep 0.1; done) >/dev/null 2>&1 &`)
	from := time.Now()
	port := h.server.Addr("http")[strings.LastIndex(h.server.Addr("http"), ":")+1:]
	for range 3 {
		<-time.After(3 * time.Second)
		h.server.Kill()
		<-time.After(2 * time.Second)
		h.start(port)
	}
	h.once("component:power pulse", 200)
	h.gapless("host.web-1.memory.used", from, time.Now().Add(-5*time.Second))
	h.becomes("db-1", "is still known", func(a hostAnswer) bool { return a.State == "up" })
}

// reboot starts the database's machine again. Its agent comes by itself, before
// the machine has its address.
func (h *herd) reboot() {
	before := h.host("db-1")
	h.db.sh("systemctl enable patou-agent")
	h.db.reboot()
	h.becomes("db-1", "is the same host of another boot", func(a hostAnswer) bool {
		return a.ID == before.ID && a.Boot != before.Boot && a.State == "up"
	})
	h.becomes("db-1", "PostgreSQL is active", func(a hostAnswer) bool { return a.unit("postgresql@15-main.service") == "active" })
	after := h.host("db-1")
	if after.Group != before.Group || after.Node != before.Node || len(after.Notes) > 0 {
		h.t.Errorf("it was %s in %q, is %s in %q, with notes %q", before.Node, before.Group, after.Node, after.Group, after.Notes)
	}
	for _, s := range after.States {
		if s.State == "lost" {
			h.t.Error("it counted as lost")
		}
	}
}

func (h *herd) rename() {
	before := h.host("web-1")
	h.web.sh("hostname web-9; systemctl restart patou-agent")
	h.becomes("web-9", "is the same machine", func(a hostAnswer) bool { return a.ID == before.ID && a.State == "up" })
	if a := h.host("web-9"); len(a.Nodes) < 2 {
		h.t.Errorf("web-9 does not remember where its series were: %v", a.Nodes)
	}
}

func (h *herd) clone() {
	twin := prepare(h.t, "db-2", 13, nil, map[string]string{
		"/etc/machine-id":                         fmt.Sprintf("%032x\n", 0xfeed0000+12),
		"/etc/patou-agent.yaml":                   agentConfig(h.server.URL(""), ""),
		"/etc/patou-token":                        h.secret,
		"/etc/systemd/system/patou-agent.service": agentUnit,
	})
	twin.install(binary, "/usr/local/bin/patou")
	twin.boot()
	twin.sh("systemctl start patou-agent")
	h.becomes("db-2", "is a host of its own that shares a machine-id", func(a hostAnswer) bool {
		return (a.State == "up" || a.State == "joining") && len(a.Notes) > 0
	})
	a, b := h.host("db-1"), h.host("db-2")
	if a.ID == b.ID || a.State != "up" {
		h.t.Errorf("db-1 is %s (%s), db-2 %s (%s)", a.ID, a.State, b.ID, b.State)
	}
	if !strings.Contains(b.Notes[0], "machine-id of db-1") {
		h.t.Errorf("db-2 says %q", b.Notes)
	}
	twin.sh("systemctl kill -s KILL --kill-who=main patou-agent; systemctl stop patou-agent")
}

func (h *herd) switchedOff() {
	h.db.off()
	h.becomes("db-1", "has left", func(a hostAnswer) bool { return a.State == "gone" })
	h.becomes("db-2", "is lost", func(a hostAnswer) bool { return a.State == "lost" })
	for _, s := range h.host("db-1").States {
		if s.State == "lost" {
			h.t.Error("it counted as lost")
		}
	}
}

func (h *herd) events() {
	want := []string{
		"clone db-2", "joined db-1", "joined db-2", "joined web-1", "left db-1", "left db-1", "lost db-2", "lost web-1", "reboot db-1",
		"renamed web-9", "returned web-1", "unit-failed web-1", "unit-recovered web-1",
	}
	var got []string
	var body string
	defer func() {
		if h.t.Failed() {
			h.t.Log(body)
		}
	}()
	apptest.Eventually(h.t, "the events are told", func() bool {
		got, body = h.told()
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		h.t.Errorf("told %q, want %q", got, want)
	}
}

// told are the events of the machines as "kind host", sorted.
func (h *herd) told() (all []string, body string) {
	h.t.Helper()
	status, body := h.server.Get("/events/get_data", "tags", "herd", "from", "-1h")
	var events []struct{ Tags []string }
	if err := json.Unmarshal([]byte(body), &events); err != nil || status != http.StatusOK {
		h.t.Fatalf("events: %d %v %.300s", status, err, body)
	}
	own, _ := os.Hostname()
	for _, e := range events {
		kind, of := "", ""
		for _, tag := range e.Tags {
			if name, ok := strings.CutPrefix(tag, "host:"); ok {
				of = name
			} else if tag != "herd" && !strings.Contains(tag, ":") {
				kind = tag
			}
		}
		if of != own { // the server watches the machine that it is on
			all = append(all, kind+" "+of)
		}
	}
	slices.Sort(all)
	return all, body
}
