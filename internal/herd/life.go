package herd

import (
	"fmt"
	"time"

	"patou/internal/host"
)

// When a silent host is what.
const (
	// interval is how often an agent sends.
	interval = 2 * time.Second
	// lateAfter is one missed report and a breath.
	lateAfter = interval*3/2 + time.Second
	// keepLate is how late one must be for it to be remembered.
	keepLate = 4 * interval
	// lostAfter is more than three missed reports, and longer than what a
	// connection needs that lost two packets in a row.
	lostAfter = 15 * time.Second
	// leaveAfter is how long after its goodbye a host is leaving, rebootIn how
	// long it has to come back when it said that it will.
	leaveAfter = 20 * time.Second
	rebootIn   = 10 * time.Minute
	// joinFor is how long a host joins at least.
	joinFor = 10 * time.Second
	// awayFor is how long the server listens, after it was away itself, before
	// it calls anybody lost: agents that could not reach it pause for up to half
	// a minute before they try again.
	awayFor = 45 * time.Second
	// suspectFor is how much longer the server listens before it calls many
	// hosts lost at once: most likely the trouble is its own.
	suspectFor = 30 * time.Second
	// showGone and showLost are how long hosts that are no more are shown.
	showGone = time.Hour
	showLost = 7 * 24 * time.Hour
	// awayAfter is how long the server must not have looked at the clock to
	// have been away itself.
	awayAfter = 5 * time.Second
)

// watch is what the herd knows of its own attention.
type watch struct {
	since   time.Time // it has listened without a pause since then
	last    time.Time // it last looked at the clock
	suspect time.Time // since when most of the herd is silent; zero if not
	silent  int       // how many of how many
	of      int
	grouped time.Time // groups were last looked at
	lost    []*member // by this look at the clock
}

// Tick moves the states of the silent. It is called each second.
func (h *Herd) Tick() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Now()
	w := &h.watch
	if gap := now.Sub(w.last); gap > awayAfter || gap < -awayAfter {
		w.since = now // asleep, stopped, or the clock was set
	}
	w.last = now
	h.suspect(now)
	w.lost = w.lost[:0]
	for _, m := range h.hosts {
		h.age(m, now)
	}
	h.tellLost(now)
	if now.Sub(w.grouped) >= regroupEvery || now.Before(w.grouped) {
		w.grouped = now
		h.regroupAll(now)
	}
	h.retire(now)
}

// silence is how long a host could have been heard and was not.
func (h *Herd) silence(m *member, now time.Time) time.Duration {
	from := m.heard
	if h.watch.since.After(from) {
		from = h.watch.since
	}
	return now.Sub(from)
}

// patience is how long a host may be silent before it is lost.
func (h *Herd) patience(m *member) time.Duration {
	if m.heard.After(h.watch.since) {
		return lostAfter
	}
	return awayFor // it may still pause, since it could not reach the server
}

// suspect finds out whether most of the herd fell silent together.
func (h *Herd) suspect(now time.Time) {
	silent, of := 0, 0
	for _, m := range h.hosts {
		if m.State.present() {
			of++
			if h.silence(m, now) >= lateAfter {
				silent++
			}
		}
	}
	w := &h.watch
	w.silent, w.of = silent, of
	switch many := silent >= 3 && silent*2 > of; {
	case !many:
		w.suspect = time.Time{}
	case w.suspect.IsZero():
		w.suspect = now
	}
}

// suspects reports whether the herd's silence is likely the server's own fault.
func (w *watch) suspects(now time.Time) bool {
	return !w.suspect.IsZero() && now.Sub(w.suspect) < lostAfter+suspectFor
}

// age moves one host by its silence.
func (h *Herd) age(m *member, now time.Time) {
	quiet := h.silence(m, now)
	switch m.State {
	case Joining, Up, Late:
		switch {
		case quiet >= h.patience(m) && !h.watch.suspects(now):
			h.enter(m, Lost, now, fmt.Sprintf("silent since %s", m.heard.UTC().Format("15:04:05")))
			h.watch.lost = append(h.watch.lost, m)
		case quiet >= lateAfter && m.State != Late:
			m.lateFrom = m.Since
			m.State, m.Since, m.Why = Late, now, ""
		case m.State == Late && quiet >= keepLate && !m.lateFrom.IsZero():
			m.lateFrom = time.Time{}
			h.moment(m, m.Since)
		case quiet < lateAfter && m.State == Joining && now.Sub(m.Since) >= h.joinTime(m):
			h.enter(m, Up, now, "")
		}
	case Leaving:
		h.ageLeaving(m, now, quiet)
	case Gone, Lost:
	}
	if m.unproven {
		h.prove(m, now)
	}
	h.settleHealth(m, now)
}

// onTime takes one back that was late. Who was so for a moment only, as by a
// packet lost on the way, goes on where it was, and nothing is kept of it.
func (h *Herd) onTime(m *member, now time.Time) {
	if m.lateFrom.IsZero() {
		h.enter(m, Up, now, "")
		return
	}
	m.State, m.Since, m.lateFrom = Up, m.lateFrom, time.Time{}
	if now.Sub(m.First) < joinFor {
		m.State = Joining
	}
}

func (h *Herd) ageLeaving(m *member, now time.Time, quiet time.Duration) {
	switch {
	case m.Goodbye == host.Reboot && quiet >= rebootIn:
		h.enter(m, Lost, now, "it said that it reboots and did not come back")
		h.tell(m, "lost", now, m.Name+" did not come back from its reboot", "")
	case m.Goodbye != host.Reboot && quiet >= leaveAfter:
		if m.Goodbye == host.Stopped {
			h.tellSome(m, "left", m.Since, m.Name+" left: its agent was stopped", "")
		}
		h.enter(m, Gone, now, leftBecause(m.Goodbye))
	}
}

func leftBecause(l host.Leaving) string {
	switch l {
	case host.Shutdown:
		return "it was shut down"
	case host.Reboot:
		return "it reboots"
	}
	return "its agent was stopped"
}

// joinTime is how long a host joins: one that was just started gets twice as
// long as its group usually needs from start to first word.
func (h *Herd) joinTime(m *member) time.Duration {
	f := m.Report.Facts
	if f == nil || f.Started.IsZero() || m.First.Sub(f.Started) > 10*time.Minute {
		return joinFor
	}
	var sum time.Duration
	n := 0
	for _, o := range h.hosts {
		if o == m || o.Group != m.Group || o.Report.Facts == nil {
			continue
		}
		if took := o.First.Sub(o.Report.Facts.Started); took > 0 && took < 10*time.Minute {
			sum, n = sum+took, n+1
		}
	}
	if n == 0 {
		return joinFor
	}
	return min(max(2*sum/time.Duration(n), joinFor), 2*time.Minute)
}

// retire takes hosts out of the herd that are no more.
func (h *Herd) retire(now time.Time) {
	for _, m := range h.hosts {
		if m.State == Gone && now.Sub(m.Since) >= showGone && m.Node == "" || m.State == Lost && now.Sub(m.Since) >= showLost ||
			m.State == Gone && now.Sub(m.Since) >= showLost {
			h.drop(m)
		}
	}
}

// shown reports whether a host is still in the view.
func (m *member) shown(now time.Time) bool { return m.State != Gone || now.Sub(m.Since) < showGone }

// drop forgets a host.
func (h *Herd) drop(m *member) {
	delete(h.hosts, m.ID)
	if h.nodes[m.Node] == m {
		delete(h.nodes, m.Node)
	}
	twins := h.machines[m.Machine][:0]
	for _, o := range h.machines[m.Machine] {
		if o != m {
			twins = append(twins, o)
		}
	}
	if h.machines[m.Machine] = twins; len(twins) == 0 {
		delete(h.machines, m.Machine)
	}
	delete(h.unsaved.hosts, m.ID)
	delete(h.unsaved.groups, m.ID)
	h.unsaved.forgotten = append(h.unsaved.forgotten, m.ID)
}

// enter moves a host to a state and keeps the moment.
func (h *Herd) enter(m *member, s State, now time.Time, why string) {
	m.State, m.Since, m.Why, m.lateFrom = s, now, why, time.Time{}
	h.graph.stale = true
	h.moment(m, now)
}

// moment keeps what a host is from now on.
func (h *Herd) moment(m *member, now time.Time) {
	h.dirty(m)
	why := m.Why
	if m.Health != Fine && why == "" {
		why = m.Reason
	}
	h.unsaved.moments = append(h.unsaved.moments, host.Moment{
		Host: m.ID, Time: now.UnixNano(), State: string(m.State), Health: string(m.Health), Group: m.group(), Why: why,
	})
}

func (h *Herd) dirty(m *member) { h.unsaved.hosts[m.ID] = true }
