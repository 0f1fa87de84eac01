package herd

import (
	"fmt"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/event"
)

// tell makes an event of a host, once by its key.
func (h *Herd) tell(m *member, kind string, now time.Time, what, data string, tags ...string) {
	e := event.Event{Time: now.UnixNano(), What: what, Data: data, Tags: append([]string{"herd", kind, "host:" + m.Name}, tags...)}
	h.unsaved.events = append(h.unsaved.events, event.Keyed{Event: e, Key: fmt.Sprintf("herd/%s/%s/%d", m.ID, kind, now.UnixNano())})
}

// someAnHour is how many events of one kind a host may cause in an hour: what
// flaps is told of, and does not fill the table.
const someAnHour = 6

// hourly counts the events of one kind in an hour.
type hourly struct {
	since time.Time
	n     int
}

// tellSome is tell for what may happen often.
func (h *Herd) tellSome(m *member, kind string, now time.Time, what, data string, tags ...string) {
	c := m.told[kind]
	if now.Sub(c.since) >= time.Hour || now.Before(c.since) {
		c = hourly{since: now}
	}
	if c.n++; c.n == someAnHour {
		data += " This host did so often in this hour: more of it is not told."
	}
	if m.told == nil {
		m.told = map[string]hourly{}
	}
	m.told[kind] = c
	if c.n <= someAnHour {
		h.tell(m, kind, now, what, data, tags...)
	}
}

// componentTag names the component that a unit speaks as on its host, where one
// does: that of its own name, or one that ends in it, as web.nginx does.
func (h *Herd) componentTag(m *member, unit string) []string {
	p := component.Node(program(unit))
	for _, c := range h.places.of(m.Name) {
		if c == p || strings.HasSuffix(c, "."+p) {
			return []string{"component:" + c}
		}
	}
	return nil
}
