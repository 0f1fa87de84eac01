package herd

import "errors"

// What people may be told when they decide about a host.
var (
	// ErrUnknown is returned for an id or name that no host has.
	ErrUnknown = errors.New("there is no such host")
	// ErrPresent is returned when a host is to be forgotten that speaks.
	ErrPresent = errors.New("the host is there: stop its agent before it is forgotten")
	// ErrGroupName is returned for a name that no group may have.
	ErrGroupName = errors.New("a group's name has 1 to 60 letters, digits, dots, dashes or spaces")
)

// SetGroup puts a host into a group; "" puts it back where it was found to
// belong.
func (h *Herd) SetGroup(idOrName, group string) error {
	group = groupName(group)
	for _, r := range group {
		if r < ' ' || r == '/' || r == '"' || r == '<' || r == '\\' || r == 0x7f {
			return ErrGroupName
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.find(idOrName)
	if m == nil {
		return ErrUnknown
	}
	if m.GroupSet == group {
		return nil
	}
	m.GroupSet = group
	h.unsaved.groups[m.ID] = group
	h.graph.stale = true
	now := h.clock.Now()
	h.moment(m, now)
	if group == "" {
		h.tell(m, "regrouped", now, m.Name+" is in the group found for it again: "+m.group(), "")
	} else {
		h.tell(m, "regrouped", now, m.Name+" was put into the group "+group, "Set by hand.")
	}
	return nil
}

// Forget takes a host out of the herd that is gone or lost. Its series and
// entries stay. When it speaks again it is a new host.
func (h *Herd) Forget(idOrName string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.find(idOrName)
	switch {
	case m == nil:
		return ErrUnknown
	case m.State != Gone && m.State != Lost:
		return ErrPresent
	}
	h.drop(m)
	return nil
}
