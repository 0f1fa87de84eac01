package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Addresses are where the server that the demo feeds listens.
type Addresses struct {
	HTTP, Graphite, Syslog string
}

// shipper sends what the services say through the receivers that any sender
// uses: access lines by syslog over TCP, other lines as JSON over HTTP, numbers
// as Graphite text. It is for one goroutine.
type shipper struct {
	to       Addresses
	client   *http.Client
	syslog   net.Conn
	graphite net.Conn
	run      string // makes idempotency keys its own
	sent     int

	frames, samples, body bytes.Buffer
}

// dial connects to the receivers at once, so that a wrong address ends the
// demo and not its first line.
func dial(ctx context.Context, to Addresses, client *http.Client, run string) (*shipper, error) {
	var d net.Dialer
	syslog, err := d.DialContext(ctx, "tcp", to.Syslog)
	if err != nil {
		return nil, fmt.Errorf("connection to the syslog receiver: %w", err)
	}
	graphite, err := d.DialContext(ctx, "tcp", to.Graphite)
	if err != nil {
		syslog.Close()
		return nil, fmt.Errorf("connection to the graphite receiver: %w", err)
	}
	return &shipper{to: to, client: client, syslog: syslog, graphite: graphite, run: run}, nil
}

func (s *shipper) close() {
	s.syslog.Close()
	s.graphite.Close()
}

// access queues a line for syslog: RFC 5424 in frames that say their length.
func (s *shipper) access(l line) {
	const local0Info = 16*8 + 6
	msg := fmt.Sprintf("<%d>1 %s %s %s - - - %s", local0Info, l.time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), l.host, l.component, l.message)
	fmt.Fprintf(&s.frames, "%d %s", len(msg), msg)
}

// tell queues a line for POST /api/logs.
func (s *shipper) tell(l line) error {
	object := map[string]any{"time": l.time.UTC().Format(time.RFC3339Nano), "component": l.component, "host": l.host, "level": l.level, "message": l.message}
	for key, value := range l.fields {
		object[key] = value
	}
	if err := json.NewEncoder(&s.body).Encode(object); err != nil {
		return fmt.Errorf("line of %s: %w", l.component, err)
	}
	return nil
}

// sample queues a number for Graphite's plaintext receiver.
func (s *shipper) sample(name string, value float64, at time.Time) {
	fmt.Fprintf(&s.samples, "%s %s %d\n", name, strconv.FormatFloat(value, 'f', -1, 64), at.Unix())
}

// flush sends what is queued. A connection that broke is an error: the demo's
// server is in the same process and does not go away alone.
func (s *shipper) flush(ctx context.Context) error {
	if err := send(s.syslog, &s.frames); err != nil {
		return fmt.Errorf("access lines by syslog: %w", err)
	}
	if err := send(s.graphite, &s.samples); err != nil {
		return fmt.Errorf("numbers by graphite: %w", err)
	}
	if s.body.Len() == 0 {
		return nil
	}
	s.sent++
	key := fmt.Sprintf("demo-%s-%d", s.run, s.sent)
	defer s.body.Reset()
	return s.post(ctx, "/api/logs", "application/x-ndjson", key, s.body.Bytes())
}

func send(c net.Conn, b *bytes.Buffer) error {
	_, err := c.Write(b.Bytes())
	b.Reset()
	return err
}

// event posts a marked moment as Graphite's clients do.
func (s *shipper) event(ctx context.Context, what string, at time.Time, data string, tags ...string) error {
	body, err := json.Marshal(map[string]any{"what": what, "tags": tags, "when": at.Unix(), "data": data})
	if err != nil {
		return fmt.Errorf("event %q: %w", what, err)
	}
	return s.post(ctx, "/events/", "application/json", "", body)
}

func (s *shipper) post(ctx context.Context, path, kind, key string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.to.HTTP+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("request to %s: %w", path, err)
	}
	req.Header.Set("Content-Type", kind)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("post to %s: %w", path, err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1024))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("post to %s: %s: %s", path, res.Status, text)
	}
	return nil
}
