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
	wire    *deadlined
	header  http.Header
	flushed time.Time
	plain   bool // lines, not server-sent events: no comments
}

// flushEvery is how long a piece may wait in the buffer while more come.
const flushEvery = 100 * time.Millisecond

func (s *server) newStream(w http.ResponseWriter, contentType string) *stream {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Accel-Buffering", "no") // asks proxies to pass pieces on
	wire := &deadlined{s: s, w: w, c: http.NewResponseController(w)}
	return &stream{s: s, w: bufio.NewWriterSize(wire, 32<<10), wire: wire, header: w.Header(), flushed: s.Clock.Now()}
}

// deadlined moves the connection's deadline before each write.
type deadlined struct {
	s    *server
	w    http.ResponseWriter
	c    *http.ResponseController
	sent bool
}

// Write writes to the client.
func (d *deadlined) Write(b []byte) (int, error) {
	d.sent = true
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

// event writes one server-sent event. Where more come at once, it may wait.
func (t *stream) event(name string, data []byte, more bool) error {
	if _, err := fmt.Fprintf(t.w, "event: %s\ndata: %s\n\n", name, data); err != nil {
		return gone(err)
	}
	if more {
		return nil
	}
	return t.flush()
}

// value writes a value as one event, or as one line where the stream is plain.
func (t *stream) value(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if !t.plain {
		return t.event(name, b, false)
	}
	if err := t.line(b); err != nil {
		return err
	}
	return t.flush()
}

// comment writes what readers of server-sent events skip; it keeps proxies from
// taking a quiet stream for a dead one, and finds out whether the client is
// there. A plain stream gets an empty line.
func (t *stream) comment(text string) error {
	if t.plain {
		text = ""
	} else {
		text = ": " + text + "\n"
	}
	if _, err := fmt.Fprintf(t.w, "%s\n", text); err != nil {
		return gone(err)
	}
	return t.flush()
}

func (t *stream) flush() error {
	if err := t.w.Flush(); err != nil {
		return gone(err)
	}
	if err := t.wire.c.Flush(); err != nil {
		return gone(err)
	}
	return nil
}

// end sends what waits. After an error a reader is told: by the status, while
// nothing was sent, else in a last line, as a connection that just ends could be
// taken for a complete answer.
func (t *stream) end(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case err == nil:
		_ = t.flush() // who does not read it has gone
	case isCancelled(err) || left(r):
	case !t.wire.sent:
		t.s.fail(w, err)
	case t.plain:
		_ = t.value("error", t.s.failureOf(err))
	default:
		_ = t.event("error", t.s.failureOf(err).json(), false)
	}
}
