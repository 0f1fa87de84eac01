package httpapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// stream writes an answer piece by piece. A client that stops reading is cut off
// after writePause.
type stream struct {
	s       *server
	w       *bufio.Writer
	control *http.ResponseController
	flushed time.Time
}

// flushEvery is how long a piece may wait in the buffer while more come.
const flushEvery = 100 * time.Millisecond

func (s *server) newStream(w http.ResponseWriter, contentType string) *stream {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Accel-Buffering", "no") // asks proxies to pass pieces on
	return &stream{s: s, w: bufio.NewWriterSize(deadlined{s, w, http.NewResponseController(w)}, 32<<10), control: http.NewResponseController(w)}
}

// deadlined moves the connection's deadline before each write.
type deadlined struct {
	s *server
	w http.ResponseWriter
	c *http.ResponseController
}

// Write writes to the client.
func (d deadlined) Write(b []byte) (int, error) {
	_ = d.c.SetWriteDeadline(d.s.Clock.Now().Add(writePause))
	return d.w.Write(b)
}

// line writes one line, such as an object of NDJSON, and passes on what waited
// for long.
func (t *stream) line(b []byte) error {
	_, _ = t.w.Write(b) // the error stays with the buffer
	if err := t.w.WriteByte('\n'); err != nil {
		return gone(err)
	}
	if now := t.s.Clock.Now(); now.Sub(t.flushed) >= flushEvery {
		t.flushed = now
		return t.flush()
	}
	return nil
}

// object writes a value as one line of JSON.
func (t *stream) object(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.line(b)
}

// event writes one server-sent event and passes it on.
func (t *stream) event(name string, data []byte) error {
	if _, err := fmt.Fprintf(t.w, "event: %s\ndata: %s\n\n", name, data); err != nil {
		return gone(err)
	}
	return t.flush()
}

// comment writes what readers of server-sent events skip; it keeps proxies from
// taking a quiet stream for a dead one, and finds out whether the client is there.
func (t *stream) comment(text string) error {
	if _, err := fmt.Fprintf(t.w, ": %s\n\n", text); err != nil {
		return gone(err)
	}
	return t.flush()
}

func (t *stream) flush() error {
	if err := t.w.Flush(); err != nil {
		return gone(err)
	}
	if err := t.control.Flush(); err != nil {
		return gone(err)
	}
	return nil
}

// endStream handles an error after a stream began. Its status is sent, so a
// reader is told in a last line; a connection that just ends could be taken for
// a complete answer.
func (s *server) endStream(w http.ResponseWriter, r *http.Request, err error) {
	if isCancelled(err) || r.Context().Err() == nil && w == nil {
		return
	}
	f := s.failureOf(err)
	_ = json.NewEncoder(w).Encode(f)
}
