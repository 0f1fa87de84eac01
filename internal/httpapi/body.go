package httpapi

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Bounds of bodies.
const (
	// maxLogBody bounds a body of log lines, on the wire and unpacked.
	maxLogBody = 32 << 20
	// maxSmallBody bounds all other bodies.
	maxSmallBody = 1 << 20
	// bodiesBytes bounds what the bodies of all requests hold at one time.
	bodiesBytes = 192 << 20
	// bodyStep is by how much a body's buffer first has room.
	bodyStep = 64 << 10
)

// body is a request's whole body, unpacked; release gives its memory back. It
// fails when the body is larger than the limit, does not unpack, or comes when
// the bodies of others already fill the memory set aside.
func (s *server) body(w http.ResponseWriter, r *http.Request, limit int64) (b []byte, release func(), err error) {
	taken := int64(0)
	release = func() { s.bodies.give(taken) }
	src, err := s.unpack(w, r, limit)
	if err != nil {
		return nil, release, err
	}
	defer src.Close()
	for {
		if len(b) == cap(b) {
			room := min(max(int64(2*cap(b)), bodyStep), limit+1) - int64(cap(b))
			if room <= 0 || !s.bodies.take(room) {
				return nil, release, roomFailure(room, limit)
			}
			taken += room
			b = append(make([]byte, 0, int64(cap(b))+room), b...)
		}
		n, err := src.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, release, &http.MaxBytesError{Limit: limit}
		case err == io.EOF:
			return b, release, nil
		case err != nil:
			return nil, release, readFailure(err)
		}
	}
}

func roomFailure(room, limit int64) error {
	if room <= 0 {
		return &http.MaxBytesError{Limit: limit}
	}
	return &failure{Status: http.StatusTooManyRequests, retry: time.Second, why: "bodies_refused",
		Text: "too much is being sent at once: try again in a second"}
}

// readFailure keeps what the client can mend apart from what it cannot.
func readFailure(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.Is(err, errGone):
		return err
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errPacked):
		return refuse(http.StatusBadRequest, "the body does not unpack, or ends too early: %v", err)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, "the body did not come within %v: send it without pauses", readPause)
	}
	return refuse(http.StatusBadRequest, "the body could not be read: %v", err)
}

// errPacked marks errors of the unpacking of a body.
var errPacked = errors.New("damaged")

// unpack reads a body through its Content-Encoding. No more than the limit is
// read from the wire.
func (s *server) unpack(w http.ResponseWriter, r *http.Request, limit int64) (io.ReadCloser, error) {
	wire := &patient{s: s, c: http.NewResponseController(w), body: http.MaxBytesReader(w, r.Body, limit), until: s.Clock.Now().Add(bodyTime)}
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return wire, nil
	case "gzip", "x-gzip":
		z, err := kgzip.NewReader(wire)
		if err != nil {
			return nil, readFailure(fmt.Errorf("%w: %w", errPacked, err))
		}
		return z, nil
	case "zstd":
		z, err := zstd.NewReader(wire, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, readFailure(fmt.Errorf("%w: %w", errPacked, err))
		}
		return z.IOReadCloser(), nil
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding %.40q is not known: send gzip, zstd or none", encoding)
	}
}

// bodyTime bounds how long one body may take as a whole.
const bodyTime = 5 * time.Minute

// patient reads a body from the wire and lets the client pause, but not for ever.
type patient struct {
	s     *server
	c     *http.ResponseController
	body  io.ReadCloser
	until time.Time
}

// Read moves the connection's deadline before each read.
func (p *patient) Read(b []byte) (int, error) {
	deadline := p.s.Clock.Now().Add(readPause)
	if deadline.After(p.until) {
		deadline = p.until
	}
	_ = p.c.SetReadDeadline(deadline)
	return p.body.Read(b)
}

// Close closes the body.
func (p *patient) Close() error { return p.body.Close() }
