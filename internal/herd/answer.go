package herd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// answer says in a sentence or two how the herd is, by rules over its state.
func (h *Herd) answer(o *Overview, now time.Time) Verdict {
	if young := now.Sub(h.watch.since); young < awayFor && !h.watch.suspect.IsZero() {
		return Verdict{State: Warn, Lead: fmt.Sprintf("%d of %d hosts have not spoken yet.", h.watch.silent, h.watch.of),
			Rest: fmt.Sprintf("This server has listened for %d s.", int(young.Seconds()))}
	}
	if h.watch.suspects(now) {
		return Verdict{State: Warn, Lead: "It is likely me.",
			Rest: fmt.Sprintf("%d of %d hosts fell silent at once: look at this server and its network first.", h.watch.silent, h.watch.of)}
	}
	return answerOf(o)
}

// trouble is something that the answer may tell of.
type trouble struct {
	level Health
	lost  bool
	felt  bool // by those who ask the group for something
	text  string
	name  string // of the host or group
	host  string // its ID
	since time.Time
}

// answerOf leads with the worst, of equals with what is felt by others, and then
// with what came last.
func answerOf(o *Overview) Verdict {
	all := troubles(o)
	if len(all) == 0 {
		return Verdict{State: Fine, Lead: fine(o)}
	}
	slices.SortStableFunc(all, func(a, b trouble) int {
		return cmp.Or(cmp.Compare(b.level.rank(), a.level.rank()), before(a.felt, b.felt), b.since.Compare(a.since))
	})
	a := Verdict{State: all[0].level, Lead: all[0].text, Host: all[0].host}
	if all[0].felt {
		a.Group = all[0].name
	}
	rest := all[1:]
	if lost := slices.DeleteFunc(slices.Clone(all), func(t trouble) bool { return !t.lost }); all[0].lost && len(lost) > 1 {
		a.Lead = fmt.Sprintf("%d hosts are lost: %s.", len(lost), some(lost))
		rest = slices.DeleteFunc(slices.Clone(all), func(t trouble) bool { return t.lost })
	}
	a.Rest = restOf(rest)
	return a
}

// before orders what has something before what has not.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func restOf(rest []trouble) string {
	switch len(rest) {
	case 0:
		return "The rest is fine."
	case 1:
		return rest[0].text + " The rest is fine."
	}
	wrong := 0
	for _, t := range rest {
		if t.level == Crit {
			wrong++
		}
	}
	switch look := len(rest) - wrong; {
	case wrong == 0:
		return fmt.Sprintf("%d more need a look.", look)
	case look == 0:
		return fmt.Sprintf("%d more are wrong.", wrong)
	default:
		return fmt.Sprintf("%d more %s wrong, and %d %s a look.", wrong, plural(wrong, "is", "are"), look, plural(look, "needs", "need"))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// some names up to three.
func some(list []trouble) string {
	const most = 3
	var names []string
	for _, t := range list[:min(len(list), most)] {
		names = append(names, t.name)
	}
	if n := len(list) - most; n > 0 {
		return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
}

func troubles(o *Overview) []trouble {
	var out []trouble
	for i := range o.Groups {
		g := &o.Groups[i]
		for j := range g.Members {
			if t, ok := troubleOf(&g.Members[j]); ok {
				out = append(out, t)
			}
		}
		out = append(out, o.felt(g)...)
	}
	return out
}

// felt is how a group serves badly. What a group suffers because one that it
// calls serves as badly is that one's to tell.
func (o *Overview) felt(g *Group) []trouble {
	var out []trouble
	for i := range g.Signals {
		if s := &g.Signals[i]; s.State != Fine && s.Value != nil && !o.passedOn(g, s.Name, map[string]bool{}) {
			out = append(out, trouble{level: s.State, felt: true, name: g.Name, text: capital(g.Name) + " " + s.words()})
		}
	}
	return out
}

// passedOn reports whether a group below this one has the same trouble. seen
// are the groups asked already, since calls may go in circles.
func (o *Overview) passedOn(g *Group, signal string, seen map[string]bool) bool {
	seen[g.Name] = true
	for i := range o.Groups {
		below := &o.Groups[i]
		if seen[below.Name] || !slices.Contains(g.Calls, below.Name) {
			continue
		}
		bad := slices.ContainsFunc(below.Signals, func(s Signal) bool { return s.Name == signal && s.State != Fine })
		if bad || o.passedOn(below, signal, seen) {
			return true
		}
	}
	return false
}

// words say what a signal that is not fine means.
func (s *Signal) words() string {
	if s.Usual == nil {
		return fmt.Sprintf("answers %.0f %% of its requests with errors.", *s.Value)
	}
	return fmt.Sprintf("is slow: p99 %s, usually %s.", seconds(*s.Value), seconds(*s.Usual))
}

// seconds writes a time as people say it.
func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.0f ms", s*1000)
	}
	return fmt.Sprintf("%.2g s", s)
}

func troubleOf(m *Member) (trouble, bool) {
	t := trouble{level: m.Health, name: m.Name, host: m.ID, since: m.Since}
	switch {
	case m.State == Lost:
		t.level, t.lost, t.text = Crit, true, m.Name+" is lost."
	case m.State == Late:
		t.level, t.text = worse(Warn, m.Health), m.Name+" is late."
	case m.State.present() && m.Health != Fine:
		t.text = sentence(m)
	default:
		return t, false
	}
	return t, true
}

// sentence makes one of the reason for a host's health.
func sentence(m *Member) string {
	kind, rest, _ := strings.Cut(m.Reason, " ")
	switch kind {
	case "disk":
		if path, ok := strings.CutSuffix(rest, " became read-only"); ok {
			return "Disk " + path + " on " + m.Name + " became read-only."
		}
		path, used, _ := strings.Cut(rest, " ")
		return "Disk " + path + " on " + m.Name + " is " + used + " full."
	case "unit":
		return strings.TrimSuffix(rest, " failed") + " failed on " + m.Name + "."
	case "waits":
		if m.Health == Crit {
			return m.Name + " is at its limit."
		}
		return m.Name + " is near its limit."
	case "memory":
		return m.Name + " is out of memory."
	case "clock":
		return "The clock of " + m.Name + " is " + rest + "."
	case "its":
		return "The agent of " + m.Name + strings.TrimPrefix(rest, "agent") + "."
	}
	return capital(m.Reason) + " on " + m.Name + "."
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// fine says so, and of how many.
func fine(o *Overview) string {
	switch n := o.Counts.Up + o.Counts.Joining; {
	case n == 0 && o.Counts.Leaving > 0:
		return "All hosts are leaving."
	case n == 0:
		return "No host reports yet. Start patou agent on one."
	case n == 1:
		return "The one host is fine."
	default:
		return fmt.Sprintf("All %d hosts are fine.", n)
	}
}
