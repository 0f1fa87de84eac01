package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// reseal makes a header's checksum right again.
func reseal(h []byte) {
	binary.LittleEndian.PutUint32(h[4:], crc32.Checksum(h[8:headerCopy], castagnoli))
}
