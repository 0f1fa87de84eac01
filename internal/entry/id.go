package entry

import (
	"fmt"
	"strconv"
	"strings"
)

// ID names an entry for as long as it lives: the batch it was accepted in and
// its row there. A batch's number is its place in the write-ahead log, which
// only rises; neither depends on the files that hold the entry later.
type ID struct {
	Batch uint64
	Row   uint32
}

// Less orders IDs as the entries were accepted.
func (id ID) Less(o ID) bool {
	return id.Batch < o.Batch || id.Batch == o.Batch && id.Row < o.Row
}

// IsZero reports whether the entry was not accepted yet.
func (id ID) IsZero() bool { return id == ID{} }

// String is the ID as APIs write it: two base-36 numbers with a dash, "2s-1f".
func (id ID) String() string {
	return strconv.FormatUint(id.Batch, 36) + "-" + strconv.FormatUint(uint64(id.Row), 36)
}

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	batch, row, ok := strings.Cut(s, "-")
	b, err1 := strconv.ParseUint(batch, 36, 64)
	r, err2 := strconv.ParseUint(row, 36, 32)
	if !ok || err1 != nil || err2 != nil {
		return ID{}, fmt.Errorf("entry id %.40q: want two base-36 numbers with a dash, as in 2s-1f", s)
	}
	return ID{Batch: b, Row: uint32(r)}, nil
}
