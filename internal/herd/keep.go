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
		m := &member{tests: map[string]*problem{}, links: map[linkKey]*link{}, wantReport: true}
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
	m.restoreProblems()
}

// Save keeps what changed since the last time.
func (h *Herd) Save(ctx context.Context) error {
	if h.store == nil {
		return nil
	}
	c, events, undo := h.takeUnsaved()
	places, placesSaved := h.places.unsaved()
	c.Places = places
	if len(c.Hosts)+len(c.Groups)+len(c.Forgotten)+len(c.Moments)+len(c.Places) > 0 {
		if err := h.store.Save(ctx, c); err != nil {
			undo(events)
			return err
		}
		placesSaved()
	}
	for i := range events {
		if _, err := h.store.AddEvent(ctx, events[i].Event, events[i].key); err != nil {
			h.mu.Lock()
			h.unsaved.events = append(events[i:len(events):len(events)], h.unsaved.events...)
			h.mu.Unlock()
			return err
		}
	}
	return nil
}

// maxUnsaved bounds what waits for a store that does not take it.
const maxUnsaved = 10_000

// takeUnsaved takes what is to be kept; undo gives it back.
func (h *Herd) takeUnsaved() (c Changes, events []keyedEvent, undo func([]keyedEvent)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.unsaved
	h.unsaved = unsaved{hosts: map[string]bool{}, groups: map[string]string{}}
	for id := range u.hosts {
		if m := h.hosts[id]; m != nil {
			data, err := json.Marshal(&m.kept)
			if err == nil {
				c.Hosts = append(c.Hosts, host.Kept{ID: id, Node: m.Node, Data: data})
			}
		}
	}
	c.Groups, c.Forgotten, c.Moments = u.groups, u.forgotten, u.moments
	return c, u.events, func(events []keyedEvent) {
		h.mu.Lock()
		defer h.mu.Unlock()
		n := &h.unsaved
		for id := range u.hosts {
			n.hosts[id] = true
		}
		for id, name := range u.groups {
			if _, newer := n.groups[id]; !newer {
				n.groups[id] = name
			}
		}
		n.forgotten = append(u.forgotten, n.forgotten...)
		n.moments = lastOf(append(u.moments, n.moments...), maxUnsaved)
		n.events = lastOf(append(events, n.events...), maxUnsaved)
	}
}

// restoreProblems makes problems of what the last report says, without telling
// of them again.
func (m *member) restoreProblems() {
	for _, u := range m.Report.Units {
		if u.Active == "failed" {
			m.set("unit."+u.Name, m.weight(&u), "unit "+u.Name+" failed", m.Since)
		}
	}
}
