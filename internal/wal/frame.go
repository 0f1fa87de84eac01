package wal

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// frameHeader is the bytes before a record's payload. See FORMAT.md.
const frameHeader = 24

// MaxRecord is the longest record in bytes. It bounds what replay has to hold
// in memory at once.
const MaxRecord = 64 << 20

// noneDurable is the distance of a frame that promises nothing of those before.
const noneDurable = math.MaxUint32

// castagnoli is the table of the checksums; it never changes.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is the header of a record.
type frame struct {
	lsn    uint64
	length int
	sum    uint32 // of the payload
	// durable is the last record that was known to be on disk when this one was
	// written. It tells damage from a tail that a crash tore.
	durable uint64
}

// appendFrame appends a record with its header. The salt starts the header's
// checksum, so that bytes which a sender put into a payload are never taken for
// a frame when a damaged file is searched for the next one.
func appendFrame(dst []byte, salt uint32, lsn, durable uint64, rec []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, frameHeader)...)
	h := dst[at:]
	binary.LittleEndian.PutUint32(h[4:], uint32(len(rec)))
	binary.LittleEndian.PutUint64(h[8:], lsn)
	binary.LittleEndian.PutUint32(h[16:], uint32(min(lsn-durable, noneDurable)))
	binary.LittleEndian.PutUint32(h[20:], crc32.Checksum(rec, castagnoli))
	binary.LittleEndian.PutUint32(h, crc32.Update(salt, castagnoli, h[4:]))
	return append(dst, rec...)
}

// parseFrame reads a header of frameHeader bytes, and tells whether it is one.
func parseFrame(h []byte, salt uint32) (frame, bool) {
	length := binary.LittleEndian.Uint32(h[4:])
	if length > MaxRecord || binary.LittleEndian.Uint32(h) != crc32.Update(salt, castagnoli, h[4:frameHeader]) {
		return frame{}, false
	}
	f := frame{
		lsn:    binary.LittleEndian.Uint64(h[8:]),
		length: int(length),
		sum:    binary.LittleEndian.Uint32(h[20:]),
	}
	if behind := binary.LittleEndian.Uint32(h[16:]); behind != noneDurable && uint64(behind) <= f.lsn {
		f.durable = f.lsn - uint64(behind)
	}
	return f, f.lsn > 0
}

// holds tells whether a payload is the one that the header was written for.
func (f frame) holds(payload []byte) bool { return crc32.Checksum(payload, castagnoli) == f.sum }

// size is the length of the record on disk.
func (f frame) size() int64 { return frameHeader + int64(f.length) }
