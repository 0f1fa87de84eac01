package entry

import "context"

// Absent is the code of a row that has no value in a Strings column.
const Absent = ^uint32(0)

// Strings is a decoded column of texts: row i is Values[Codes[i]], absent where
// the code is Absent. Values are distinct, so a filter is evaluated once per
// distinct value. A nil Codes means that row i is Values[i].
type Strings struct {
	Values []string
	Codes  []uint32
}

// At is the text of row i and whether the row has one.
func (s Strings) At(i int) (string, bool) {
	if s.Codes == nil {
		if i >= len(s.Values) {
			return "", false
		}
		return s.Values[i], true
	}
	c := s.Codes[i]
	if c == Absent {
		return "", false
	}
	return s.Values[c], true
}

// Minute counts the entries of one minute by level.
type Minute struct {
	// Minute is the number of whole minutes since 1970 UTC.
	Minute int64
	Counts [Levels]uint32
}

// Run is a stretch of entries of one component in order of time, as a store
// keeps them. What the directory knows is here; the entries are read by Open.
type Run struct {
	Component string
	// First and Last are the times of its first and last entry, in ns.
	First, Last int64
	Rows        int
	// Minutes counts its entries by minute and level, ascending; the sum of
	// all counts is Rows.
	Minutes []Minute
	// Open reads the run. The columns are valid until the release of the
	// lookup that gave the run, and are for one goroutine.
	Open func(ctx context.Context) (Columns, error)
}

// Columns are the entries of an opened run; each column is decoded when it is
// first asked for. Rows are ascending by time, then by ID.
type Columns interface {
	Len() int
	Times() ([]int64, error)
	Levels() ([]Level, error)
	IDs() ([]ID, error)
	Hosts() (Strings, error)
	Messages() (Strings, error)
	// Keys are the keys of the fields that occur in the run.
	Keys() ([]string, error)
	// Field is the column of one key; all rows absent where no entry has it.
	Field(key string) (Strings, error)
	// Fields are all fields of one row, in their order at ingest.
	Fields(row int) ([]Field, error)
}

// Lookup says which runs a query needs. A store returns at least the runs that
// hold a matching entry; it may return more, and the query filters again.
type Lookup struct {
	// From and Until bound the time, half-open, in ns.
	From, Until int64
	// Component reports whether a component is asked for; nil means all.
	Component func(name string) bool
	// Literals are texts that each matching entry's message holds, the case of
	// ASCII letters aside; a store may skip runs whose filter excludes one.
	Literals []string
	// ID, when not zero, is the one entry asked for.
	ID ID
}
