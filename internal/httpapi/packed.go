package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	kgzip "github.com/klauspost/compress/gzip"
)

// shared is an answer that is the same for all who ask within a second: it is
// made, encoded and packed once for them.
type shared struct {
	mu     sync.Mutex
	made   time.Time
	plain  []byte
	packed []byte // nil until someone takes it
}

// sharedFor is how old a shared answer may be.
const sharedFor = time.Second

// serve answers with what is there, or makes it anew.
func (c *shared) serve(w http.ResponseWriter, r *http.Request, now time.Time, build func() (any, error)) error {
	body, packed, err := c.bytes(takesGzip(r), now, build)
	if err != nil {
		return err
	}
	return writeBytes(w, body, packed)
}

func (c *shared) bytes(gzip bool, now time.Time, build func() (any, error)) (body []byte, packed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.made); c.plain == nil || age >= sharedFor || age < 0 {
		v, err := build()
		if err != nil {
			return nil, false, err
		}
		if c.plain, err = encode(v); err != nil {
			return nil, false, err
		}
		c.made, c.packed = now, nil
	}
	if !gzip {
		return c.plain, false, nil
	}
	if c.packed == nil {
		c.packed = packFast(c.plain)
	}
	return c.packed, true, nil
}

// drop has the next one who asks get what is true then.
func (c *shared) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain, c.packed = nil, nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// packFast packs what is made for a second, as page files, packed once, are not.
func packFast(plain []byte) []byte {
	var b bytes.Buffer
	z, err := kgzip.NewWriterLevel(&b, kgzip.BestSpeed)
	if err != nil {
		return nil // the level is one that there is
	}
	_, _ = z.Write(plain) // to memory
	_ = z.Close()
	return b.Bytes()
}

// writePacked answers with a value, packed where the client takes that.
func writePacked(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	if takesGzip(r) {
		return writeBytes(w, packFast(body), true)
	}
	return writeBytes(w, body, false)
}

func writeBytes(w http.ResponseWriter, body []byte, packed bool) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Vary", "Accept-Encoding")
	if packed {
		h.Set("Content-Encoding", "gzip")
	}
	_, err := w.Write(body)
	return gone(err)
}
