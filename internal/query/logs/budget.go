package logs

import "fmt"

// BudgetError says what a query needed too much of and how to ask for less.
type BudgetError struct {
	// What names what there was too much of, as "groups".
	What string
	// Limit is how much there may be, in the unit of What.
	Limit int64
	// Advice is what to do.
	Advice string
}

// Error is the whole sentence.
func (e *BudgetError) Error() string {
	return fmt.Sprintf("the query needs more than %d %s: %s", e.Limit, e.What, e.Advice)
}

// budget bounds what a query holds in memory.
type budget struct {
	groups, maxGroups int
	bytes, maxBytes   int64
}

// group accounts for one more group and its bytes, before it is made.
func (b *budget) group(bytes int) error {
	if b.groups++; b.groups > b.maxGroups {
		return &BudgetError{What: "groups", Limit: int64(b.maxGroups),
			Advice: "group by fewer fields, filter more, or take a longer every or a shorter time"}
	}
	return b.take(bytes)
}

// take accounts for bytes that the query goes on to hold. An estimate will do:
// the bound is there to stop a query that grows without end.
func (b *budget) take(bytes int) error {
	if b.bytes += int64(bytes); b.bytes > b.maxBytes {
		return &BudgetError{What: "bytes of memory", Limit: b.maxBytes,
			Advice: "add limit after sort, group by fewer fields, or take a shorter time"}
	}
	return nil
}

// give takes back bytes that are held no more.
func (b *budget) give(bytes int) { b.bytes -= int64(bytes) }
