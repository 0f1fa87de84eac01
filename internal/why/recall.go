package why

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/entry"
	"patou/internal/pattern"
	"patou/internal/timerange"
)

// How far back it is looked whether something new was said before, for how many
// templates, and over how many entries: the filters of the store leave out most
// of what cannot match.
const (
	recallFor  = 24 * time.Hour
	recallMost = 8
	recallRows = 200_000
	// recallLeast is how much of a past makes a single line worth a word, where
	// it is an error.
	recallLeast = time.Hour
	// recallEnough is how many spans with it are as good as any more.
	recallEnough = 100
)

// recalled is what is known of a template's time before the window.
type recalled struct {
	// length is how far back it is known, 0 where nothing is.
	length time.Duration
	// spans are those in which it was said, as long as the baseline's, and last
	// is when, in ns.
	spans map[int64]bool
	last  int64
}

// recall looks, for the likeliest news, whether it is news at all.
func (q *question) recall(ctx context.Context) error {
	if q.lines == nil {
		return nil
	}
	for _, s := range q.lines.spoken {
		q.lines.said = append(q.lines.said, s.templates()...)
	}
	left := recallRows
	for _, t := range q.newest() {
		r, err := q.lookBack(ctx, t, &left)
		if err != nil {
			return err
		}
		t.remember(r)
	}
	return nil
}

// newest are the templates that the baseline does not have: those in scope
// first, then errors, then the most frequent.
func (q *question) newest() []*saying {
	var out []*saying
	for _, t := range q.lines.said {
		if t.rise.Base == 0 && (t.state == "new" || t.level >= entry.Error && t.rise.Window > 0) && t.p < 1 {
			out = append(out, t)
		}
	}
	near := func(t *saying) int {
		if q.inScope(t.of.name, "") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b *saying) int {
		return cmp.Or(cmp.Compare(near(a), near(b)), cmp.Compare(b.level, a.level), cmp.Compare(b.rise.Window, a.rise.Window),
			strings.Compare(a.of.name, b.of.name), strings.Compare(a.text, b.text))
	})
	return out[:min(len(out), recallMost)]
}

// lookBack looks for a template before the window, in what was left out of the
// baseline too.
func (q *question) lookBack(ctx context.Context, t *saying, left *int) (r recalled, err error) {
	r.spans = map[int64]bool{}
	pieces := constants(t.text)
	if len(pieces) == 0 {
		return r, nil
	}
	from := q.Base.From - int64(recallFor)
	is := func(name string) bool { return name == t.of.name }
	all, release, err := q.runs(ctx, entry.Lookup{From: from, Until: q.Base.Until, Component: is})
	if err != nil {
		return r, err
	}
	first := q.Base.Until
	for i := range all {
		if is(all[i].Component) {
			first = min(first, max(all[i].First, from))
		}
	}
	release()
	runs, release, err := q.runs(ctx, entry.Lookup{From: from, Until: q.Base.Until, Component: is, Literals: pieces})
	if err != nil {
		return r, err
	}
	defer release()
	for i := range runs {
		if !is(runs[i].Component) {
			continue
		}
		if *left -= runs[i].Rows; *left < 0 {
			return recalled{}, nil // too much to read: nothing is known
		}
		if err := r.find(ctx, &runs[i], pieces, timerange.Range{From: from, Until: q.Base.Until}, t.of.spans.length); err != nil {
			return r, err
		}
		if len(r.spans) >= recallEnough {
			break
		}
	}
	r.length = time.Duration(q.Base.Until - first)
	return r, ctx.Err()
}

// constants are the texts between a template's holes that are long enough to
// tell it from others.
func constants(template string) []string {
	var out []string
	for part := range strings.SplitSeq(template, pattern.Hole) {
		if part = strings.TrimSpace(part); len(part) >= 4 {
			out = append(out, part)
		}
	}
	return out
}

// find notes when the messages of a run hold the pieces in their order.
func (r *recalled) find(ctx context.Context, run *entry.Run, pieces []string, within timerange.Range, length int64) error {
	columns, err := run.Open(ctx)
	if err != nil {
		return err
	}
	times, err := columns.Times()
	if err != nil {
		return err
	}
	messages, err := columns.Messages()
	if err != nil {
		return err
	}
	like := make([]bool, len(messages.Values))
	for i, text := range messages.Values {
		like[i] = holds(text, pieces)
	}
	for row, at := range times {
		code := uint32(row)
		if messages.Codes != nil {
			code = messages.Codes[row]
		}
		if within.Contains(at) && int(code) < len(like) && like[code] {
			r.spans[at/length], r.last = true, max(r.last, at)
		}
	}
	return nil
}

func holds(text string, pieces []string) bool {
	for _, p := range pieces {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return true
}

// remember judges a template anew by the time before the baseline: the longer it
// was never said, the less it takes to be news.
func (t *saying) remember(r recalled) {
	if r.length <= 0 {
		return
	}
	t.recalled = r
	c := t.of.baseOf(t.counts)
	occupied := 0
	for _, v := range c.Window {
		if v > 0 {
			occupied++
		}
	}
	spans := max(float64(r.length)/float64(t.of.spans.length), float64(len(c.Base)))
	t.p = min(math.Pow(float64(1+len(r.spans))/(1+spans), float64(occupied)), 1)
	if t.state == "" && len(r.spans) == 0 && r.length >= recallLeast {
		t.state = "new"
	}
}
