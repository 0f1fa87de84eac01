package herd

import (
	"fmt"
	"slices"
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

// manyLost is how many hosts are told of one by one that are lost at once.
const manyLost = 10

// tellLost tells of those who were lost at this moment: of many in one event.
func (h *Herd) tellLost(now time.Time) {
	lost := h.watch.lost
	if len(lost) <= manyLost {
		for _, m := range lost {
			h.tellSome(m, "lost", now, m.Name+" is lost", "It fell silent without goodbye.")
		}
		return
	}
	slices.SortFunc(lost, func(a, b *member) int { return natural(a.Name, b.Name) })
	names, tags := make([]string, len(lost)), []string{"herd", "lost"}
	for i, m := range lost {
		names[i] = m.Name
		if len(tags) < event.MaxTags {
			tags = append(tags, "host:"+m.Name)
		}
	}
	e := event.Event{Time: now.UnixNano(), What: fmt.Sprintf("%d hosts are lost", len(lost)), Data: strings.Join(names, ", "), Tags: tags}
	h.unsaved.events = append(h.unsaved.events, event.Keyed{Event: e, Key: fmt.Sprintf("herd/lost/%d", now.UnixNano())})
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
