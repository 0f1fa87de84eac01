package metrics

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"

	"patou/internal/fsx"
	"patou/internal/metric"
)

const (
	namesMagic   = "PATOUMN\x01" // the last byte is the version
	namesPerPart = 1024
	maxNamesFile = 1 << 31
)

func namesFile(n uint64) string { return fmt.Sprintf("names-%010d.pmn", n) }

// naming is a record of a names file: a new series and its finest step, or,
// with no name, a known series' new finest step.
type naming struct {
	metric.Def
	step int64
}

// writeNames publishes a names file. It is a row of parts of up to
// namesPerPart records, each with its checksum, so that damage costs a part.
func writeNames(fsys fsx.FS, dir string, n uint64, all []naming) error {
	return fsx.Publish(fsys, path.Join(dir, namesFile(n)), func(w io.Writer) error {
		if _, err := io.WriteString(w, namesMagic); err != nil {
			return err
		}
		for len(all) > 0 {
			part := all[:min(namesPerPart, len(all))]
			if _, err := w.Write(namesPart(part)); err != nil {
				return err
			}
			all = all[len(part):]
		}
		return nil
	})
}

func namesPart(all []naming) []byte {
	b := make([]byte, 8)
	for i := range all {
		r := &all[i]
		b = binary.AppendUvarint(b, uint64(r.ID))
		b = append(b, byte(r.Kind))
		b = binary.AppendUvarint(b, uint64(r.step))
		b = binary.AppendUvarint(b, uint64(len(r.Name)))
		b = append(b, r.Name...)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-8))
	binary.LittleEndian.PutUint32(b[4:], checksum(b[8:]))
	return b
}

var errBadNames = errors.New("names file is damaged")

// readNames calls f with each record and bad with each place that cannot be
// read.
func readNames(fsys fsx.FS, dir, name string, f func(naming), bad func(offset int64, err error)) {
	b, err := readFile(fsys, path.Join(dir, name), maxNamesFile)
	if err != nil || len(b) < len(namesMagic) || string(b[:len(namesMagic)]) != namesMagic {
		bad(-1, errors.Join(fmt.Errorf("%w: its first bytes are not a names file's", errBadNames), err))
		return
	}
	for at := len(namesMagic); at < len(b); {
		rest := b[at:]
		if len(rest) < 8 || uint64(len(rest)-8) < uint64(binary.LittleEndian.Uint32(rest)) {
			bad(int64(at), fmt.Errorf("%w: a part ends early", errBadNames))
			return
		}
		part := rest[8 : 8+binary.LittleEndian.Uint32(rest)]
		if checksum(part) != binary.LittleEndian.Uint32(rest[4:]) {
			bad(int64(at), fmt.Errorf("%w: a part's checksum is wrong", errBadNames))
		} else if err := readNamesPart(part, f); err != nil {
			bad(int64(at), err)
		}
		at += 8 + len(part)
	}
}

func readNamesPart(b []byte, f func(naming)) error {
	for len(b) > 0 {
		id, n := binary.Uvarint(b)
		if n <= 0 || len(b) < n+1 || id > maxID {
			return fmt.Errorf("%w: no ID", errBadNames)
		}
		r := naming{Def: metric.Def{ID: metric.ID(id), Kind: metric.Kind(b[n])}}
		b = b[n+1:]
		step, n := binary.Uvarint(b)
		if n <= 0 || step > maxStep {
			return fmt.Errorf("%w: no step", errBadNames)
		}
		b = b[n:]
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return fmt.Errorf("%w: a name ends early", errBadNames)
		}
		r.step, r.Name = int64(step), string(b[n:n+int(length)])
		f(r)
		b = b[n+int(length):]
	}
	return nil
}

const (
	aliveMagic   = "PATOUMA\x01" // the last byte is the version
	maxAliveFile = 4*maxID + 16
)

func aliveFile(n uint64) string { return fmt.Sprintf("alive-%010d.pma", n) }

// writeAlive publishes when each series, by ID, had its newest sample.
func writeAlive(fsys fsx.FS, dir string, n uint64, times []uint32) error {
	b := append(make([]byte, 0, 12+4*len(times)), aliveMagic...)
	b = append(b, 0, 0, 0, 0)
	for _, t := range times {
		b = binary.LittleEndian.AppendUint32(b, t)
	}
	binary.LittleEndian.PutUint32(b[8:], checksum(b[12:]))
	return fsx.Publish(fsys, path.Join(dir, aliveFile(n)), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func readAlive(fsys fsx.FS, dir string, n uint64) ([]uint32, error) {
	b, err := readFile(fsys, path.Join(dir, aliveFile(n)), maxAliveFile)
	if err != nil {
		return nil, fmt.Errorf("reading when series were alive: %w", err)
	}
	if len(b) < 12 || string(b[:8]) != aliveMagic || checksum(b[12:]) != binary.LittleEndian.Uint32(b[8:]) {
		return nil, fmt.Errorf("reading when series were alive: checksum of %q is wrong", aliveFile(n))
	}
	times := make([]uint32, (len(b)-12)/4)
	for i := range times {
		times[i] = binary.LittleEndian.Uint32(b[12+4*i:])
	}
	return times, nil
}
