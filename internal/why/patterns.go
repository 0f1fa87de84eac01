package why

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"patou/internal/entry"
	"patou/internal/pattern"
	"patou/internal/why/shift"
)

// saying is one template of a component, or one value of a field, and how its
// count changed.
type saying struct {
	of     *spoken
	kind   string
	text   string // the template
	key    string // of a field
	value  string
	counts []float64
	first  int64
	level  entry.Level
	state  string // new, gone, more, less
	rise   shift.Rise
	// share and before are a value's shares, slow whether those of slow
	// requests.
	share, before float64
	slow          bool
	p, q          float64
	recalled      recalled
}

// lineFindings makes rows of the templates and fields that changed.
func (q *question) lineFindings(g *graph) []*finding {
	if q.lines == nil {
		return nil
	}
	all := q.lines.said
	for _, s := range q.lines.spoken {
		all = append(all, s.shifted(s.fields, false)...)
		all = append(all, s.among(s.shifted(s.slow, true))...)
	}
	var out []*finding
	for _, near := range []bool{true, false} {
		var some []*saying
		var p []float64
		n := 0
		for _, s := range all {
			if (q.weigh(g, s.of.name, "") >= weightCaller) == near {
				n++
				if s.state != "" {
					some, p = append(some, s), append(p, s.p)
				}
			}
		}
		limit := nearChance
		if !near {
			limit = farChance
		}
		for i, adjusted := range shift.Adjust(p, n) {
			if some[i].q = adjusted; adjusted <= limit {
				out = append(out, q.sayingFinding(g, some[i]))
			}
		}
	}
	return out
}

// baseOf is the counts of a baseline and a window, without the spans that are
// left out and those before the component first spoke.
func (s *spoken) baseOf(counts []float64) shift.Counts {
	c := shift.Counts{Window: counts[s.spans.n:]}
	for i, v := range counts[:s.spans.n] {
		if !s.spans.out[i] && i >= s.first {
			c.Base = append(c.Base, v)
		}
	}
	return c
}

// exposure is how much more there was to do in the window: counts that only
// follow the number of requests are no news.
func (s *spoken) exposure() float64 {
	c := s.baseOf(s.requests)
	base, window := 0.0, 0.0
	for _, v := range c.Base {
		base += v
	}
	for _, v := range c.Window {
		window += v
	}
	if base < 20 || window < 5 {
		return 1
	}
	ratio := window / windowSpans / (base / float64(len(c.Base)))
	if ratio > 0.8 && ratio < 1.25 {
		return 1
	}
	return ratio
}

// The least of a change in counts.
const (
	leastNew  = 3
	leastGone = 10
	leastMore = 5
	moreTimes = 2.0
)

// templates judges each template of the component.
func (s *spoken) templates() []*saying {
	result := s.miner.Result()
	byTemplate := map[int]*saying{}
	for ref, said := range s.refs {
		i := result.Of(ref)
		t := byTemplate[i]
		if t == nil {
			t = &saying{of: s, kind: KindPattern, text: result.Templates[i].Text, counts: make([]float64, len(said.counts))}
			byTemplate[i] = t
		}
		for k, v := range said.counts {
			t.counts[k] += v
		}
		t.level = max(t.level, said.level)
		if said.first != 0 && (t.first == 0 || said.first < t.first) {
			t.first = said.first
		}
	}
	weight := s.exposure()
	var out []*saying
	for _, t := range byTemplate {
		if t.text != pattern.Hole {
			t.judge(weight)
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *saying) int { return strings.Compare(a.text, b.text) })
	return out
}

// judge says whether a template is new, gone, or more or less frequent.
func (t *saying) judge(weight float64) {
	c := t.of.baseOf(t.counts)
	t.rise = c.Compare(weight)
	t.p = max(t.rise.P, c.Own())
	if len(c.Base) < windowSpans { // the component itself is new: nothing is known
		t.p = 1
	}
	occupied := 0
	for _, v := range c.Window {
		if v > 0 {
			occupied++
		}
	}
	switch r := &t.rise; {
	case r.Base == 0 && r.Window >= leastNew && occupied >= 2:
		t.state = "new"
	case r.Window == 0 && r.Expected >= leastGone:
		t.state = "gone"
	case r.Window >= leastMore && r.Window >= moreTimes*r.Expected && r.Base > 0:
		t.state = "more"
	case r.Expected >= 2*leastGone && r.Window < r.Expected/3:
		t.state = "less"
	}
}

// leastShift is by how much the share of a value must grow, leastRows of how
// many entries in the window.
const (
	leastShift = 0.2
	leastRows  = 12
)

// shifted judges for each field the value whose share grew most.
func (s *spoken) shifted(fields map[string]*valued, slow bool) []*saying {
	var out []*saying
	for _, key := range sortedKeys(fields) {
		v := fields[key]
		if v.dropped || v.measures(key) {
			continue
		}
		var most *saying
		for _, value := range sortedKeys(v.values) {
			t := &saying{of: s, kind: KindField, key: key, value: value, counts: v.values[value], slow: slow, p: 1}
			t.judgeShare(v.all)
			if most == nil || t.share-t.before > most.share-most.before {
				most = t
			}
		}
		if most != nil {
			out = append(out, most)
		}
	}
	return out
}

// among drops what is as frequent among all entries of the window as among the
// slow ones: it does not tell slow requests from others.
func (s *spoken) among(slow []*saying) []*saying {
	for _, t := range slow {
		v := s.fields[t.key]
		if t.state == "" || v == nil || v.dropped {
			continue
		}
		all, part := 0.0, 0.0
		for i := s.spans.n; i < len(v.all); i++ {
			all += v.all[i]
			if counts := v.values[t.value]; counts != nil {
				part += counts[i]
			}
		}
		if all > 0 && t.share-part/all < leastShift {
			t.state = ""
		}
	}
	return slow
}

// measures reports whether a field holds amounts, whose values one by one mean
// nothing.
func (v *valued) measures(key string) bool {
	for _, word := range []string{"status", "code", "port", "version", "shard", "level", "id"} {
		if strings.Contains(key, word) {
			return false
		}
	}
	for value := range v.values {
		if _, ok := numberOf(value); !ok {
			return false
		}
	}
	return true
}

// judgeShare compares a value's share of all values of its field.
func (t *saying) judgeShare(all []float64) {
	c, whole := t.of.baseOf(t.counts), t.of.baseOf(all)
	var base, window float64
	for _, v := range whole.Base {
		base += v
	}
	for _, v := range whole.Window {
		window += v
	}
	if window < leastRows || base < leastRows || len(c.Base) < windowSpans {
		return
	}
	weight := window / windowSpans / (base / float64(len(whole.Base)))
	t.rise = c.Compare(weight)
	t.share, t.before = t.rise.Window/window, t.rise.Base/base
	if t.share-t.before < leastShift {
		return
	}
	t.state = "more"
	t.p = max(t.rise.P, ownShare(&c, &whole, t.share, t.before))
}

// ownShare is how many stretches of the baseline, as long as the window, had a
// share as far off.
func ownShare(c, whole *shift.Counts, share, before float64) float64 {
	n, as := 0, 0
	for i := 0; i+windowSpans <= len(c.Base); i++ {
		part, all := 0.0, 0.0
		for k := i; k < i+windowSpans; k++ {
			part, all = part+c.Base[k], all+whole.Base[k]
		}
		if all < leastRows/2 {
			continue
		}
		n++
		if part/all >= share || part/all-before >= share-before {
			as++
		}
	}
	if as == 0 {
		// Few stretches vouch for little.
		return 1 / float64(1+n*n*n)
	}
	return float64(as+1) / float64(n+1)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// What a kind of change in lines counts, by the experience that errors tell
// more than other lines, and that less of something tells least.
func (t *saying) factor() float64 {
	f := 1.0
	switch {
	case t.kind == KindField:
		f = 0.9
	case t.state == "less":
		f = 0.5
	case t.state == "gone":
		f = 0.7
	case t.level >= entry.Warn:
		f = 1.1
	case t.state == "more":
		f = 0.9
	}
	return f
}

func (q *question) sayingFinding(g *graph, t *saying) *finding {
	began := t.first
	if began == 0 {
		began = q.Window.From
	}
	f := q.newFinding(t.kind, t.of.name, "", began, t.q)
	f.weight, f.factor = q.weigh(g, t.of.name, ""), t.factor()
	if t.kind == KindField {
		q.describeField(f, t)
	} else {
		q.describePattern(f, t)
	}
	f.Spark = t.spark(q)
	return f
}

func (q *question) describePattern(f *finding, t *saying) {
	text := "“" + oneLine(t.text) + "”"
	f.Strong = []string{oneLine(t.text)}
	n, expected := of(int(t.rise.Window), "time", "times"), number(roundTo(t.rise.Expected, 2))
	before := span(max(q.baseLength(), t.recalled.length))
	switch {
	case t.state == "new" && t.recalled.last > 0:
		f.Value = "rare"
		f.Sentence = fmt.Sprintf("%s says something rare, %s from %s, the last time before that at %s: %s.", t.of.name, n, q.clockTime(t.first), q.clockTime(t.recalled.last), text)
	case t.state == "new":
		f.Value = "new"
		f.Sentence = fmt.Sprintf("%s says something new, %s from %s and never in the %s before: %s.", t.of.name, n, q.clockTime(t.first), before, text)
	case t.state == "gone":
		f.Value = "gone"
		f.Sentence = fmt.Sprintf("%s no longer says %s; %s times were to be expected.", t.of.name, text, expected)
	default:
		f.Value = "×" + number(roundTo(t.rise.Window/max(t.rise.Expected, 0.1), 2))
		word := "more often"
		if t.state == "less" {
			word = "less often"
		}
		f.Sentence = fmt.Sprintf("%s says %s %s: %s, %s were to be expected.", t.of.name, text, word, n, expected)
	}
	f.Link = q.linesOf(t.of.name, "", phrase(t.text))
}

func (q *question) describeField(f *finding, t *saying) {
	field := t.key + "=" + oneLine(t.value)
	f.Strong = []string{field}
	whose := "the entries of " + t.of.name + " that have it"
	query := t.key + ":" + quoted(t.value)
	if t.slow {
		whose = "the slow requests of " + t.of.name
	}
	f.Value = fmt.Sprintf("%.0f %%", 100*t.share)
	f.Sentence = fmt.Sprintf("%s in %.0f %% of %s, before in %.0f %%.", field, 100*t.share, whose, 100*t.before)
	f.Link = q.linesOf(t.of.name, "", query)
}

// phrase is the longest text of a template without a hole, as a query.
func phrase(template string) string {
	parts := strings.Split(template, pattern.Hole)
	longest := slices.MaxFunc(parts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	if longest = strings.TrimSpace(longest); len(longest) < 3 {
		return ""
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(longest) + `"`
}

// spark is the counts by span.
func (t *saying) spark(q *question) *Curve {
	s := &Curve{
		From: stamp(t.of.spans.base), StepMS: t.of.spans.length / 1e6,
		Window: []string{stamp(q.Window.From), stamp(q.Window.Until)}, Values: []*float64{},
	}
	for i := range t.counts {
		v := t.counts[i]
		if i < t.of.spans.n && t.of.spans.out[i] {
			s.Values = append(s.Values, nil)
			continue
		}
		s.Values = append(s.Values, &v)
	}
	return s
}
