package vitals

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// procFile is a file that is read again and again. It is opened once; the
// kernel writes it anew for each read from its start.
type procFile struct {
	path string // below the root
	said bool   // that it is missing
	file *os.File
	buf  []byte
}

// maxProcFile bounds what is read: /proc/stat of a machine with many thousand
// interrupts has some hundred KiB.
const maxProcFile = 4 << 20

// contents is the whole text, valid until the next call.
func (p *procFile) contents(root string) ([]byte, error) {
	if p.file == nil {
		f, err := os.Open(filepath.Join(root, p.path))
		if err != nil {
			return nil, fmt.Errorf("reading this host's vitals: %w", err)
		}
		p.file, p.buf = f, make([]byte, 8<<10)
	}
	for n := 0; ; {
		m, err := p.file.ReadAt(p.buf[n:], int64(n))
		n += m
		switch {
		case errors.Is(err, io.EOF):
			return p.buf[:n], nil
		case err != nil:
			p.close() // the next reading opens it again
			return nil, fmt.Errorf("reading this host's vitals: %w", err)
		case n >= maxProcFile:
			return p.buf[:n], nil
		}
		// Begin anew with more room, so that the text is of one moment.
		p.buf, n = make([]byte, 2*len(p.buf)), 0
	}
}

func (p *procFile) close() {
	if p.file != nil {
		_ = p.file.Close()
		p.file = nil
	}
}

// nextLine is the first line of b and what follows it.
func nextLine(b []byte) (line, rest []byte) {
	for i, c := range b {
		if c == '\n' {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// nextField is the first word of a line and what follows it.
func nextField(b []byte) (field, rest []byte) {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	j := i
	for j < len(b) && b[j] != ' ' && b[j] != '\t' {
		j++
	}
	return b[i:j], b[j:]
}

// numbers reads whole numbers from a line into dst and returns how many there
// were.
func numbers(line []byte, dst []uint64) (n int) {
	for n < len(dst) {
		var f []byte
		if f, line = nextField(line); len(f) == 0 {
			return n
		}
		v, ok := number(f)
		if !ok {
			return n
		}
		dst[n] = v
		n++
	}
	return n
}

func number(b []byte) (v uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}
