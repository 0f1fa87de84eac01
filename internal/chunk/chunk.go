// Package chunk is what an agent sends at once: who it is, its number, samples,
// entries and what it tells of its host. FORMAT.md describes the bytes.
//
// Invariant: Decode of what Encode made is equal to it; any bytes give a chunk or
// an error, with memory bounded by MaxSize. It fails with ErrCorrupt.
package chunk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"patou/internal/host"
	"patou/internal/record"
)

// Version is the first byte of a chunk, before compression.
const Version = 1

// Limits of one chunk.
const (
	// MaxSize bounds what a chunk unpacks to, in bytes.
	MaxSize = 32 << 20
	// TargetSize is where an agent ends a chunk and begins the next.
	TargetSize = 1 << 20
	// window bounds the memory of compression on both sides.
	window = 256 << 10
)

// ContentType is the type of a request that carries a chunk.
const ContentType = "application/x-patou-chunk"

// Path is where a server takes chunks, below its address, and SentHeader the
// request's header that says when it was sent, by the agent's clock, in ns since
// 1970.
const (
	Path       = "/api/agent/chunks"
	SentHeader = "Patou-Sent"
)

// ErrCorrupt is what Decode's errors wrap.
var ErrCorrupt = errors.New("chunk cannot be read")

// Chunk is what is sent, and kept, together.
type Chunk struct {
	Host host.Identity `json:"host"`
	// Sequence counts the chunks of a host's Instance, from 1.
	Sequence uint64 `json:"sequence"`
	// Zone is that of the host's clock, for lines whose times name none; nil
	// where it is not known.
	Zone *Zone `json:"zone,omitempty"`
	// Report is nil where nothing is to be told.
	Report *host.Report `json:"report,omitempty"`
	// Batch holds Defs, Points and Entries. The IDs of Defs count within this
	// chunk alone; their names are relative to the host ("cpu.user"), but for
	// "agent.…", which is what the agent says of itself.
	Batch record.Batch `json:"-"`
}

// Zone is a time zone as a host tells of it.
type Zone struct {
	// Offset is how far it was ahead of UTC when the chunk was made, in seconds.
	Offset int `json:"offset"`
	// Name is that of the tz database, as in Europe/Berlin; "" where it is not
	// known.
	Name string `json:"name,omitempty"`
}

// Key names the chunk for ever: a server keeps the first one of a key. The boot
// is part of it, so that clones of a disk, which share spool and Instance, are
// not taken for one that repeats itself.
func (c *Chunk) Key() string {
	return "agent/" + c.Host.Instance + "/" + c.Host.Boot + "/" + strconv.FormatUint(c.Sequence, 10)
}

// Encoder packs chunks. It is for one goroutine.
type Encoder struct {
	raw  []byte
	zstd *zstd.Encoder
}

// NewEncoder is an encoder that holds little memory.
func NewEncoder() (*Encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	return &Encoder{zstd: z}, nil
}

// Encode appends the chunk's bytes to dst. The batch's key is not part of them:
// it follows from host and sequence.
func (e *Encoder) Encode(dst []byte, c *Chunk) ([]byte, error) {
	head, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("chunk %d: %w", c.Sequence, err)
	}
	e.raw = append(e.raw[:0], Version)
	e.raw = binary.AppendUvarint(e.raw, uint64(len(head)))
	e.raw = append(e.raw, head...)
	e.raw = c.Batch.Append(e.raw)
	return e.zstd.EncodeAll(e.raw, dst), nil
}

// Rest lets go of the memory that packing took, until it is needed again.
func (e *Encoder) Rest() { e.raw = nil }

// Decoder unpacks chunks. It is safe for use by several goroutines.
type Decoder struct{ zstd *zstd.Decoder }

// NewDecoder is a decoder that refuses what unpacks to more than MaxSize.
func NewDecoder() (*Decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(MaxSize), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("preparing decompression: %w", err)
	}
	return &Decoder{zstd: z}, nil
}

// Decode reads what Encode wrote. The chunk shares no memory with data.
func (d *Decoder) Decode(data []byte) (*Chunk, error) {
	raw, err := d.zstd.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(raw) == 0 || raw[0] != Version {
		return nil, fmt.Errorf("%w: its version is not %d: the agent is of another age than the server", ErrCorrupt, Version)
	}
	length, n := binary.Uvarint(raw[1:])
	rest := raw[1+max(n, 0):]
	if n <= 0 || length > uint64(len(rest)) {
		return nil, fmt.Errorf("%w: its head is cut off", ErrCorrupt)
	}
	c := &Chunk{}
	if err := json.Unmarshal(rest[:length], c); err != nil {
		return nil, fmt.Errorf("%w: its head: %w", ErrCorrupt, err)
	}
	b, err := record.Decode(rest[length:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if b.Key != "" {
		return nil, fmt.Errorf("%w: it names a key of its own", ErrCorrupt)
	}
	c.Batch = *b
	return c, nil
}
