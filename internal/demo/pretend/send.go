package pretend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"patou/internal/chunk"
)

// Sender posts chunks as an agent does. It is safe for use by several
// goroutines.
type Sender struct {
	server, token string
	client        *http.Client

	mu      sync.Mutex // guards encoder, which needs much memory and little time
	encoder *chunk.Encoder
}

// NewSender sends to a server, such as "http://127.0.0.1:8420"; token may be "".
func NewSender(server, token string, client *http.Client) (*Sender, error) {
	e, err := chunk.NewEncoder()
	if err != nil {
		return nil, err
	}
	return &Sender{server: server, token: token, client: client, encoder: e}, nil
}

// Answer is what the server says of a chunk.
type Answer struct {
	Sequence   uint64            `json:"sequence"`
	Entries    int               `json:"entries"`
	Samples    int               `json:"samples"`
	Rejected   []json.RawMessage `json:"rejected"`
	Node       string            `json:"node"`
	WantReport bool              `json:"want_report"`
}

// BusyError says that the server asks to be left alone for a while; the chunk is
// to be sent again.
type BusyError struct{ Status int }

// Error is the sentence.
func (e *BusyError) Error() string { return fmt.Sprintf("the server is busy (%d)", e.Status) }

// Encode packs a chunk for Post.
func (s *Sender) Encode(dst []byte, c *chunk.Chunk) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.encoder.Encode(dst, c)
}

// Post sends a packed chunk. The error is a *BusyError where the server said
// so; then, and where it cannot be reached, the same bytes may be sent again.
func (s *Sender) Post(ctx context.Context, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server+chunk.Path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("request of an agent: %w", err)
	}
	req.Header.Set("Content-Type", chunk.ContentType)
	req.Header.Set(chunk.SentHeader, strconv.FormatInt(time.Now().UnixNano(), 10))
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("sending a chunk: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("answer to a chunk: %w", err)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable:
		return Answer{}, &BusyError{res.StatusCode}
	case res.StatusCode != http.StatusOK:
		return Answer{}, fmt.Errorf("sending a chunk: %s: %.300s", res.Status, text)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return Answer{}, fmt.Errorf("answer to a chunk: %w", err)
	}
	return a, nil
}

// Send packs and posts a chunk.
func (s *Sender) Send(ctx context.Context, c *chunk.Chunk) (Answer, error) {
	body, err := s.Encode(nil, c)
	if err != nil {
		return Answer{}, err
	}
	return s.Post(ctx, body)
}
