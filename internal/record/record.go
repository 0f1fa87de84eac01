// Package record is what one record of the write-ahead log holds: a batch of
// everything that one request brought, all of it or nothing.
//
// Invariant: Decode of what Append made is equal to it, and any bytes give a
// batch or an error, with memory bounded by their length. The layout is in
// FORMAT.md.
package record

import (
	"patou/internal/entry"
	"patou/internal/metric"
)

// Batch is what is accepted together. Sections that are empty take no room.
type Batch struct {
	// Key is the sender's idempotency key, "" for none, and Answer what it was
	// told, so that a repeat gets the same. Received is when, in ns.
	Key      string
	Answer   []byte
	Received int64
	// Defs make series known that Points here or in later batches use.
	Defs []metric.Def
	// Points are the values of series, those derived from Entries included.
	Points []metric.Point
	// Entries are in the order received; the row of an entry's ID is its
	// index here, the batch of its ID the record's number.
	Entries []entry.Entry
}
