package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of pipes.
const (
	maxPipes = 32
	maxNames = 16        // names in one list
	maxRows  = 1_000_000 // that limit, top and rare may ask for
)

// pipeWords is told to whoever wrote a pipe that is not known.
const pipeWords = "count, sum, avg, min, max, p50 (any p1 to p99), distinct, top, rare, patterns, extract, where, sort, limit or fields"

// pipes reads the rest of the query.
func (p *parser) pipes() []Pipe {
	var pipes []Pipe
	for !p.done() {
		start := p.pos
		p.pos++ // the bar
		if len(pipes) == maxPipes {
			p.fail(start, fmt.Sprintf("more than %d pipes", maxPipes), "")
		}
		pipes = append(pipes, p.pipe())
		p.skipSpace()
		if !p.done() && !p.at("|") {
			p.unknown(p.pos, after(pipes[len(pipes)-1]))
		}
	}
	return pipes
}

// after is what may follow a pipe.
func after(last Pipe) string {
	if s, is := last.(*SortPipe); is && !s.By[len(s.By)-1].Desc {
		return "asc, desc, a comma, | or the end"
	}
	switch last.(type) {
	case *WherePipe:
		return "AND, OR, | or the end"
	case *TopPipe:
		return "a comma, as NAME, | or the end"
	case *PatternsPipe:
		return "by FIELD, from FIELD, | or the end"
	case *LimitPipe, *ExtractPipe:
		return "| or the end"
	}
	return "a comma, | or the end"
}

// pipe reads one pipe, the bar before it taken. A word that begins none may be
// the first of an aggregation's numbers.
func (p *parser) pipe() Pipe {
	p.skipSpace()
	start := p.pos
	switch name := p.bare(); name {
	case "top", "rare":
		return p.top(name == "rare")
	case "extract":
		return p.extract()
	case "where":
		return &WherePipe{p.where()}
	case "sort":
		return p.sort()
	case "limit":
		return &LimitPipe{p.count("a number of rows")}
	case "fields":
		return &FieldsPipe{p.names("a field's name")}
	case "patterns":
		return p.patterns()
	}
	p.pos = start
	if _, ok := aggregateOf(p.peek()); !ok {
		p.unknown(start, pipeWords)
	}
	return p.aggregates()
}

// bare reads a word of the pipes' own language; "" where none stands.
func (p *parser) bare() string {
	p.skipSpace()
	start := p.pos
	for p.pos < len(p.src) && isNameByte(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

// peek is the next bare word, not read.
func (p *parser) peek() string {
	start := p.pos
	word := p.bare()
	p.pos = start
	p.skipSpace()
	return word
}

// name reads a field's name, in quotes where it is a word of the language.
func (p *parser) name(wanted string) string {
	p.skipSpace()
	start := p.pos
	if p.at(`"`) {
		if name := p.quoted(); name != "" {
			return name
		}
		p.fail(start, "a name is empty", wanted)
	}
	if word := p.bare(); word != "" && !isPipeWord(word) {
		return word
	}
	p.unknown(start, wanted)
	return ""
}

// names reads a list with commas. A name twice would make two columns that
// nobody can tell apart.
func (p *parser) names(wanted string) []string {
	var names []string
	for {
		p.skipSpace()
		start := p.pos
		name := p.name(wanted)
		switch {
		case slices.Contains(names, name):
			p.fail(start, fmt.Sprintf("%q is named twice", name), "")
		case len(names) == maxNames:
			p.fail(start, fmt.Sprintf("more than %d names", maxNames), "")
		}
		names = append(names, name)
		if p.skipSpace(); !p.take(",") {
			return names
		}
	}
}

// count reads a number of rows.
func (p *parser) count(wanted string) int {
	p.skipSpace()
	start := p.pos
	word := p.bare()
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || n > maxRows || word[0] == '+' {
		p.unknown(start, fmt.Sprintf("%s, 1 to %d", wanted, maxRows))
	}
	return n
}

// countName is the column of a count that was given no name.
const countName = "count"

// top reads the rest of top and rare: how many, of what, and the name of the
// count.
func (p *parser) top(rare bool) Pipe {
	t := &TopPipe{N: 10, Rare: rare, As: countName}
	if word := p.peek(); word != "" && isDigit(word[0]) {
		t.N = p.count("a number of values")
	}
	t.By = p.groupNames("a field's name")
	if p.peek() == "as" {
		p.bare()
		t.As = p.name("a column's name")
	}
	if slices.Contains(t.By, t.As) {
		p.fail(p.pos, fmt.Sprintf("two columns would be named %q", t.As), "as NAME for the number")
	}
	return t
}

// groupNames reads the names that rows are grouped by.
func (p *parser) groupNames(wanted string) []string {
	p.skipSpace()
	start := p.pos
	names := p.names(wanted)
	if slices.Contains(names, KeyTime) {
		p.fail(start, "grouping by time is done with every", "every DURATION, as in every 1m")
	}
	return names
}

// aggregates reads numbers, then what they are grouped by.
func (p *parser) aggregates() Pipe {
	a := &AggregatePipe{}
	for {
		a.Of = append(a.Of, p.aggregate())
		if len(a.Of) > maxNames {
			p.fail(p.pos, fmt.Sprintf("more than %d numbers", maxNames), "")
		}
		if p.skipSpace(); !p.take(",") {
			break
		}
	}
	p.clauses(a)
	p.checkColumns(a)
	return a
}

// aggregate reads one number. Unnamed it is called by what it is, as avg_ms,
// so that later pipes can speak of it.
func (p *parser) aggregate() Aggregate {
	p.skipSpace()
	start := p.pos
	word := p.bare()
	a, ok := aggregateOf(word)
	if !ok {
		p.unknown(start, "count, sum, avg, min, max, p50 (any p1 to p99) or distinct")
	}
	a.As = a.Func
	if a.Func != "count" {
		a.Field = p.name("the name of a field to take the " + a.Func + " of")
		a.As = a.Func + "_" + a.Field
	}
	if p.peek() == "as" {
		p.bare()
		a.As, a.named = p.name("a column's name"), true
	}
	return a
}

func aggregateOf(word string) (Aggregate, bool) {
	switch word {
	case "count", "sum", "avg", "min", "max", "distinct":
		return Aggregate{Func: word}, true
	}
	digits, ok := strings.CutPrefix(word, "p")
	if !ok || digits == "" || !isDigit(digits[0]) || len(digits) > 6 {
		return Aggregate{}, false
	}
	percent, err := strconv.ParseFloat(digits, 64)
	if err != nil || percent <= 0 || percent >= 100 {
		return Aggregate{}, false
	}
	return Aggregate{Func: word, Share: percent / 100}, true
}

// clauses reads by, every and a trailing as, in any order, each once.
func (p *parser) clauses(a *AggregatePipe) {
	for {
		p.skipSpace()
		start := p.pos
		word := p.peek()
		switch {
		case word == "by" && a.By == nil:
			p.bare()
			a.By = p.groupNames("a field's name, component, host or level")
		case word == "every" && a.Every == 0:
			p.bare()
			a.Every = p.duration()
		case word == "as" && len(a.Of) == 1 && !a.Of[0].named:
			p.bare()
			a.Of[0].As, a.Of[0].named = p.name("a column's name"), true
		case p.done() || p.at("|"):
			return
		default:
			p.unknown(start, wantedClauses(a))
		}
	}
}

// wantedClauses are those of clauses that have not been said yet.
func wantedClauses(a *AggregatePipe) string {
	var wanted []string
	if a.By == nil {
		wanted = append(wanted, "by FIELD")
	}
	if a.Every == 0 {
		wanted = append(wanted, "every")
	}
	if len(a.Of) == 1 && !a.Of[0].named {
		wanted = append(wanted, "as NAME")
	}
	return strings.Join(append(wanted, "| or the end"), ", ")
}

// checkColumns refuses two columns of one name.
func (p *parser) checkColumns(a *AggregatePipe) {
	columns := slices.Clone(a.By)
	if a.Every > 0 {
		columns = append(columns, KeyTime)
	}
	for _, one := range a.Of {
		if slices.Contains(columns, one.As) {
			p.fail(p.pos, fmt.Sprintf("two columns would be named %q", one.As), "as NAME after one of them")
		}
		columns = append(columns, one.As)
	}
}

// duration reads a span of time such as 30s, 1m or 12h.
func (p *parser) duration() time.Duration {
	p.skipSpace()
	start := p.pos
	word := p.bare()
	digits := strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.Atoi(digits)
	if err == nil && n > 0 && n <= 1e6 && isDigit(digits[0]) {
		for _, u := range units() {
			if u.name == word[len(digits):] && n <= int(366*24*time.Hour/u.size) {
				return time.Duration(n) * u.size
			}
		}
	}
	p.unknown(start, "a span such as 500ms, 10s, 1m, 6h, 1d or 1w, a year at most")
	return 0
}

// sort reads keys, ascending where nothing else is said.
func (p *parser) sort() Pipe {
	s := &SortPipe{}
	for {
		k := SortKey{Name: p.name("a field's or column's name")}
		if word := p.peek(); word == "asc" || word == "desc" {
			p.bare()
			k.Desc = word == "desc"
		}
		s.By = append(s.By, k)
		if len(s.By) > maxNames {
			p.fail(p.pos, fmt.Sprintf("more than %d names", maxNames), "")
		}
		if p.skipSpace(); !p.take(",") {
			break
		}
	}
	return s
}

// where reads filters in which comparisons may be written with spaces too:
// ms > 100.
func (p *parser) where() Expr {
	if p.skipSpace(); p.done() || p.at("|") {
		p.unknown(p.pos, "a comparison such as ms > 100, or a filter")
	}
	return p.or(grammar{primary: p.condition})
}

// condition reads a comparison with spaces, or goes back and reads a filter as
// it stands before the first pipe.
func (p *parser) condition() Expr {
	start := p.pos
	if p.at(`"`) {
		p.quoted()
	} else {
		p.bare()
	}
	end := p.pos
	p.skipSpace()
	at := p.pos
	sign := p.sign()
	if sign == "" || end == start {
		p.pos = start
		return p.filter()
	}
	p.pos = start
	key := p.name("a field's name")
	p.pos = at + len(sign)
	return p.spaced(start, key, sign)
}

// sign reads the sign of a comparison; "" where none stands.
func (p *parser) sign() string {
	for _, sign := range []string{">=", "<=", "!=", "!~", ">", "<", "=", "~"} {
		if p.take(sign) {
			return sign
		}
	}
	return ""
}

// spaced reads the value of a comparison written with spaces.
func (p *parser) spaced(start int, key, sign string) Expr {
	p.skipSpace()
	if key == KeyTime {
		p.fail(start, "the time is given beside the query", "from and until")
	}
	switch sign {
	case "!=":
		return Not{p.compare(key, OpSame, p.pos)}
	case "~":
		return p.fieldRegexp(key)
	case "!~":
		return Not{p.fieldRegexp(key)}
	}
	for _, o := range []Op{OpAtLeast, OpAtMost, OpAbove, OpBelow, OpSame} {
		if o.sign() == sign {
			return p.compare(key, o, p.pos)
		}
	}
	return nil
}
