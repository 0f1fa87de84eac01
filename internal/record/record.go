// Package record is what one record of the write-ahead log holds: a batch of
// everything that one request brought, all of it or nothing.
//
// Invariant: Decode of what Append made is equal to it, and any bytes give a
// batch or an error, with memory bounded by a fixed multiple of their length.
// It fails with ErrCorrupt. The layout is in FORMAT.md.
package record

import (
	"encoding/binary"
	"errors"
	"fmt"

	"patou/internal/entry"
	"patou/internal/metric"
)

// Version is the first byte of each record.
const Version = 1

// The tags of the sections, each followed by its length as a uvarint. The
// numbers are stored: they never change.
const (
	tagKey     = 1
	tagDefs    = 2
	tagPoints  = 3
	tagEntries = 4
)

// ErrCorrupt is what Decode's errors wrap.
var ErrCorrupt = errors.New("record cannot be read")

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

// Number gives the entries the IDs that follow from the record's number.
func (b *Batch) Number(lsn uint64) {
	for i := range b.Entries {
		b.Entries[i].ID = entry.ID{Batch: lsn, Row: uint32(i)}
	}
}

// Append appends the batch's bytes to dst.
func (b *Batch) Append(dst []byte) []byte {
	dst = append(dst, Version)
	if b.Key != "" {
		dst = appendSection(dst, tagKey, b.appendKey)
	}
	if len(b.Defs) > 0 {
		dst = appendSection(dst, tagDefs, b.appendDefs)
	}
	if len(b.Points) > 0 {
		dst = appendSection(dst, tagPoints, b.appendPoints)
	}
	if len(b.Entries) > 0 {
		dst = appendSection(dst, tagEntries, b.appendEntries)
	}
	return dst
}

// appendSection writes the body first and then moves it behind its length,
// whose width is not known before.
func appendSection(dst []byte, tag byte, body func([]byte) []byte) []byte {
	dst = append(dst, tag)
	start := len(dst)
	dst = body(dst)
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(dst)-start))
	dst = append(dst, length[:n]...)
	copy(dst[start+n:], dst[start:len(dst)-n])
	copy(dst[start:], length[:n])
	return dst
}

// Decode reads what Append wrote. The batch shares no memory with data.
func Decode(data []byte) (*Batch, error) {
	if len(data) == 0 || data[0] != Version {
		return nil, fmt.Errorf("%w: its version is not %d: it was written by a newer Patou", ErrCorrupt, Version)
	}
	b, r := &Batch{}, reader{data: data[1:]}
	for len(r.data) > 0 && r.err == nil {
		tag := r.byte()
		section := reader{data: r.bytes(r.length())}
		if r.err != nil {
			break
		}
		if err := b.decodeSection(tag, &section); err != nil {
			return nil, err
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return b, nil
}

func (b *Batch) decodeSection(tag byte, r *reader) error {
	switch tag {
	case tagKey:
		b.decodeKey(r)
	case tagDefs:
		b.decodeDefs(r)
	case tagPoints:
		b.decodePoints(r)
	case tagEntries:
		b.decodeEntries(r)
	default:
		return fmt.Errorf("%w: section %d is not known", ErrCorrupt, tag)
	}
	if r.err == nil && len(r.data) > 0 {
		r.fail("a section is longer than its content")
	}
	return r.err
}

func (b *Batch) appendKey(dst []byte) []byte {
	dst = binary.AppendVarint(dst, b.Received)
	dst = appendString(dst, b.Key)
	return appendString(dst, string(b.Answer))
}

func (b *Batch) decodeKey(r *reader) {
	b.Received = r.varint()
	b.Key = r.string()
	b.Answer = []byte(r.string())
}

func (b *Batch) appendDefs(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Defs)))
	for _, d := range b.Defs {
		dst = binary.AppendUvarint(dst, uint64(d.ID))
		dst = append(dst, byte(d.Kind))
		dst = appendString(dst, d.Name)
	}
	return dst
}

func (b *Batch) decodeDefs(r *reader) {
	n := r.count(3) // ID, kind and length take at least a byte each
	b.Defs = make([]metric.Def, 0, n)
	for range n {
		d := metric.Def{ID: metric.ID(r.uvarint()), Kind: metric.Kind(r.byte()), Name: r.string()}
		b.Defs = append(b.Defs, d)
	}
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
