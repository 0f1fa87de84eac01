package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"patou/internal/fsx"
)

const (
	magic   = "PSPL"
	version = 1

	stateName     = "state"
	logName       = "log"
	damagedSuffix = ".damaged"
	headerLength  = 9 // magic, checksum, version
)

// castagnoli is the table of the checksums; it never changes.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errCorrupt is what reading a state or a record fails with.
var errCorrupt = errors.New("cannot be read")

// state is what a checkpoint writes down. FORMAT.md describes the bytes.
type state struct {
	instance, boot        string
	through, acknowledged uint64
	places                map[string]string
}

func (s *state) bytes() []byte {
	dst := []byte(magic)
	dst = append(dst, 0, 0, 0, 0, version)
	dst = appendString(appendString(dst, s.instance), s.boot)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, s.through), s.acknowledged)
	dst = appendPlaces(dst, s.places)
	binary.LittleEndian.PutUint32(dst[4:], crc32.Checksum(dst[8:], castagnoli))
	return dst
}

func (s *state) parse(b []byte) error {
	if len(b) < headerLength || string(b[:4]) != magic || binary.LittleEndian.Uint32(b[4:]) != crc32.Checksum(b[8:], castagnoli) {
		return errCorrupt
	}
	if b[8] != version {
		return fmt.Errorf("its format is %d and this version of Patou reads %d: use the newer version, or another directory", b[8], version)
	}
	r := reader{rest: b[headerLength:]}
	s.instance, s.boot = r.string(), r.string()
	s.through, s.acknowledged = r.uvarint(), r.uvarint()
	s.places = map[string]string{}
	r.places(s.places)
	if r.bad || len(r.rest) > 0 {
		return errCorrupt
	}
	return nil
}

// load reads the state of a directory. One that is not there is the zero state;
// one that cannot be read is too, and is named.
func load(fsys fsx.FS, dir string) (s state, found bool, damage []fsx.Damage, err error) {
	name := path.Join(dir, stateName)
	b, err := contents(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return state{places: map[string]string{}}, false, nil, nil
	}
	if err != nil {
		return s, false, nil, fmt.Errorf("reading the spool's state: %w", err)
	}
	switch err := s.parse(b); {
	case errors.Is(err, errCorrupt):
		what := "the spool's state cannot be read: files and journal are read from where they would be at first sight"
		return state{places: map[string]string{}}, true, []fsx.Damage{{File: name, Offset: -1, What: what}}, nil
	case err != nil:
		return s, true, nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return s, true, nil, nil
}

func contents(fsys fsx.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	b := make([]byte, size)
	if err == nil && size > 0 {
		if _, err = f.ReadAt(b, 0); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return b, errors.Join(err, f.Close())
}

func (s *state) publish(fsys fsx.FS, dir string) error {
	err := fsx.Publish(fsys, path.Join(dir, stateName), func(w io.Writer) error {
		_, err := w.Write(s.bytes())
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping the spool's state: %w", err)
	}
	return nil
}

// appendRecord is a record of the log, up to its chunk.
func appendRecord(dst []byte, acknowledged uint64, places map[string]string) []byte {
	dst = binary.AppendUvarint(append(dst, version), acknowledged)
	return appendPlaces(dst, places)
}

// parseRecord reads what appendRecord wrote, applies the changes of places
// unless places is nil, and returns the chunk behind them.
func parseRecord(rec []byte, places map[string]string) (acknowledged uint64, chunk []byte, err error) {
	if len(rec) == 0 || rec[0] != version {
		return 0, nil, fmt.Errorf("a chunk in the spool is not of version %d: %w", version, errCorrupt)
	}
	r := reader{rest: rec[1:]}
	acknowledged = r.uvarint()
	r.places(places)
	if r.bad {
		return 0, nil, fmt.Errorf("a chunk in the spool is cut off: %w", errCorrupt)
	}
	return acknowledged, r.rest, nil
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendPlaces sorts, so that equal states are equal bytes.
func appendPlaces(dst []byte, places map[string]string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(places)))
	for _, k := range slices.Sorted(maps.Keys(places)) {
		dst = appendString(appendString(dst, k), places[k])
	}
	return dst
}

// reader takes values off the front of bytes; bad is set where there are none.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) places(into map[string]string) {
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		if key, value := r.string(), r.string(); into != nil && !r.bad {
			change(into, key, value)
		}
	}
}

// change sets a place, or forgets it.
func change(places map[string]string, key, value string) {
	if value == "" {
		delete(places, key)
	} else {
		places[key] = value
	}
}
