package herd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"patou/internal/host"
)

// Load brings back the hosts that were kept, each in its last state, and asks
// each to report anew. It is called once, before anything else.
func (h *Herd) Load(ctx context.Context) error {
	if h.store == nil {
		return nil
	}
	saved, err := h.store.Load(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, k := range saved.Hosts {
		m := &member{tests: map[string]*problem{}, links: map[linkKey]*link{}, wantReport: true, dropped: -1, refused: -1}
		if err := json.Unmarshal(k.Data, &m.kept); err != nil || m.ID != k.ID {
			errs = append(errs, fmt.Errorf("host %s as it was kept: %w", k.ID, err))
			continue
		}
		h.restore(m, saved.Groups[k.ID])
	}
	h.places.load(saved.Places)
	return errors.Join(errs...)
}

func (h *Herd) restore(m *member, group string) {
	m.heard = m.Last
	m.GroupSet = group
	h.hosts[m.ID] = m
	h.machines[m.Machine] = append(h.machines[m.Machine], m)
	if m.Node != "" {
		h.nodes[m.Node] = m
	}
	for _, l := range m.Links {
		m.links[l.linkKey] = &l.link
	}
	m.Links = nil
	for key, p := range m.Problems {
		m.tests[key] = &problem{level: p.Level, reason: p.Reason}
	}
}

// Save keeps what changed since the last time, with the events of it, all at
// once: after a crash no event is told twice or missing.
func (h *Herd) Save(ctx context.Context) error {
	c, undo := h.takeUnsaved()
	if h.store == nil {
		return nil
	}
	places, placesSaved := h.places.unsaved()
	c.Places = places
	if len(c.Hosts)+len(c.Groups)+len(c.Forgotten)+len(c.Moments)+len(c.Places)+len(c.Events) == 0 {
		return nil
	}
	if err := h.store.Save(ctx, c); err != nil {
		undo()
		return err
	}
	placesSaved()
	return nil
}

// maxUnsaved bounds what waits for a store that does not take it.
const maxUnsaved = 10_000

// takeUnsaved takes what is to be kept; undo gives it back.
func (h *Herd) takeUnsaved() (c Changes, undo func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.unsaved
	h.unsaved = unsaved{hosts: map[string]bool{}, groups: map[string]string{}}
	for _, id := range sorted(u.hosts) {
		if m := h.hosts[id]; m != nil {
			if data, err := m.marshal(); err == nil {
				c.Hosts = append(c.Hosts, host.Kept{ID: id, Node: m.Node, Data: data})
			}
		}
	}
	c.Groups, c.Forgotten, c.Moments, c.Events = u.groups, u.forgotten, u.moments, u.events
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.unsaved.giveBack(&u)
	}
}

// giveBack puts what was not kept before what came meanwhile.
func (u *unsaved) giveBack(old *unsaved) {
	for id := range old.hosts {
		u.hosts[id] = true
	}
	for id, name := range old.groups {
		if _, newer := u.groups[id]; !newer {
			u.groups[id] = name
		}
	}
	u.forgotten = append(old.forgotten, u.forgotten...)
	u.moments = lastOf(append(old.moments, u.moments...), maxUnsaved)
	u.events = lastOf(append(old.events, u.events...), maxUnsaved)
}

func (m *member) marshal() ([]byte, error) {
	m.keepLinks()
	processes := m.Report.Processes
	m.keepProblems()
	m.Report.Processes = nil // they are told anew every few seconds
	data, err := json.Marshal(&m.kept)
	m.Links, m.Report.Processes = nil, processes
	return data, err
}

// keptProblem is what is not fine with a host, as it is kept: a restart must
// neither tell of it again nor show the host fine until it speaks.
type keptProblem struct {
	Level  Health `json:"level"`
	Reason string `json:"reason"`
}

func (m *member) keepProblems() {
	m.Problems = map[string]keptProblem{}
	for key, p := range m.tests {
		if p.level != Fine {
			m.Problems[key] = keptProblem{p.level, p.reason}
		}
	}
}
