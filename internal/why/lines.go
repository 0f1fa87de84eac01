package why

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"strings"

	"patou/internal/entry"
	"patou/internal/pattern"
	"patou/internal/why/shift"
)

// lineFacts is what the entries say.
type lineFacts struct {
	spoken []*spoken
	said   []*saying // the templates of all
	// places are components and the hosts they spoke on, links components and
	// those that their entries name.
	places, links [][2]string
	spans         spans
}

// spoken is what one component said.
type spoken struct {
	name   string
	spans  *spans
	miner  *pattern.Miner
	refs   map[pattern.Ref]*said
	fields map[string]*valued
	// slow are the fields of slow requests alone.
	slow map[string]*valued
	// requests counts them by span; first is the first span with an entry.
	requests []float64
	first    int
}

// said counts one message by span.
type said struct {
	counts []float64
	first  int64 // in the window, ns
	level  entry.Level
}

// valued counts the values of one field by span; dropped when there are too
// many to mean anything.
type valued struct {
	values  map[string][]float64
	all     []float64
	dropped bool
}

// maxValues is how many values a field may have to be compared by value.
const maxValues = 200

// readLines reads the entries of the baseline and the window, those of the
// scope first, and counts what they say.
func (q *question) readLines(ctx context.Context) error {
	if q.Entries == nil {
		return nil
	}
	q.lines = &lineFacts{spans: q.newSpans()}
	runs, release, err := q.runs(ctx, entry.Lookup{From: q.Base.From, Until: q.Window.Until})
	if err != nil {
		return err
	}
	defer release()
	byName := map[string][]entry.Run{}
	for _, r := range runs {
		byName[r.Component] = append(byName[r.Component], r)
	}
	left := q.MaxLines
	known := q.knownComponents()
	for _, name := range q.readingOrder(byName) {
		if left <= 0 {
			break
		}
		r := &reader{question: q, known: known, left: &left}
		if err := r.read(ctx, name, byName[name]); err != nil {
			return err
		}
	}
	return nil
}

// runs asks the store; release is never nil.
func (q *question) runs(ctx context.Context, l entry.Lookup) (runs []entry.Run, release func(), err error) {
	runs, release, err = q.Entries.Runs(ctx, l)
	if release == nil {
		release = func() {}
	}
	return runs, release, err
}

// readingOrder puts the components of the scope first, then those nearest in
// the tree, then by name: where entries are too many, the last are not read.
func (q *question) readingOrder(byName map[string][]entry.Run) []string {
	g := &graph{}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(q.weigh(g, b, ""), q.weigh(g, a, "")), strings.Compare(a, b))
	})
	return names
}

func (q *question) knownComponents() map[string]bool {
	known := map[string]bool{}
	for _, c := range q.Known().Components {
		known[c] = true
	}
	return known
}

// reader reads the entries of one component.
type reader struct {
	*question
	known map[string]bool
	left  *int
	to    *spoken
	// slice is how much of the begin of each span is looked at: all of it,
	// unless there are too many entries. threshold is from when on a request is
	// slow.
	slice     int64
	threshold float64
}

// opened is a run and the rows of it that are asked for.
type opened struct {
	entry.Columns
	times  []int64
	lo, hi int
}

func (r *reader) read(ctx context.Context, name string, runs []entry.Run) error {
	n := r.lines.spans.n + windowSpans
	r.to = &spoken{
		name: name, spans: &r.lines.spans, miner: pattern.New(pattern.Options{}), refs: map[pattern.Ref]*said{},
		fields: map[string]*valued{}, slow: map[string]*valued{}, requests: make([]float64, n), first: n,
	}
	// Runs come in any order; those of equal times differ in nothing that counts.
	slices.SortStableFunc(runs, func(a, b entry.Run) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Rows, b.Rows))
	})
	r.cut(runs)
	var all []opened
	for i := range runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.needs(&runs[i]) {
			continue
		}
		o, err := r.open(ctx, &runs[i])
		if err != nil {
			return err
		}
		if o.lo < o.hi {
			all = append(all, o)
		}
	}
	if err := r.findThreshold(all); err != nil {
		return err
	}
	for i := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.count(&all[i]); err != nil {
			return err
		}
	}
	r.lines.spoken = append(r.lines.spoken, r.to)
	return nil
}

func (r *reader) open(ctx context.Context, run *entry.Run) (o opened, err error) {
	if o.Columns, err = run.Open(ctx); err != nil {
		return o, err
	}
	if o.times, err = o.Times(); err != nil {
		return o, err
	}
	o.lo = sort.Search(len(o.times), func(i int) bool { return o.times[i] >= r.Base.From })
	o.hi = sort.Search(len(o.times), func(i int) bool { return o.times[i] >= r.Window.Until })
	return o, nil
}

// slowShare is the share of the baseline's requests that are called slow.
const slowShare = 0.95

// findThreshold learns from the baseline how long a slow request takes, where
// the question is about times.
func (r *reader) findThreshold(all []opened) error {
	if r.slowest == "" || !r.inScope(r.to.name, "") {
		return nil
	}
	var took []float64
	for i := range all {
		o := &all[i]
		column, err := o.Field(r.slowest)
		if err != nil {
			return err
		}
		for row := o.lo; row < o.hi; row++ {
			if at := r.spanOf(o.times[row]); at >= 0 && at < r.to.spans.n {
				if text, ok := column.At(row); ok {
					if v, ok := numberOf(text); ok {
						took = append(took, v)
					}
				}
			}
		}
	}
	if sorted := shift.Sorted(took); len(sorted) >= 20 {
		r.threshold = shift.Quantile(sorted, slowShare)
	}
	return nil
}

// count takes in the rows of a run, column by column.
func (r *reader) count(o *opened) error {
	spans := r.spansOf(o)
	requests, err := r.countRequests(o, spans)
	if err != nil {
		return err
	}
	if err := r.countMessages(o, spans, requests); err != nil {
		return err
	}
	if err := r.countHosts(o, spans); err != nil {
		return err
	}
	slow, err := r.slowRows(o, requests)
	if err != nil {
		return err
	}
	return r.countFields(o, spans, slow)
}

// spansOf is the span of each row, -1 for those not looked at.
func (r *reader) spansOf(o *opened) []int32 {
	spans := make([]int32, o.hi-o.lo)
	for i := range spans {
		spans[i] = int32(r.spanOf(o.times[o.lo+i]))
		if at := int(spans[i]); at >= 0 {
			r.compare.Entries++
			r.to.first = min(r.to.first, at)
		}
	}
	return spans
}

// countRequests tells which rows are requests, whose message is but their
// fields once more.
func (r *reader) countRequests(o *opened, spans []int32) ([]bool, error) {
	client, err := o.Field("client")
	if err != nil {
		return nil, err
	}
	status, err := o.Field("status")
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(spans))
	for i, at := range spans {
		_, hasClient := client.At(o.lo + i)
		_, hasStatus := status.At(o.lo + i)
		if out[i] = hasClient && hasStatus; out[i] && at >= 0 {
			r.to.requests[at]++
		}
	}
	return out, nil
}

func (r *reader) countMessages(o *opened, spans []int32, requests []bool) error {
	messages, err := o.Messages()
	if err != nil {
		return err
	}
	levels, err := o.Levels()
	if err != nil {
		return err
	}
	refs := map[uint32]pattern.Ref{}
	for i, at := range spans {
		row := o.lo + i
		if at < 0 || requests[i] {
			continue
		}
		ref := r.ref(messages, row, refs)
		s := r.to.refs[ref]
		if s == nil {
			s = &said{counts: make([]float64, len(r.to.requests))}
			r.to.refs[ref] = s
		}
		s.counts[at]++
		s.level = max(s.level, levels[row])
		if t := o.times[row]; int(at) >= r.to.spans.n && (s.first == 0 || t < s.first) {
			s.first = t
		}
	}
	return nil
}

// ref adds the message of a row to the miner; one that is repeated in a run is
// masked once.
func (r *reader) ref(messages entry.Strings, row int, refs map[uint32]pattern.Ref) pattern.Ref {
	if messages.Codes == nil {
		text, _ := messages.At(row)
		return r.to.miner.Add(text)
	}
	code := messages.Codes[row]
	ref, ok := refs[code]
	if !ok {
		text, _ := messages.At(row)
		ref = r.to.miner.Add(text)
		refs[code] = ref
	}
	return ref
}

func (r *reader) countHosts(o *opened, spans []int32) error {
	hosts, err := o.Hosts()
	if err != nil {
		return err
	}
	// A store may share the list of hosts between components: what counts is
	// whom the rows name.
	seen := map[string]bool{}
	for i, at := range spans {
		if at >= 0 {
			h, _ := hosts.At(o.lo + i)
			seen[h] = true
		}
	}
	for h := range seen {
		if p := [2]string{r.to.name, h}; h != "" && !slices.Contains(r.lines.places, p) && len(r.lines.places) < 10_000 {
			r.lines.places = append(r.lines.places, p)
		}
	}
	return nil
}

// slowRows tells which rows are slow requests; nil where nobody asks.
func (r *reader) slowRows(o *opened, requests []bool) ([]bool, error) {
	if r.threshold == 0 {
		return nil, nil
	}
	column, err := o.Field(r.slowest)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(requests))
	for i := range out {
		if text, ok := column.At(o.lo + i); ok && requests[i] {
			v, ok := numberOf(text)
			out[i] = ok && v >= r.threshold
		}
	}
	return out, nil
}
