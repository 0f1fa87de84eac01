package herd

import (
	"fmt"
	"slices"
	"time"
)

// answer says in a sentence or two how the herd is, by rules over its state.
func (h *Herd) answer(o *Overview, now time.Time) Verdict {
	if h.watch.suspects(now) {
		return Verdict{State: Warn, Lead: "It is likely me.",
			Rest: fmt.Sprintf("%d of %d hosts fell silent at once: look at this server and its network first.", h.watch.silent, h.watch.of)}
	}
	return answerOf(o)
}

func answerOf(o *Overview) Verdict {
	var wrong, look []*Member
	for i := range o.Groups {
		for j := range o.Groups[i].Members {
			m := &o.Groups[i].Members[j]
			switch {
			case m.State == Lost, m.State.present() && m.Health == Crit:
				wrong = append(wrong, m)
			case m.State == Late, m.State.present() && m.Health == Warn:
				look = append(look, m)
			}
		}
	}
	a := Verdict{State: Fine}
	for _, list := range []struct {
		state   Health
		members []*Member
	}{{Crit, wrong}, {Warn, look}} {
		if len(list.members) == 0 {
			continue
		}
		slices.SortFunc(list.members, func(a, b *Member) int { return b.Since.Compare(a.Since) })
		a.State, a.Host = list.state, list.members[0].ID
		a.Lead = sentence(list.members[0])
		if n := len(list.members) - 1; n > 0 {
			a.Rest = fmt.Sprintf("So are %d more.", n)
		} else {
			a.Rest = "The rest is fine."
		}
		return a
	}
	switch n := o.Counts.Up + o.Counts.Joining; {
	case o.Counts.Hosts == 0:
		a.Lead, a.Rest = "No host reports yet.", "Start patou agent on one."
	case n == 1:
		a.Lead = "The one host is fine."
	default:
		a.Lead = fmt.Sprintf("All %d hosts are fine.", n)
	}
	return a
}

func sentence(m *Member) string {
	switch {
	case m.State == Lost:
		return m.Name + " is lost."
	case m.State == Late:
		return m.Name + " is late."
	}
	return m.Name + ": " + m.Reason + "."
}
