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
	// recallEnough is how many lines seen before are as good as any more.
	recallEnough = 100
)

// recalled is what is known of a template's time before the baseline.
type recalled struct {
	length time.Duration // 0 where nothing is known
	lines  int
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

// lookBack counts the lines of a template before the baseline.
func (q *question) lookBack(ctx context.Context, t *saying, left *int) (r recalled, err error) {
	pieces := constants(t.text)
	if len(pieces) == 0 {
		return r, nil
	}
	from := q.Base.From - int64(recallFor)
	is := func(name string) bool { return name == t.of.name }
	all, release, err := q.runs(ctx, entry.Lookup{From: from, Until: q.Base.From, Component: is})
	if err != nil {
		return r, err
	}
	first := q.Base.From
	for i := range all {
		if is(all[i].Component) && all[i].First < q.Base.From {
			first = min(first, max(all[i].First, from))
		}
	}
	release()
	runs, release, err := q.runs(ctx, entry.Lookup{From: from, Until: q.Base.From, Component: is, Literals: pieces})
	if err != nil {
		return r, err
	}
	defer release()
	for i := range runs {
		if !is(runs[i].Component) || runs[i].First >= q.Base.From {
			continue
		}
		if *left -= runs[i].Rows; *left < 0 {
			return recalled{}, nil // too much to read: nothing is known
		}
		n, err := countLike(ctx, &runs[i], pieces, from, q.Base.From)
		if err != nil {
			return r, err
		}
		if r.lines += n; r.lines >= recallEnough {
			break
		}
	}
	r.length = time.Duration(q.Base.From - first)
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

// countLike counts the messages of a run that hold the pieces in their order.
func countLike(ctx context.Context, run *entry.Run, pieces []string, from, until int64) (n int, err error) {
	columns, err := run.Open(ctx)
	if err != nil {
		return 0, err
	}
	times, err := columns.Times()
	if err != nil {
		return 0, err
	}
	messages, err := columns.Messages()
	if err != nil {
		return 0, err
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
		if at >= from && at < until && int(code) < len(like) && like[code] {
			n++
		}
	}
	return n, nil
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
	spans := float64(len(c.Base)) + float64(r.length)/float64(t.of.spans.length)
	t.p = min(math.Pow(float64(1+r.lines)/(1+spans), float64(occupied)), 1)
	if t.state == "" && r.lines == 0 && r.length >= recallLeast {
		t.state = "new"
	}
}
