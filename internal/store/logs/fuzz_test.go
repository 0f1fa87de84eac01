package logs

import (
	"encoding/binary"
	"testing"

	"patou/internal/codec"
	"patou/internal/entry"
)

func fuzzPacker(t testing.TB) *codec.Packer {
	t.Helper()
	p, err := codec.NewPacker(64 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// sampleBlock is a block of requests and what the directory keeps of it.
func sampleBlock(p *codec.Packer) ([]byte, blockInfo) {
	b := newBuilder(p)
	for i := range 40 {
		e := request(i)
		e.ID = entry.ID{Batch: uint64(i / 3), Row: uint32(i % 3)}
		b.add([]string{"a", "b.c"}[i/30], &e)
	}
	return b.encode(nil)
}

// FuzzBlock reads blocks of which bytes were changed and checksums made right,
// as if a later version with an error had written them.
func FuzzBlock(f *testing.F) {
	p := fuzzPacker(f)
	good, info := sampleBlock(p)
	f.Add(uint(40), byte(1))
	f.Add(uint(len(good)-5), byte(255))
	f.Fuzz(func(t *testing.T, at uint, x byte) {
		b := append([]byte(nil), good...)
		b[at%uint(len(b))] ^= x
		repair(b, p, info)
		readAll(b, p, info)
	})
}

// repair makes the checksum of the head right; those of the columns stand in the
// head, so they are left to the columns' own tests.
func repair(b []byte, p *codec.Packer, info blockInfo) {
	binary.LittleEndian.PutUint32(b[16:], headSum(b[:info.head]))
}

func readAll(b []byte, p *codec.Packer, info blockInfo) {
	block := openBytes(b, p, info)
	if block.open() != nil {
		return
	}
	cols := blockColumns{b: block, to: info.rows}
	keys, _ := cols.Keys()
	for _, key := range keys {
		_, _ = cols.Field(key)
	}
	_, _ = cols.Hosts()
	_, _ = cols.Messages()
	for i := range info.rows {
		_, _ = cols.Fields(i)
	}
}

func openBytes(b []byte, p *codec.Packer, info blockInfo) *openBlock {
	return &openBlock{
		read: func(buf []byte, offset int64) error {
			copy(buf, b[min(int64(len(b)), offset):])
			return nil
		},
		packer: p, info: &info, report: func(int64, string, error) {},
	}
}

func FuzzDirectory(f *testing.F) {
	p := fuzzPacker(f)
	_, info := sampleBlock(p)
	f.Add(appendDirectory(nil, &segmentInfo{
		number: 3, level: 1, flushed: 17, inputs: []uint64{1, 2},
		hosts: []hostInfo{{"web01", 5}}, blocks: []blockInfo{info, info},
	}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := readDirectory(raw)
		if err != nil {
			return
		}
		seg := newSegment("dir", s, int64(len(raw)))
		for i := range seg.runs {
			r := &seg.runs[i]
			_, _ = readMinutes(r.minutes, r.first, r.rows)
		}
	})
}

func FuzzColumns(f *testing.F) {
	var d dictionary
	for _, s := range []string{"a", "b", "a", "", "12", "0.5"} {
		d.add(s)
	}
	raw, encoding := d.append(nil)
	f.Add(raw, encoding)
	f.Add([]byte{2, 2, 3, 1, 2, 4}, encodingNumbers)
	f.Fuzz(func(t *testing.T, raw []byte, encoding byte) {
		out, err := readDictionary(raw, encoding, 1000)
		for i := 0; err == nil && i < len(out.Codes); i++ {
			out.At(i)
		}
		if list, codes, err := readShapes(raw, 10, 4); err == nil {
			for _, c := range codes {
				_ = list[c]
			}
		}
		_, _ = decodeManifest(raw)
		_, _, _ = decodeAnswers(raw)
	})
}
