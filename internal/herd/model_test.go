package herd

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"patou/internal/host"
)

// TestWhateverMachinesDoTheHerdAddsUp has machines start, stop, reboot, take
// names, be cloned and fall silent, and the server with them, in any order.
func TestWhateverMachinesDoTheHerdAddsUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &model{story: begin(t), r: r, spoke: map[string]time.Time{}}
		for i := range 4 {
			m.machines = append(m.machines, machine(fmt.Sprint("web-", i), 1))
		}
		r.Repeat(map[string]func(*rapid.T){
			"":      func(*rapid.T) { m.check() },
			"speak": func(*rapid.T) { m.speak(nil) },
			"goodbye": func(*rapid.T) {
				m.speak(&host.Report{Leaving: rapid.SampledFrom([]host.Leaving{host.Stopped, host.Shutdown, host.Reboot}).Draw(r, "how")})
			},
			"report":    func(*rapid.T) { m.speak(m.report()) },
			"backlog":   func(*rapid.T) { m.backlog() },
			"reboot":    func(*rapid.T) { m.pick().Boot += "'" },
			"reinstall": func(*rapid.T) { m.pick().Instance += "'" },
			"rename": func(*rapid.T) {
				m.pick().Name = rapid.SampledFrom([]string{"web-0", "web-1", "db", "ip-10-0-0-1"}).Draw(r, "name")
			},
			"clone":   func(*rapid.T) { m.clone() },
			"wait":    func(*rapid.T) { m.wait() },
			"restart": func(*rapid.T) { m.save(); before := m.picture(); m.story = m.restart(); m.same(before) },
			"kill":    func(*rapid.T) { m.story = m.restart(); clear(m.spoke) }, // what was not kept is not known
			"forget":  func(*rapid.T) { _ = m.Forget(m.pick().Name) },
			"set": func(*rapid.T) {
				_ = m.SetGroup(m.pick().Name, rapid.SampledFrom([]string{"", "shop"}).Draw(r, "group"))
			},
		})
	})
}

type model struct {
	*story
	r        *rapid.T
	machines []host.Identity
	spoke    map[string]time.Time // by host's ID
}

func (m *model) pick() *host.Identity {
	return &m.machines[rapid.IntRange(0, len(m.machines)-1).Draw(m.r, "machine")]
}

func (m *model) speak(r *host.Report) {
	k := m.say(*m.pick(), r)
	m.spoke[k.ID] = m.clock.Now()
	if k.ID == "" || k.Node == "" || k.Name == "" {
		m.r.Fatalf("it is filed under %+v", k)
	}
}

func (m *model) backlog() {
	c := m.contact(*m.pick())
	c.Newest = c.Newest.Add(-time.Hour)
	m.spoke[m.send(c, m.report()).ID] = m.clock.Now()
}

func (m *model) report() *host.Report {
	r := serving(rapid.SampledFrom([]string{"nginx.service:443", "postgresql.service:5432", "x.service:local9"}).Draw(m.r, "runs"))
	r.Facts = &host.Facts{Addresses: []string{rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", "172.17.0.1"}).Draw(m.r, "address")}}
	r.Connections = []host.Connection{{Group: "nginx.service", Remote: rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", "192.0.2.1"}).Draw(m.r, "remote"),
		Port: rapid.SampledFrom([]int{443, 5432}).Draw(m.r, "port"), Inbound: rapid.Bool().Draw(m.r, "inbound")}}
	if rapid.Bool().Draw(m.r, "fails") {
		r.Units[0].Active = "failed"
	}
	return r
}

func (m *model) clone() {
	if len(m.machines) < 8 {
		c := *m.pick()
		c.Boot += "c"
		m.machines = append(m.machines, c)
	}
}

func (m *model) wait() {
	for range rapid.SampledFrom([]int{1, 3, 10, 60, 1000}).Draw(m.r, "seconds") {
		m.clock.Advance(time.Second)
		m.Tick()
	}
}

// check holds what must be true at any time.
func (m *model) check() {
	m.mu.Lock()
	now, nodes := m.clock.Now(), map[string]string{}
	for id, one := range m.hosts {
		if one.Node != "" {
			if other, ok := nodes[one.Node]; ok {
				m.r.Errorf("%s and %s have the node %s", id, other, one.Node)
			}
			nodes[one.Node] = id
			if m.nodes[one.Node] != one {
				m.r.Errorf("the node %s leads elsewhere", one.Node)
			}
		}
		if s, ok := m.spoke[id]; ok && now.Sub(s) < lostAfter && one.State == Lost {
			m.r.Errorf("%s is lost and spoke %s ago", one.Name, now.Sub(s))
		}
		if one.State.present() && one.Group == "" {
			m.r.Errorf("%s is in no group", one.Name)
		}
	}
	if len(nodes) != len(m.nodes) {
		m.r.Errorf("%d nodes of hosts, %d known", len(nodes), len(m.nodes))
	}
	m.mu.Unlock()
	o, members := m.Overview(), 0
	for _, g := range o.Groups {
		members += len(g.Members)
	}
	c := o.Counts
	if sum := c.Up + c.Late + c.Joining + c.Leaving + c.Gone + c.Lost; members != c.Hosts || sum != c.Hosts || o.Answer.Lead == "" {
		m.r.Errorf("%d members, %d by state, counts %+v, %+v", members, sum, c, o.Answer)
	}
}

// picture is the herd as it is shown, but for what only a living host tells.
func (m *model) picture() string {
	var out []ListedHost
	for _, h := range m.Hosts() {
		h.Full, h.Last = nil, time.Time{}
		if h.State.present() {
			h.State = Up // being late for a moment is not kept
		}
		h.Health, h.Word = "", "" // pressure and the like are measured anew
		out = append(out, h)
	}
	text, _ := json.Marshal(out)
	return string(text)
}

func (m *model) same(before string) {
	if after := m.picture(); after != before {
		m.r.Errorf("before the restart:\n%s\nafter:\n%s", before, after)
	}
}
