package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"patou/internal/fsx"
)

// manifestName is the file that says what is live. Files it does not list are
// what a crash left.
const manifestName = "manifest"

// manifestFormat is the version of the manifest and of the directory's layout.
const manifestFormat = 1

// maxManifest bounds the bytes of a manifest that is read.
const maxManifest = 64 << 20

// manifest is the state of the store that is not in its files' content. It is
// JSON after a line with its version and checksum, so that people can read it.
type manifest struct {
	// Flushed is the last record whose effects, and those of all before, are in
	// the segments.
	Flushed uint64 `json:"flushed"`
	// Next is greater than the number of any file ever listed.
	Next uint64 `json:"next"`
	// Segments are the live ones in rising order of generation.
	Segments []segmentState `json:"segments"`
	// Names are the numbers of the names files, in the order written.
	Names []uint64 `json:"names"`
	// Alive is the number of the file of last samples; 0 is none.
	Alive uint64 `json:"alive,omitempty"`
	// Expired says up to which second raw slots of a step are gone: rolled-up
	// slots that begin before can no longer be computed from them.
	Expired map[int64]int64 `json:"expired,omitempty"`
}

// segmentState is what changes about a segment.
type segmentState struct {
	Gen uint64 `json:"gen"`
	// Rolled says, by coarser step, below which window the segment's slots have
	// their effect in rolled-up ones.
	Rolled map[int64]uint32 `json:"rolled,omitempty"`
	// Dropped are windows whose slots another segment has taken over.
	Dropped []uint32 `json:"dropped,omitempty"`
}

// save publishes the manifest.
func (m *manifest) save(fsys fsx.FS, dir string) error {
	body, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	head := fmt.Sprintf("patou metrics manifest %d %08x\n", manifestFormat, checksum(body))
	return fsx.Publish(fsys, path.Join(dir, manifestName), func(w io.Writer) error {
		_, err := w.Write(append([]byte(head), body...))
		return err
	})
}

var (
	// errNoManifest: the directory has none, as before its first flush.
	errNoManifest = errors.New("no manifest")
	// errBadManifest: it is there and not as it was written.
	errBadManifest = errors.New("manifest is damaged")
)

func loadManifest(fsys fsx.FS, dir string) (*manifest, error) {
	b, err := readFile(fsys, path.Join(dir, manifestName), maxManifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errNoManifest
	case err != nil:
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	head, body, _ := strings.Cut(string(b), "\n")
	var format int
	var sum uint32
	if _, err := fmt.Sscanf(head, "patou metrics manifest %d %x", &format, &sum); err != nil {
		return nil, fmt.Errorf("%w: its first line is %.80q", errBadManifest, head)
	}
	if format > manifestFormat {
		return nil, fmt.Errorf("reading the manifest: it has version %d and this Patou reads up to %d: start a newer one", format, manifestFormat)
	}
	m := &manifest{}
	if checksum([]byte(body)) != sum {
		return nil, fmt.Errorf("%w: its checksum is wrong", errBadManifest)
	}
	if err := json.Unmarshal([]byte(body), m); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadManifest, err)
	}
	return m, nil
}

// readFile reads a whole file of up to limit bytes.
func readFile(fsys fsx.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return b, errors.Join(err, f.Close())
}
