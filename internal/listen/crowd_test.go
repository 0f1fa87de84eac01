package listen

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// halfMessage gives the start of a message, and then waits until it is closed.
type halfMessage struct {
	text   io.Reader
	closed chan struct{}
	waits  chan struct{}
}

func (h *halfMessage) Read(p []byte) (int, error) {
	if n, err := h.text.Read(p); err == nil {
		return n, nil
	}
	h.waits <- struct{}{}
	<-h.closed
	return 0, io.EOF
}

func TestHalfMessagesOfManyConnectionsAreBounded(t *testing.T) {
	const each = 1 << 20
	var buffers Buffers
	closed, waits, ended := make(chan struct{}), make(chan struct{}, 1), make(chan error, 100)
	crowded, holding := 0, 0
	for range 3 * maxHeld / each {
		h := &halfMessage{bytes.NewReader(bytes.Repeat([]byte("x"), each)), closed, waits}
		go func() {
			var reason error
			s := Stream{Limit: 2 * each, Split: Lines, Take: func([]byte) {}, Flush: func() {}, Buffers: &buffers,
				Reject: func(_ []byte, r error) { reason = r }}
			s.Run(h)
			ended <- reason
		}()
		select {
		case <-waits:
			holding++
		case err := <-ended:
			if !errors.Is(err, ErrCrowded) {
				t.Fatalf("a connection ended with %v", err)
			}
			crowded++
		}
	}
	if holding > maxHeld/each || crowded < maxHeld/each {
		t.Errorf("%d connections hold 1 MiB each, %d were closed", holding, crowded)
	}
	close(closed)
	for range holding {
		<-ended
	}
	if n := buffers.held.Load(); n != 0 {
		t.Errorf("%d bytes are counted after all have ended", n)
	}
}
