package logs

import (
	"regexp"
	"time"
)

// The names that are no fields but parts of every entry.
const (
	keyTime      = "time"
	keyComponent = "component"
	keyHost      = "host"
	keyLevel     = "level"
	keyMessage   = "message"
	keyID        = "id"
)

// expr is a filter. Its values compare with reflect.DeepEqual.
type expr interface{ write(b writer) }

// all selects every entry.
type all struct{}

// and and or hold at least two filters, none of their own kind.
type (
	and []expr
	or  []expr
)

type not struct{ of expr }

// text selects messages that hold all parts, one after the other.
type text struct{ parts []string }

// cond compares one value of the entry.
type cond struct {
	key string
	op  op
	// value is the text compared with; a pattern for opGlob and opRegexp.
	value string
	// until is the end of an opRange.
	until string
}

type op uint8

const (
	opEquals op = iota // the same text; a component's subtree
	opGlob
	opPresent
	opRegexp
	opSame // "=": equal as numbers where both are, never a pattern
	opAbove
	opAtLeast
	opBelow
	opAtMost
	opRange // both ends included
)

// sign is what comparisons look like in a query.
func (o op) sign() string {
	switch o {
	case opSame:
		return "="
	case opAbove:
		return ">"
	case opAtLeast:
		return ">="
	case opBelow:
		return "<"
	case opAtMost:
		return "<="
	case opRegexp:
		return "~"
	}
	return ""
}

// pipe is one step after the filters.
type pipe interface{ write(b writer) }

// aggregatePipe computes numbers by groups and spans of time.
type aggregatePipe struct {
	of    []aggregate
	by    []string
	every time.Duration // 0: no spans
}

// aggregate is one number of a group: count, sum, avg, min, max, distinct or a
// percentile.
type aggregate struct {
	fn    string
	share float64 // of a percentile: 0.99 for p99
	field string  // "" for count
	as    string  // the column's name
	named bool    // as was written
}

// topPipe lists the most or the least frequent values.
type topPipe struct {
	n    int
	by   []string
	rare bool
}

// extractPipe makes fields of a text by a pattern.
type extractPipe struct {
	from   string // key of the text
	source string // as it was written, without quotes or slashes
	isRE   bool
	re     *regexp.Regexp
	parts  []extractPart
	names  []string // of the fields it makes, in order
}

// extractPart is a literal and the field that follows it.
type extractPart struct {
	literal string
	// field is the index of the name, -1 for none.
	field int
	// skip is set where something follows that is not kept, as by <_>.
	skip bool
}

type wherePipe struct{ filter expr }

type sortPipe struct{ by []sortKey }

type sortKey struct {
	name string
	desc bool
}

type limitPipe struct{ n int }

type fieldsPipe struct{ names []string }
