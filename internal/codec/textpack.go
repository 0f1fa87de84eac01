package codec

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The ways in which packed bytes are stored. They are written: their numbers
// never change.
const (
	packedPlain byte = iota
	packedZstd
)

// packWorth is the length below which compressing cannot pay for its frame.
const packWorth = 24

// Packer compresses columns and gives them back. It keeps its tables, so one is
// made for a store and used for all of its columns. Pack is for one goroutine
// at a time, Unpack for any number.
type Packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewPacker makes a Packer that refuses to unpack more than limit bytes.
func NewPacker(limit uint64) (*Packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, fmt.Errorf("making a compressor: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2),
		zstd.WithDecoderMaxMemory(limit), zstd.IgnoreChecksum(true))
	if err != nil {
		return nil, fmt.Errorf("making a decompressor: %w", err)
	}
	return &Packer{enc: enc, dec: dec}, nil
}

// Close gives back what the Packer holds.
func (p *Packer) Close() {
	p.dec.Close()
	_ = p.enc.Close() // it never wrote to a stream: nothing can fail
}

// Pack appends src as few bytes: compressed, or as it is where that is shorter.
func (p *Packer) Pack(dst, src []byte) []byte {
	start := len(dst)
	if len(src) >= packWorth {
		dst = p.enc.EncodeAll(src, append(dst, packedZstd))
		if len(dst)-start <= len(src) {
			return dst
		}
	}
	return append(append(dst[:start], packedPlain), src...)
}

// Unpack gives back what Pack made of size bytes. The result may share memory
// with src.
func (p *Packer) Unpack(src []byte, size int) ([]byte, error) {
	if len(src) == 0 {
		return nil, fmt.Errorf("nothing to unpack: %w", ErrCorrupt)
	}
	out := src[1:]
	switch src[0] {
	case packedPlain:
	case packedZstd:
		var err error
		if out, err = p.unzstd(src[1:], size); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("packed by unknown way %d: %w", src[0], ErrCorrupt)
	}
	if len(out) != size {
		return nil, fmt.Errorf("unpacked %d bytes where %d were packed: %w", len(out), size, ErrCorrupt)
	}
	return out, nil
}

// unzstd reserves what the frame says that it holds, never what the caller was
// told by bytes that may be damaged.
func (p *Packer) unzstd(src []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(src); err != nil || !h.HasFCS || h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("a frame that is not of %d bytes: %w", size, ErrCorrupt)
	}
	out, err := p.dec.DecodeAll(src, make([]byte, 0, min(size, 64<<10+64*len(src))))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return out, nil
}
