package why

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/why/shift"
)

// The rows of one kind about one part: one screen of five should not be spent
// on one counter and its relatives.
const mostOfAKind = 2

// fill writes the rows and what goes with them.
func (q *question) fill(a *Reasons, g *graph, all []*finding) {
	a.Suffers = q.suffers(g, all)
	for _, f := range all {
		if slices.Contains(a.Suffers, f.Component) && f.Kind == KindSeries {
			f.Score *= 0.5
			f.Evidence = append(f.Evidence, Evidence{KindSeries, f.Component + " suffers: it changed with what it calls, or after it.", f.Link})
		}
	}
	slices.SortStableFunc(all, compareFindings)
	used := map[string]int{}
	for _, f := range all {
		key := f.Kind + "\x00" + partOf(f)
		if used[key]++; used[key] > mostOfAKind || len(a.Rows) >= q.Limit {
			continue
		}
		f.Rank, f.Score = len(a.Rows)+1, roundTo(f.Score, 4)
		f.Evidence = append(f.Evidence, supporting(f, all)...)
		a.Rows = append(a.Rows, f.Reason)
	}
	q.ruleOut(a)
	q.note(a)
}

// supporting is what else points to the component of a row that is a change by
// someone: the lines and series that show its effect.
func supporting(f *finding, all []*finding) []Evidence {
	if f.Kind != KindEvent {
		return nil
	}
	var out []Evidence
	told := map[string]bool{}
	for _, o := range all {
		if o != f && o.Component == f.Component && o.Kind != KindEvent && !told[o.Kind] && len(out) < 3 {
			told[o.Kind] = true
			out = append(out, Evidence{o.Kind, o.Sentence, o.Link})
		}
	}
	return out
}

// suffers are the components whose requests became slow or failed after the
// part that is first in the list changed.
func (q *question) suffers(g *graph, all []*finding) []string {
	out := []string{}
	if len(all) == 0 || all[0].Component == "" {
		return out
	}
	cause := all[0].Component
	began := min(q.Onset, all[0].onset)
	for _, f := range all {
		c := f.Component
		if !f.harm || c == "" || c == cause || component.Within(c, cause) || slices.Contains(out, c) || f.onset < began-2*q.grid.step {
			continue
		}
		if q.callsTo(g, c, cause) || !q.callsTo(g, cause, c) && !q.blamed(all, c) {
			out = append(out, c)
		}
	}
	// Who asked sees it in the list too: what was selected suffers where
	// something else is the cause.
	for _, c := range q.components {
		if c != cause && !component.Within(cause, c) && q.surprise >= calmSurprise && !slices.Contains(out, c) && len(q.drawn) > 0 && (q.callsTo(g, c, cause) || !q.callsTo(g, cause, c)) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// blamed reports whether a component has a reason of its own: somebody changed
// it, or it says something new.
func (q *question) blamed(all []*finding, c string) bool {
	return slices.ContainsFunc(all, func(f *finding) bool {
		return f.Component == c && (f.Kind == KindEvent || f.Kind == KindPattern && f.Value == "new" && f.surprise >= 5)
	})
}

// callsTo reports whether one component calls another, directly or not.
func (q *question) callsTo(g *graph, from, to string) bool { return g.hops(from, to) > 0 }

// ruleOut names what was looked at first and did not change.
func (q *question) ruleOut(a *Reasons) {
	if !q.isDrawnTraffic() {
		for _, c := range q.series.traffic {
			if slices.Contains(q.components, c.component) && !slices.ContainsFunc(a.Rows, func(r Reason) bool { return r.Kind == KindCheck && r.Component == c.component }) {
				before := shift.Quantile(shift.Sorted(c.values[q.grid.base.From:q.grid.base.Until]), 0.5)
				after := shift.Quantile(shift.Sorted(c.values[q.grid.window.From:q.grid.window.Until]), 0.5)
				if !math.IsNaN(before) && !math.IsNaN(after) && len(a.RuledOut) < 3 {
					a.RuledOut = append(a.RuledOut, fmt.Sprintf("traffic of %s (%s to %s)", c.component, requests(c, before), requests(c, after)))
				}
			}
		}
		slices.Sort(a.RuledOut)
	}
	if q.Events != nil && !slices.ContainsFunc(q.events, func(e eventFact) bool { return e.change }) {
		a.RuledOut = append(a.RuledOut, fmt.Sprintf("deploys (none in the %s before)", span(eventBefore)))
	}
}

// note says what the user should know beside the rows.
func (q *question) note(a *Reasons) {
	var notes []string
	a.Quiet = len(a.Rows) == 0
	if a.Quiet {
		notes = append(notes, fmt.Sprintf("Nothing stands out in these %s. %s, %s and %s were compared with the %s before.",
			span(q.Window.Duration()), of(a.Compared.Series, "series", "series"), of(a.Compared.Entries, "entry", "entries"), of(a.Compared.Events, "event", "events"), span(q.baseLength())))
		for i := range q.events {
			if e := &q.events[i]; e.change && q.inScope(e.component, e.host) && time.Duration(e.before).Abs() < causeWithin && len(notes) < 3 {
				notes = append(notes, fmt.Sprintf("%s is near, but nothing changed with it.", strings.TrimSuffix(e.What, ".")))
			}
		}
	}
	if n := q.masked(); n > 0 {
		notes = append(notes, fmt.Sprintf("%s of the baseline were left out, because it looked the same there.", span(n)))
	}
	a.Note = strings.Join(notes, " ")
}

// masked is how much of the baseline was left out.
func (q *question) masked() time.Duration {
	n := 0
	for _, out := range q.out {
		if out {
			n++
		}
	}
	return time.Duration(int64(n) * q.grid.step)
}

// linesOf leads to the entries of a component or host in the window.
func (q *question) linesOf(c, host, more string) Way {
	var parts []string
	if c != "" {
		parts = append(parts, "component:"+c)
	}
	if host != "" {
		parts = append(parts, "host:"+quoted(host))
	}
	if more != "" {
		parts = append(parts, more)
	}
	return Way{Kind: "lines", Query: strings.Join(parts, " "), From: stamp(min(q.Window.From, q.Onset)), Until: stamp(q.Window.Until)}
}

// quoted writes a value as the query language reads it back.
func quoted(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
