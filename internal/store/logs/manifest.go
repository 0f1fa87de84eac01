package logs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path"

	"patou/internal/fsx"
)

const manifestName = "MANIFEST"

// manifest says which files are live. It is text, for the person who has to
// look at it some night, and ends in a checksum.
type manifest struct {
	flushed  uint64 // the last record that is wholly in the segments
	next     uint64 // the number of the next file
	segments []uint64
	answers  []uint64 // the files of idempotency keys
}

// encode writes lines that a person can read, because this is the file that
// one opens first when something is wrong.
func (m *manifest) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "patou logs 1\nflushed %d\nnext %d\n", m.flushed, m.next)
	for _, n := range m.segments {
		fmt.Fprintf(&b, "segment %d\n", n)
	}
	for _, n := range m.answers {
		fmt.Fprintf(&b, "answers %d\n", n)
	}
	fmt.Fprintf(&b, "sum %08x\n", checksum(b.Bytes()))
	return b.Bytes()
}

// decodeManifest checks the sum before it believes a line.
func decodeManifest(b []byte) (*manifest, error) {
	at := bytes.LastIndex(b, []byte("sum "))
	var sum uint32
	if at < 0 {
		return nil, fmt.Errorf("the manifest has no checksum: %w", errDamaged)
	}
	if _, err := fmt.Sscanf(string(b[at:]), "sum %x", &sum); err != nil || sum != checksum(b[:at]) {
		return nil, fmt.Errorf("the manifest is not as written: %w", errDamaged)
	}
	m := &manifest{}
	lines := bufio.NewScanner(bytes.NewReader(b[:at]))
	if !lines.Scan() || lines.Text() != "patou logs 1" {
		return nil, fmt.Errorf("the manifest is of another version, %.40q: a newer patou wrote it", lines.Text())
	}
	for lines.Scan() {
		if err := m.line(lines.Text()); err != nil {
			return nil, err
		}
	}
	return m, lines.Err()
}

// line refuses words that it does not know: a later version may mean something
// by them.
func (m *manifest) line(s string) error {
	var word string
	var n uint64
	if _, err := fmt.Sscan(s, &word, &n); err != nil {
		return fmt.Errorf("a line of the manifest, %.60q, cannot be read: %w", s, errDamaged)
	}
	switch word {
	case "flushed":
		m.flushed = n
	case "next":
		m.next = n
	case "segment":
		m.segments = append(m.segments, n)
	case "answers":
		m.answers = append(m.answers, n)
	default:
		return fmt.Errorf("a line of the manifest, %.60q, is not known: %w", s, errDamaged)
	}
	return nil
}

// publish puts the manifest in the place of the one before.
func (m *manifest) publish(fsys fsx.FS, dir string) error {
	return fsx.Publish(fsys, path.Join(dir, manifestName), func(w io.Writer) error {
		_, err := w.Write(m.encode())
		return err
	})
}
