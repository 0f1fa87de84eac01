package logs

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// The model answers a query the plain way: a slice, and a filter for each
// entry. It shares the tree with the evaluation and nothing else.

// compiled keeps expressions, which the model asks for once an entry.
func compiled(pattern string) *regexp.Regexp {
	if re, ok := expressions.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(pattern)
	expressions.Store(pattern, re)
	return re
}

var expressions sync.Map

func modelFilter(e lang.Expr, row map[string]string) bool {
	switch e := e.(type) {
	case lang.And:
		for _, one := range e {
			if !modelFilter(one, row) {
				return false
			}
		}
		return true
	case lang.Or:
		for _, one := range e {
			if modelFilter(one, row) {
				return true
			}
		}
		return false
	case lang.Not:
		return !modelFilter(e.Of, row)
	case lang.Text:
		return modelText(e.Parts, row["message"])
	case lang.Cond:
		value, ok := row[e.Key]
		return ok && modelCond(e, value)
	}
	return true
}

func modelText(parts []string, message string) bool {
	lower := strings.ToLower(strings.Join(parts, "")) == strings.Join(parts, "")
	pattern := "(?s)"
	if lower {
		pattern = "(?si)"
	}
	for i, part := range parts {
		if i > 0 {
			pattern += ".*"
		}
		pattern += regexp.QuoteMeta(part)
	}
	return compiled(pattern).MatchString(message)
}

func modelCond(c lang.Cond, value string) bool {
	if c.Key == "level" {
		return modelLevel(c, value)
	}
	if c.Key == "host" && c.Op != lang.OpRegexp {
		value = strings.ToLower(value)
	}
	switch c.Op {
	case lang.OpEquals:
		if c.Key == "component" {
			return value == c.Value || strings.HasPrefix(value, c.Value+".")
		}
		return value == c.Value
	case lang.OpGlob:
		return modelGlob(c.Value, c.Key == "component").MatchString(value)
	case lang.OpPresent:
		return true
	case lang.OpRegexp:
		return compiled(c.Value).MatchString(value)
	case lang.OpRange:
		n, ok := modelNumber(value)
		from, _ := modelNumber(c.Value)
		until, _ := modelNumber(c.Until)
		return ok && n >= from && n <= until
	}
	if want, numeric := modelNumber(c.Value); numeric {
		n, ok := modelNumber(value)
		return ok && modelSign(c.Op, n < want, n == want)
	}
	return modelSign(c.Op, value < c.Value, value == c.Value)
}

func modelSign(o lang.Op, less, same bool) bool {
	switch o {
	case lang.OpSame:
		return same
	case lang.OpAbove:
		return !less && !same
	case lang.OpAtLeast:
		return !less
	case lang.OpBelow:
		return less
	}
	return less || same
}

func modelLevel(c lang.Cond, value string) bool {
	order := []string{"none", "trace", "debug", "info", "notice", "warn", "error", "critical", "alert", "emergency"}
	have, want, until := slices.Index(order, value), slices.Index(order, c.Value), slices.Index(order, c.Until)
	switch c.Op {
	case lang.OpEquals:
		return have == want
	case lang.OpPresent:
		return have > 0
	case lang.OpRange:
		return have >= want && have <= until
	}
	return have > 0 && modelSign(c.Op, have < want, have == want)
}

func modelGlob(pattern string, subtree bool) *regexp.Regexp {
	any, one := "(?s:.*)", "(?s:.)"
	if subtree {
		any, one = "[^.]*", "[^.]"
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case '*':
			b.WriteString(any)
		case '?':
			b.WriteString(one)
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	if subtree {
		return compiled("^" + b.String() + `(\..*)?$`)
	}
	return compiled("^" + b.String() + "$")
}

func modelNumber(s string) (float64, bool) {
	if !compiled(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`).MatchString(s) {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && !math.IsInf(n, 0)
}

// modelRow is what an entry says, by name.
func modelRow(e *entry.Entry) map[string]string {
	row := map[string]string{"time": formatTime(e.Time), "component": e.Component, "level": e.Level.String(), "message": e.Message, "id": e.ID.String()}
	if e.Host != "" {
		row["host"] = e.Host
	}
	for _, f := range e.Fields {
		row[f.Key] = f.Value
	}
	return row
}

// modelRows are rows of an answer: values by name, and their order of cells.
type modelRows struct {
	rows  []map[string]string
	cells []string // nil where rows are entries
	extra []string // cells that a row may have besides
}

func modelAnswer(q *lang.Query, entries []entry.Entry, o Options) []string {
	in := slices.Clone(entries)
	sort.SliceStable(in, func(i, j int) bool {
		return in[i].Time < in[j].Time || in[i].Time == in[j].Time && in[i].ID.Less(in[j].ID)
	})
	var m modelRows
	for i := range in {
		if row := modelRow(&in[i]); in[i].Time >= o.From && in[i].Time < o.Until && modelFilter(q.Filter, row) {
			m.rows = append(m.rows, row)
		}
	}
	if o.Order == NewestFirst {
		slices.Reverse(m.rows)
	}
	bounded := false
	for _, p := range q.Pipes {
		m.pipe(p)
		switch p.(type) {
		case *lang.AggregatePipe, *lang.TopPipe, *lang.LimitPipe:
			bounded = true
		}
	}
	if !bounded && len(m.rows) > o.Limit {
		m.rows = m.rows[:o.Limit]
	}
	return m.show()
}

func (m *modelRows) show() []string {
	var out []string
	for _, row := range m.rows {
		if m.cells == nil {
			out = append(out, row["id"])
			continue
		}
		var parts []string
		for _, name := range m.cells {
			parts = append(parts, name+"="+row[name])
		}
		for _, name := range m.extra {
			if value, ok := row[name]; ok {
				parts = append(parts, name+"="+value)
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out
}

func (m *modelRows) pipe(p lang.Pipe) {
	switch p := p.(type) {
	case *lang.WherePipe:
		m.rows = slices.DeleteFunc(m.rows, func(row map[string]string) bool { return !modelFilter(p.Filter, row) })
	case *lang.LimitPipe:
		m.rows = m.rows[:min(p.N, len(m.rows))]
	case *lang.FieldsPipe:
		m.cells, m.extra = p.Names, nil
		for i, row := range m.rows {
			kept := map[string]string{}
			for _, name := range p.Names {
				if value, ok := row[name]; ok {
					kept[name] = value
				}
			}
			m.rows[i] = kept
		}
	case *lang.ExtractPipe:
		for _, row := range m.rows {
			modelExtract(p, row)
		}
		for _, name := range p.Names {
			if m.cells != nil && !slices.Contains(m.cells, name) && !slices.Contains(m.extra, name) {
				m.extra = append(m.extra, name)
			}
		}
	case *lang.SortPipe:
		m.sort(p)
	case *lang.TopPipe:
		m.top(p)
	case *lang.AggregatePipe:
		m.aggregate(p)
	}
}

func modelExtract(p *lang.ExtractPipe, row map[string]string) {
	pattern := p.Regexp
	if pattern == nil {
		var b strings.Builder
		for i, part := range p.Parts {
			if i > 0 && p.Parts[i-1].Field >= 0 {
				fmt.Fprintf(&b, "(?P<%s>", p.Names[p.Parts[i-1].Field])
			}
			if last := i == len(p.Parts)-1; i > 0 && p.Parts[i-1].Skip {
				b.WriteString(map[bool]string{true: "(?s:.*)", false: "(?s:.*?)"}[last && part.Literal == ""])
			}
			if i > 0 && p.Parts[i-1].Field >= 0 {
				b.WriteString(")")
			}
			b.WriteString(regexp.QuoteMeta(part.Literal))
		}
		pattern = compiled(b.String())
	}
	source, ok := row[p.From]
	if found := pattern.FindStringSubmatch(source); ok && found != nil {
		for i, name := range pattern.SubexpNames() {
			if name != "" {
				row[name] = found[i]
			}
		}
	}
}

// modelKey makes texts that sort as values do: numbers, then texts, then none.
func modelLess(name, a, b string, hasA, hasB, desc bool) (less, more bool) {
	rank := func(s string, has bool) (int, float64) {
		if !has {
			return 2, 0
		}
		if name == "level" {
			l, _ := entry.ParseLevel(s)
			return 0, float64(l)
		}
		if n, ok := modelNumber(s); ok {
			return 0, n
		}
		return 1, 0
	}
	ra, na := rank(a, hasA)
	rb, nb := rank(b, hasB)
	switch {
	case ra != rb:
		return ra < rb, ra > rb
	case ra == 0:
		less, more = na < nb, na > nb
	case ra == 1:
		less, more = a < b, a > b
	}
	if desc {
		return more, less
	}
	return less, more
}

func (m *modelRows) sort(p *lang.SortPipe) {
	if m.cells == nil { // equal entries come newest first
		sort.SliceStable(m.rows, func(i, j int) bool {
			a, _ := entry.ParseID(m.rows[i]["id"])
			b, _ := entry.ParseID(m.rows[j]["id"])
			if m.rows[i]["time"] != m.rows[j]["time"] {
				return m.rows[i]["time"] > m.rows[j]["time"]
			}
			return b.Less(a)
		})
	}
	sort.SliceStable(m.rows, func(i, j int) bool {
		for _, k := range p.By {
			a, hasA := m.rows[i][k.Name]
			b, hasB := m.rows[j][k.Name]
			if less, more := modelLess(k.Name, a, b, hasA, hasB, k.Desc); less || more {
				return less
			}
		}
		return false
	})
}

func (m *modelRows) top(p *lang.TopPipe) {
	m.rows = slices.DeleteFunc(m.rows, func(row map[string]string) bool {
		return slices.ContainsFunc(p.By, func(name string) bool { _, ok := row[name]; return !ok })
	})
	m.aggregate(&lang.AggregatePipe{By: p.By, Of: []lang.Aggregate{{Func: "count", As: p.As}}})
	sort.SliceStable(m.rows, func(i, j int) bool {
		a, _ := strconv.Atoi(m.rows[i][p.As])
		b, _ := strconv.Atoi(m.rows[j][p.As])
		if p.Rare {
			return a < b
		}
		return a > b
	})
	m.rows = m.rows[:min(p.N, len(m.rows))]
}

func (m *modelRows) aggregate(p *lang.AggregatePipe) {
	groups := map[string][]map[string]string{}
	for _, row := range m.rows {
		key := modelBucket(p, row)
		for _, name := range p.By {
			value, ok := row[name]
			key += fmt.Sprintf("|%v %q", ok, value)
		}
		groups[key] = append(groups[key], row)
	}
	if len(groups) == 0 && len(p.By) == 0 && p.Every == 0 {
		groups[""] = nil
	}
	m.rows, m.cells, m.extra = nil, nil, nil
	if p.Every > 0 {
		m.cells = append(m.cells, "time")
	}
	m.cells = append(m.cells, p.By...)
	for _, a := range p.Of {
		m.cells = append(m.cells, a.As)
	}
	for _, rows := range groups {
		out := map[string]string{}
		for _, name := range p.By {
			if value, ok := rows[0][name]; ok {
				out[name] = value
			}
		}
		if p.Every > 0 {
			out["time"] = modelBucket(p, rows[0])
		}
		for _, a := range p.Of {
			if value, ok := modelAggregate(a, rows); ok {
				out[a.As] = value
			}
		}
		m.rows = append(m.rows, out)
	}
	sort.Slice(m.rows, func(i, j int) bool {
		a, b := m.rows[i], m.rows[j]
		if a["time"] != b["time"] && p.Every > 0 {
			return a["time"] < b["time"]
		}
		for _, name := range p.By {
			va, hasA := a[name]
			vb, hasB := b[name]
			if less, more := modelLess(name, va, vb, hasA, hasB, false); less || more {
				return less
			}
			if va != vb {
				return va < vb
			}
		}
		return false
	})
}

func modelBucket(p *lang.AggregatePipe, row map[string]string) string {
	if p.Every == 0 {
		return ""
	}
	ns := int64(0)
	if t, err := time.Parse(time.RFC3339Nano, row["time"]); err == nil {
		ns = t.UnixNano()
	}
	return formatTime(int64(math.Floor(float64(ns/1e6)/float64(p.Every/1e6))) * int64(p.Every))
}

func modelAggregate(a lang.Aggregate, rows []map[string]string) (string, bool) {
	if a.Func == "count" {
		return fmt.Sprint(len(rows)), true
	}
	var numbers []float64
	distinct := map[string]bool{}
	sum := 0.0
	for _, row := range rows {
		value, ok := row[a.Field]
		if !ok {
			continue
		}
		distinct[value] = true
		if n, ok := modelNumber(value); ok {
			numbers = append(numbers, n)
			sum += n
		}
	}
	if a.Func == "distinct" {
		return fmt.Sprint(len(distinct)), true
	}
	if len(numbers) == 0 {
		return "", false
	}
	slices.Sort(numbers)
	n := 0.0
	switch a.Func {
	case "sum":
		n = sum
	case "avg":
		n = sum / float64(len(numbers))
	case "min":
		n = numbers[0]
	case "max":
		n = numbers[len(numbers)-1]
	default:
		n = numbers[int(math.Ceil(a.Share*float64(len(numbers))))-1]
	}
	return strconv.FormatFloat(n, 'f', -1, 64), true
}

// Random entries and queries draw from the same few words, so that they meet.

func drawEntries(t *rapid.T) []entry.Entry {
	one := rapid.Custom(func(t *rapid.T) entry.Entry {
		e := entry.Entry{
			Time:      base + int64(rapid.IntRange(-200, 200).Draw(t, "time"))*1e9 + int64(rapid.IntRange(0, 3).Draw(t, "ms"))*250e6,
			Component: rapid.SampledFrom([]string{"web", "web.nginx", "web.shop", "web.shop.git", "db", "db-2"}).Draw(t, "component"),
			Host:      rapid.SampledFrom([]string{"", "web01", "Web02", "db1.example.org"}).Draw(t, "host"),
			Level:     entry.Level(rapid.IntRange(0, entry.Levels-1).Draw(t, "level")),
			Message:   strings.Join(rapid.SliceOfN(drawWord(), 0, 5).Draw(t, "message"), " "),
		}
		for _, key := range []string{"status", "ms", "user"} {
			if rapid.Bool().Draw(t, "has "+key) {
				e.Fields = append(e.Fields, entry.Field{Key: key, Value: drawValue().Draw(t, key)})
			}
		}
		return e
	})
	entries := rapid.SliceOfN(one, 0, 60).Draw(t, "entries")
	for i := range entries {
		entries[i].ID = entry.ID{Batch: uint64(1 + i/7), Row: uint32(i % 7)}
	}
	return entries
}

func drawWord() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"timeout", "Timeout", "took", "12", "ms", "for", "bob", "-", "a.b", "*", `\x`, "größe", "ÄRGER", "500", "x=1", `"q"`, "a/b", "7", "fail", "FAILURE"})
}

func drawValue() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"500", "503", "200", "5", "5.0", "-3", "1e3", "", "bob", "Bob", "a b", "a*b", "x..y", "0x10", "+7", "12", ".5", "inf"})
}

func quoteForTest(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func drawFilter(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 17).Draw(t, "kind")
	if depth <= 0 {
		kind %= 14
	}
	value := drawValue().Draw(t, "value")
	key := rapid.SampledFrom([]string{"status", "ms", "user", "nothere"}).Draw(t, "key")
	sign := rapid.SampledFrom([]string{">", ">=", "<", "<=", "="}).Draw(t, "sign")
	level := entry.Level(rapid.IntRange(0, entry.Levels-1).Draw(t, "of level")).String()
	switch kind {
	case 0:
		return "component:" + rapid.SampledFrom([]string{"web", "web.shop", "web.*", "*.git", "we?", "db*", "=web", "~/sho/"}).Draw(t, "of component")
	case 1:
		return "host:" + rapid.SampledFrom([]string{"web01", "WEB02", "web0?", "*", "~/W/", "=web01", "*.example.*"}).Draw(t, "of host")
	case 2:
		return "level:" + sign + level
	case 3:
		return "level:" + rapid.SampledFrom([]string{"*", "warn..critical", "error", "none"}).Draw(t, "levels")
	case 4, 5:
		return quoteForTest(drawWord().Draw(t, "word"))
	case 6:
		return rapid.SampledFrom([]string{"tim*t", "TIME*", "took*ms", "*", "f*x*1", `\*`, "ä*r", "message:tim*", "message:=timeout"}).Draw(t, "wild")
	case 7:
		return rapid.SampledFrom([]string{"/fail(ed|ure)?/", "/fail/i", "/took [0-9]+ ms/", `/a\/b/`, "/^$/", "/./"}).Draw(t, "regexp")
	case 8:
		return key + ":" + quoteForTest(value)
	case 9:
		return key + ":" + sign + quoteForTest(value)
	case 10:
		return key + ":" + rapid.SampledFrom([]string{"*", "5*", "?0*", "b?b", "*b*", `a\*b`, "5..503", "-5..5.5", "~/[0-9]/"}).Draw(t, "pattern")
	case 11:
		return key + ":(" + quoteForTest(value) + " OR NOT " + sign + quoteForTest(value) + ")"
	case 12:
		return "id:1-" + strconv.Itoa(rapid.IntRange(0, 6).Draw(t, "row"))
	case 13:
		return "*"
	case 14:
		return "(" + drawFilter(t, depth-1) + " OR " + drawFilter(t, depth-1) + ")"
	case 15:
		return drawFilter(t, depth-1) + " " + drawFilter(t, depth-1)
	case 16:
		return "NOT " + drawFilter(t, depth-1)
	}
	return "-(" + drawFilter(t, depth-1) + ")"
}

func drawPipe(t *rapid.T) string {
	names := rapid.SampledFrom([]string{"status", "ms", "user", "component", "host", "level", "message", "count", "took", "id"})
	some := func(n int) string {
		return strings.Join(rapid.SliceOfNDistinct(names, 1, n, rapid.ID[string]).Draw(t, "names"), ", ")
	}
	switch rapid.IntRange(0, 9).Draw(t, "pipe") {
	case 0, 1:
		s := rapid.SampledFrom([]string{"count as n", "count as n, sum ms, avg ms", "min ms, max ms, p50 ms as mid, p99 ms", "distinct user, count as n"}).Draw(t, "aggregate")
		if rapid.Bool().Draw(t, "grouped") {
			s += " by " + rapid.SampledFrom([]string{"component", "level", "component, level", "host", "status, user", "user, level, host", "took", "status, ms, user, level"}).Draw(t, "by")
		}
		return s + rapid.SampledFrom([]string{"", " every 1m", " every 2m", " every 10s", " every 250ms"}).Draw(t, "every")
	case 2:
		return fmt.Sprintf("top %d %s as m", rapid.IntRange(1, 4).Draw(t, "n"), some(2))
	case 3:
		return "rare " + some(2) + " as m"
	case 4:
		return rapid.SampledFrom([]string{`extract "took <took> ms"`, `extract "<a> <user> <b>"`, `extract /(?P<ms>\d+)/`, `extract "5<took>" from status`, `extract "<_> <took>"`}).Draw(t, "extract")
	case 5:
		return "where " + rapid.SampledFrom([]string{"took > 5", "ms <= 12 OR user = bob", "NOT count > 1", "level >= warn", "n > 1", "user != bob", "status ~ /5/"}).Draw(t, "where")
	case 6:
		return "sort " + rapid.SampledFrom([]string{"ms", "ms desc", "user desc, status", "level desc", "time", "n desc", "message"}).Draw(t, "sort")
	case 7:
		return "limit " + strconv.Itoa(rapid.IntRange(1, 10).Draw(t, "limit"))
	}
	return "fields time, " + some(3)
}

func TestAnswersAreThoseOfTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		src := memoryOf(entries, rapid.IntRange(1, 40).Draw(t, "run"), func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") })
		q := drawFilter(t, 3)
		for range rapid.IntRange(0, 3).Draw(t, "pipes") {
			q += " | " + drawPipe(t)
		}
		o := Options{From: base - 200e9, Until: base + 201e9, Limit: rapid.IntRange(1, 70).Draw(t, "rows"), window: rapid.IntRange(1, 9).Draw(t, "window")}
		if rapid.Bool().Draw(t, "cut") {
			o.From = base + int64(rapid.IntRange(-200, 0).Draw(t, "from"))*1e9
			o.Until = base + int64(rapid.IntRange(0, 200).Draw(t, "until"))*1e9 + 1
		}
		if rapid.Bool().Draw(t, "oldest first") {
			o.Order = OldestFirst
		}
		compareWithModel(t, src, entries, q, o)
	})
}

func compareWithModel(t failer, src Source, entries []entry.Entry, text string, o Options) {
	q, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	want := modelAnswer(&q.Query, entries, o)
	var got []string
	_, err = Execute(context.Background(), src, q, o, func(r *Row) error {
		got = append(got, showPlain(r))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-model +answer):\n%s", text, diff)
	}
	if m, is := src.(*memory); is && m.held != 0 {
		t.Fatalf("%s: %d lookups were not released", text, m.held)
	}
	for i := range entries {
		if got, want := q.Match(&entries[i]), modelFilter(q.Filter, modelRow(&entries[i])); got != want {
			t.Fatalf("%s: Match of %+v is %v", text, entries[i], got)
		}
	}
}

// failer is what *testing.T and *rapid.T have in common here.
type failer interface {
	Fatalf(format string, args ...any)
}

// Queries that meet by chance too seldom, over more entries than chance draws.
func TestLongAnswersAreThoseOfTheModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var entries []entry.Entry
	for i := range 1500 {
		digit := func(n int) string { return strconv.Itoa(random.IntN(n)) }
		entries = append(entries, entry.Entry{
			ID: entry.ID{Batch: 1, Row: uint32(i)}, Time: base + int64(random.IntN(1000))*1e8, Component: "web." + digit(3),
			Host: "web" + digit(4), Level: entry.Level(random.IntN(entry.Levels)), Message: "took " + digit(40) + " ms for user" + digit(5),
			Fields: []entry.Field{{Key: "a", Value: digit(7)}, {Key: "b", Value: digit(9)}, {Key: "ms", Value: digit(3000)}},
		})
	}
	for _, dict := range []int{0, 1} {
		src := memoryOf(entries, 200, func(n int) int { return min(dict+n-2, n-1) })
		for _, q := range []string{
			`| extract "took <ms> ms" | where ms > 20`,
			`| extract "took <ms> ms for <user>" | where user = user3 | fields ms, user, id | sort ms desc, user`,
			`| extract "took <t> ms" | sort t desc, ms | limit 7`,
			"| count as n by a, b, level, host", "| count as n by a, b, host every 10s", "| top 5 a, b, level", "| rare 5 ms",
			"| sum ms, avg ms, p99 ms, distinct ms, min ms, max ms by a every 20s",
			"| sort a, b desc, level | limit 500", "a:3 OR b:>7 -level:error took", "user3 -/took 1/ | count as n by component every 1m",
		} {
			for _, window := range []int{3, firstWindow} {
				compareWithModel(t, src, entries, q, Options{From: base, Until: base + 90e9, Limit: 10000, window: window})
			}
		}
	}
}

func showPlain(r *Row) string {
	if r.Entry != nil {
		return r.Entry.ID.String()
	}
	var parts []string
	for _, c := range r.Cells {
		parts = append(parts, c.Name+"="+c.Value.String())
	}
	return strings.Join(parts, " ")
}
