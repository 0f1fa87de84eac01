package why

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/why/shift"
)

// answer judges what was gathered and ranks it.
func (q *question) answer() *Reasons {
	g := q.newGraph()
	near := func(c, host string) bool { return q.weigh(g, c, host) >= weightCaller }
	kept := q.judge(near)
	all := q.seriesFindings(g, kept)
	all = append(all, q.trafficFinding(kept)...)
	all = append(all, q.lineFindings(g)...)
	b := q.blame(g, all)
	all = append(all, q.eventFindings(g, b)...)
	for _, f := range all {
		f.Score = q.score(f, b)
	}
	all = slices.DeleteFunc(all, func(f *finding) bool { return f.Score < q.leastScore(f) })
	slices.SortStableFunc(all, compareFindings)
	a := q.newAnswer()
	all = q.anything(all)
	a.Components = q.ranked(g, b, all)
	q.fill(a, g, all)
	return a
}

// compareFindings orders by score; ties by what does not depend on the order of
// reading.
func compareFindings(a, b *finding) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.onset, b.onset), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Sentence, b.Sentence))
}

func (q *question) newAnswer() *Reasons {
	return &Reasons{
		From: stamp(q.Window.From), Until: stamp(q.Window.Until),
		Base:  Times{stamp(q.Base.From), stamp(q.Base.Until)},
		Onset: stamp(q.Onset), OnsetHow: q.how, Compared: q.compare,
		Rows: []Reason{}, RuledOut: []string{}, Suffers: []string{},
	}
}

// The least scores of rows. Where the selected curve itself did not change,
// only what is near and very unlikely is worth a word.
const (
	leastScore   = 0.6
	calmScore    = 3.5
	calmSurprise = 1.5
	// leastEvent is how surprising the nearness of an event must be, unless it
	// is the cause by construction.
	leastEvent    = 1.0
	leastFarEvent = 2.0
)

func (q *question) leastScore(f *finding) float64 {
	if (f.Kind == KindEvent || f.Kind == KindHerd) && f.bonus == 0 && f.surprise < leastEvent {
		return math.Inf(1)
	}
	if f.Kind == KindEvent && f.bonus == 0 {
		return max(leastFarEvent, leastScore)
	}
	if len(q.drawn) > 0 && q.surprise < calmSurprise {
		return calmScore
	}
	return leastScore
}

// anything reports events only beside something that changed: a deploy after
// which all went on as before is no reason for anything.
func (q *question) anything(all []*finding) []*finding {
	if q.surprise >= calmSurprise && len(q.drawn) > 0 {
		return all
	}
	for _, f := range all {
		if f.Kind != KindEvent && f.Kind != KindHerd {
			return all
		}
	}
	return nil
}

// blame is what speaks for each component, or host.
type blame struct {
	parts map[string]*part
	names []string // sorted
}

type part struct {
	name   string
	weight float64
	// kinds holds the most surprising of each kind.
	kinds map[string]float64
	most  float64
	onset int64
	// explained is how much of it is explained by what it calls, 0 to 1.
	explained float64
	// harm is how much slower its requests became, or failed: the greatest
	// shift in units of spread; 0 where they did not.
	harm float64
}

// partOf names whom a finding speaks against.
func partOf(f *finding) string {
	if f.Component != "" {
		return f.Component
	}
	return f.Host
}

func (q *question) blame(g *graph, all []*finding) *blame {
	b := &blame{parts: map[string]*part{}}
	for _, f := range all {
		name := partOf(f)
		if name == "" || f.Kind == KindCheck && f.bonus > 0 {
			continue
		}
		p := b.parts[name]
		if p == nil {
			p = &part{name: name, kinds: map[string]float64{}, onset: f.onset}
			b.parts[name], b.names = p, append(b.names, name)
		}
		s := f.surprise * f.factor
		p.weight, p.onset = max(p.weight, f.weight), min(p.onset, f.onset)
		p.kinds[f.Kind] = max(p.kinds[f.Kind], s)
		p.most = max(p.most, s)
		if f.harm {
			p.harm = max(p.harm, f.strength)
		}
	}
	q.addSelected(b)
	slices.Sort(b.names)
	for _, name := range b.names {
		b.parts[name].explained = b.explain(g, name, q.grid.step)
	}
	return b
}

// addSelected lets the selected curve speak for its own component, though it
// is no row: that it moved is what was asked.
func (q *question) addSelected(b *blame) {
	if len(q.drawn) == 0 || len(q.components) != 1 || q.surprise == 0 {
		return
	}
	name := q.components[0]
	p := b.parts[name]
	if p == nil {
		p = &part{name: name, kinds: map[string]float64{}, onset: q.Onset, weight: weightSelf}
		b.parts[name], b.names = p, append(b.names, name)
	}
	p.kinds[KindSeries] = max(p.kinds[KindSeries], q.surprise)
	p.most = max(p.most, q.surprise)
	if isHarm(&change{name: q.name, Change: q.moved}) {
		p.harm = max(p.harm, math.Abs(q.moved.Z))
	}
}

// explain tells how far what a part calls, directly or not, became as much worse
// and no later: then the part only suffers.
func (b *blame) explain(g *graph, name string, step int64) float64 {
	p, most := b.parts[name], 0.0
	for _, other := range b.names {
		c := b.parts[other]
		if other == name || p.harm == 0 || c.harm == 0 || c.onset > p.onset+2*step {
			continue
		}
		if hops := g.hops(name, other); hops > 0 && g.hops(other, name) == 0 {
			most = max(most, min(c.harm/p.harm, 1)*math.Pow(hopShare, float64(hops-1)))
		}
	}
	return most
}

// The parts of a score.
const (
	hintShare      = 0.01 // of changes that are no finding
	othersShare    = 0.3  // of what else speaks for the same component
	diversity      = 0.3  // for each further kind of evidence
	explainedShare = 0.5  // what is taken from what its callees explain
	causeBonus     = 10   // for a deploy on what moved, right before it did
	trafficBonus   = 6
)

// score is how much a row tells: its surprise by its nearness, and a share of
// what else speaks for the same part.
func (q *question) score(f *finding, b *blame) float64 {
	s := f.surprise * f.factor
	p := b.parts[partOf(f)]
	if p == nil {
		return f.weight*s + f.bonus
	}
	others := 0.0
	for kind, most := range p.kinds {
		if kind != f.Kind {
			others += othersShare * most
		}
	}
	s = f.weight * (s + min(others, shift.MaxSurprise/2)) * (1 - explainedShare*p.explained)
	return s + f.bonus
}

// score of a part: the most surprising and a share of the rest.
func (p *part) score() float64 {
	s := p.most
	for _, kind := range p.kinds {
		s += othersShare * kind
	}
	s += diversity*float64(len(p.kinds)-1) - othersShare*p.most
	return p.weight * s * (1 - explainedShare*p.explained)
}

// ranked are the parts by what speaks for them, what an event makes the cause by
// construction first; those that nothing speaks for follow by how much they
// changed all the same.
func (q *question) ranked(g *graph, b *blame, all []*finding) []Ranked {
	score := map[string]float64{}
	for _, name := range b.names {
		score[name] = b.parts[name].score()
	}
	for _, f := range all {
		if name := partOf(f); name != "" && f.bonus == causeBonus {
			score[name] = max(score[name], f.Score)
		}
	}
	for of, size := range q.series.hints {
		name := cmp.Or(of.component, of.host)
		if _, known := score[name]; !known && name != "" {
			score[name] = hintShare * q.weigh(g, of.component, of.host) * size
		}
	}
	out := []Ranked{}
	for name, s := range score {
		out = append(out, Ranked{name, roundTo(s, 4)})
	}
	slices.SortFunc(out, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), maxRows)]
}

// eventFindings makes rows of events: nearest first, and at the top where one
// changed what moved right after it.
func (q *question) eventFindings(g *graph, b *blame) []*finding {
	var out []*finding
	for i := range q.events {
		e := &q.events[i]
		f := q.newFinding(KindEvent, e.component, e.host, e.Time, e.p)
		if e.herd {
			f.Kind = KindHerd
		}
		f.weight = weightCallee // one without a place may concern all
		if e.component != "" || e.host != "" {
			f.weight = q.weigh(g, e.component, e.host)
		}
		q.describeEvent(f, e)
		f.bonus = q.causes(e, f.weight, b)
		f.Link = q.linesOf(e.component, e.host, "")
		out = append(out, f)
	}
	return onlyNearest(out)
}

// describeEvent writes the sentence of an event.
func (q *question) describeEvent(f *finding, e *eventFact) {
	f.Strong = []string{strings.TrimPrefix(e.What, "deploy ")}
	distance := span(time.Duration(e.before))
	when := distance + " before it began"
	f.Value = distance + " before"
	switch {
	case time.Duration(e.before).Abs() <= max(time.Duration(q.grid.step), eventBlur):
		when, f.Value = "right when it began", "when it began"
	case e.before < 0:
		when, f.Value = distance+" after it began", distance+" after"
	}
	f.Sentence = fmt.Sprintf("%s, %s.", strings.TrimSuffix(e.What, "."), when)
	if e.Data != "" {
		f.Sentence = fmt.Sprintf("%s, %s (%s).", strings.TrimSuffix(e.What, "."), when, oneLine(e.Data))
	}
}

// causeWithin is how long before the onset a change of a component is taken as
// its reason.
const causeWithin = 10 * time.Minute

// weightCause is how near a part must stand for its change to be the reason: a
// few calls away.
const weightCause = 0.65

// causeSurprise is how surprising the selected curve's change must be for a
// change of its own component to be its reason without more.
const causeSurprise = 3.0

// causes is the bonus of a change on the component itself, or on one it calls
// that moved too.
func (q *question) causes(e *eventFact, weight float64, b *blame) float64 {
	who := cmp.Or(e.component, e.host)
	if !e.change && !e.broken || e.before > int64(causeWithin) || who == "" || weight < weightCause {
		return 0
	}
	own := weight >= weightBelow || e.broken && weight >= weightHost
	p := b.parts[who]
	if own && q.surprise >= causeSurprise || p != nil && p.most >= 2 {
		return causeBonus - float64(e.before)/float64(causeWithin)
	}
	return 0
}

// onlyNearest leaves the bonus to the nearest of several changes of one
// component.
func onlyNearest(all []*finding) []*finding {
	best := map[string]*finding{}
	for _, f := range all {
		if f.bonus > 0 && (best[partOf(f)] == nil || f.bonus > best[partOf(f)].bonus) {
			best[partOf(f)] = f
		}
	}
	for _, f := range all {
		if f.bonus > 0 {
			if best[partOf(f)] != f {
				f.bonus = 0
			} else {
				f.bonus = causeBonus
			}
		}
	}
	return all
}

// isTraffic reports whether a series counts requests.
func isTraffic(name string) bool {
	path, _, _ := strings.Cut(name, ";")
	node := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
	return node == "requests" || node == "requests_total" || node == "rps" || node == "hits"
}

// trafficFinding says "more traffic" before all else, where requests changed as
// much as what was selected; else that it is not the reason.
func (q *question) trafficFinding(kept []*change) []*finding {
	if q.isDrawnTraffic() || q.surprise < calmSurprise {
		return nil
	}
	var out []*finding
	for _, c := range q.series.traffic {
		if !slices.Contains(q.components, c.component) || !slices.Contains(kept, c) || c.Before <= 0 || c.After <= 0 {
			continue
		}
		ratio := math.Abs(math.Log(c.After / c.Before))
		if ratio < math.Log(1.3) || 2*ratio < q.curveRatio() {
			continue
		}
		f := q.seriesFinding(c)
		f.Kind, f.weight, f.bonus = KindCheck, weightSelf, trafficBonus
		word := "More"
		if c.Z < 0 {
			word = "Less"
		}
		f.Strong = []string{word + " traffic"}
		f.Sentence = fmt.Sprintf("%s traffic: the requests of %s were %s, before %s.", word, c.component, requests(c, c.After), requests(c, c.Before))
		out = append(out, f)
	}
	return out
}

func (q *question) isDrawnTraffic() bool {
	for name := range q.drawn {
		if isTraffic(name) {
			return true
		}
	}
	return false
}

// requests writes a count of requests as a rate, where it is known over which
// time it was counted.
func requests(c *change, v float64) string {
	if c.rate {
		return number(roundTo(v, 3)) + "/s"
	}
	if c.counted > 0 {
		return number(roundTo(v/c.counted, 3)) + "/s"
	}
	return number(roundTo(v, 3))
}

// curveRatio is by how much the selected curve changed, as a logarithm.
func (q *question) curveRatio() float64 {
	if q.moved.Before > 0 && q.moved.After > 0 {
		return math.Abs(math.Log(q.moved.After / q.moved.Before))
	}
	return 0
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return strings.TrimSuffix(s, ".")
}
