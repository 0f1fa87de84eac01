package logs

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"patou/internal/codec"
	"patou/internal/fsx"
)

// answersKept is how long the answer to an idempotency key is remembered.
const answersKept = 24 * time.Hour

const answersMagic = "PATOUANS"

// digest stands for an idempotency key: with 128 bits, no two keys of a server
// meet.
type digest [16]byte

// digestOf hashes twice with different seeds. The keys themselves are not
// kept: they may be long, and there are many.
func digestOf(key string) (d digest) {
	h := xxhash.NewWithSeed(0x7061746f75)
	_, _ = h.WriteString(key) // a hash takes everything
	binary.LittleEndian.PutUint64(d[:8], xxhash.Sum64String(key))
	binary.LittleEndian.PutUint64(d[8:], h.Sum64())
	return d
}

// answer is what the sender of an idempotency key was told.
type answer struct {
	key      digest
	lsn      uint64
	received int64 // ns
	text     string
}

// answers remembers them by the hour of their receipt, so that a file is
// written again only while its hour lasts, and forgotten whole.
type answers struct {
	hours map[int64]*answerHour
	count int
}

// answerHour is what was told within one hour, by key.
type answerHour struct {
	told   map[digest]told
	file   uint64 // the number of its file, 0 before it has one
	newest uint64 // the last record that brought an answer
	saved  uint64 // the record through which the file has them
}

// told is an answer and the record that it came with.
type told struct {
	lsn      uint64 // 0 when it was read from a file
	received int64
	text     string
}

// hourOf is the hours since 1970 of an instant in ns.
func hourOf(received int64) int64 { return floorDiv(received, int64(time.Hour)) }

// get looks at one hour past now as well, for a clock that went back since the
// answer was given.
func (a *answers) get(key digest, now time.Time) (string, bool) {
	since := now.Add(-answersKept)
	for hour := hourOf(since.UnixNano()); hour <= hourOf(now.UnixNano())+1; hour++ {
		if h := a.hours[hour]; h != nil {
			if t, ok := h.told[key]; ok && t.received > since.UnixNano() {
				return t.text, true
			}
		}
	}
	return "", false
}

// put keeps the newest answer to a key.
func (a *answers) put(n answer) {
	h := a.hours[hourOf(n.received)]
	if h == nil {
		h = &answerHour{told: map[digest]told{}}
		a.hours[hourOf(n.received)] = h
	}
	if _, ok := h.told[n.key]; !ok {
		a.count++
	}
	h.told[n.key] = told{n.lsn, n.received, n.text}
	h.newest = n.lsn
}

// expire forgets hours that are past, and the oldest while there are more than
// limit answers. It says how many of those it forgot before their time, and the
// files that are not needed any more.
func (a *answers) expire(now time.Time, limit int) (forgotten int, files []uint64) {
	past := hourOf(now.Add(-answersKept).UnixNano())
	for _, hour := range a.order() {
		h := a.hours[hour]
		if hour >= past && a.count <= limit {
			break
		}
		if hour >= past {
			forgotten += len(h.told)
		}
		if h.file > 0 {
			files = append(files, h.file)
		}
		a.count -= len(h.told)
		delete(a.hours, hour)
	}
	return forgotten, files
}

// order is the hours, oldest first.
func (a *answers) order() []int64 {
	out := make([]int64, 0, len(a.hours))
	for hour := range a.hours {
		out = append(out, hour)
	}
	slices.Sort(out)
	return out
}

func answersName(number uint64) string { return fmt.Sprintf("%08d.answers", number) }

// encode packs what an hour's records through lsn brought: the hour, the
// distinct texts, then each key with the number of its text and when it came. Later answers
// must not be in a file before their entries are.
func (h *answerHour) encode(hour int64, lsn uint64) []byte {
	var texts dictionary
	keys := make([]digest, 0, len(h.told))
	for k, t := range h.told {
		if t.lsn <= lsn {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b digest) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		texts.add(h.told[k].text)
	}
	dst := binary.AppendVarint(nil, hour)
	dst = binary.AppendUvarint(dst, uint64(len(texts.values)))
	for _, s := range texts.values {
		dst = appendText(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(keys)))
	for i, k := range keys {
		dst = append(dst, k[:]...)
		dst = binary.AppendUvarint(dst, uint64(texts.codes[i]))
		dst = binary.AppendVarint(dst, h.told[k].received-hour*int64(time.Hour))
	}
	return dst
}

// decodeAnswers reads what encode wrote. Answers of a file belong to no
// record: all of them came before those that are replayed.
func decodeAnswers(raw []byte) (hour int64, h *answerHour, err error) {
	r := reader{src: raw}
	hour = r.varint()
	texts := make([]string, r.count(len(raw)))
	for i := range texts {
		texts[i] = string(r.text())
	}
	h = &answerHour{told: map[digest]told{}}
	for range r.count(len(r.src)) {
		k := r.take(len(digest{}))
		text, received := r.count(len(texts)-1), hour*int64(time.Hour)+r.varint()
		if r.err != nil {
			return 0, nil, r.err
		}
		h.told[digest(k)] = told{0, received, texts[text]}
	}
	return hour, h, r.end()
}

// writeAnswers publishes an hour's file.
func writeAnswers(fsys fsx.FS, p *codec.Packer, dir string, number uint64, raw []byte) error {
	return fsx.Publish(fsys, path.Join(dir, answersName(number)), func(w io.Writer) error {
		packed := p.Pack(nil, raw)
		head := append(make([]byte, 0, 16), answersMagic...)
		head = binary.LittleEndian.AppendUint32(head, uint32(len(raw)))
		head = binary.LittleEndian.AppendUint32(head, checksum(packed))
		if _, err := w.Write(head); err != nil {
			return err
		}
		_, err := w.Write(packed)
		return err
	})
}

// readAnswers takes a file whole or not at all: half of the answers would let
// a repeated batch in twice.
func readAnswers(fsys fsx.FS, p *codec.Packer, dir string, number uint64) (hour int64, h *answerHour, err error) {
	b, err := readFile(fsys, path.Join(dir, answersName(number)))
	if err != nil {
		return 0, nil, err
	}
	if len(b) < 16 || string(b[:8]) != answersMagic || checksum(b[16:]) != binary.LittleEndian.Uint32(b[12:]) {
		return 0, nil, fmt.Errorf("the remembered answers are not as written: %w", errDamaged)
	}
	raw, err := p.Unpack(b[16:], int(binary.LittleEndian.Uint32(b[8:])))
	if err != nil {
		return 0, nil, err
	}
	hour, h, err = decodeAnswers(raw)
	if err == nil {
		h.file = number
	}
	return hour, h, err
}

// add takes an hour that was read from a file.
func (a *answers) add(hour int64, h *answerHour) {
	if known := a.hours[hour]; known != nil {
		maps.Copy(h.told, known.told) // two files of an hour, where the manifest was lost
		a.count -= len(known.told)
	}
	a.hours[hour] = h
	a.count += len(h.told)
}

// readFile reads a whole file of a store's.
func readFile(fsys fsx.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
