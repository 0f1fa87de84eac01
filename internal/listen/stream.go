package listen

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// Cut is what a Split found at the start of what was received.
type Cut struct {
	// Frame is a message; with Reason, the start of what is no message.
	Frame []byte
	// Used is how many bytes to leave behind; 0 asks for more bytes.
	Used int
	// Skip is how many of the bytes that follow are to be left out too;
	// ToNewline leaves out all up to the next newline.
	Skip int
	// Reason is why Frame is refused.
	Reason error
}

// ToNewline as a Cut's Skip leaves out the rest of a line.
const ToNewline = -1

// The reasons why a stream's bytes are refused.
var (
	ErrTooLong = errors.New("the message is longer than the limit")
	ErrCutOff  = errors.New("the connection ended within the message")
	ErrCrowded = errors.New("too many connections hold half a message: this one is closed")
)

// Lines cuts at newlines. A line longer than limit is refused once, and the
// line after it is read again. Blank lines are left out by Take.
func Lines(b []byte, limit int) Cut {
	i := bytes.IndexByte(b, '\n')
	switch {
	case i >= 0 && i <= limit:
		return Cut{Frame: b[:i], Used: i + 1}
	case i > limit:
		return Cut{Frame: b[:i], Used: i + 1, Reason: ErrTooLong}
	case len(b) > limit:
		return Cut{Frame: b, Used: len(b), Skip: ToNewline, Reason: ErrTooLong}
	}
	return Cut{}
}

// Stream cuts what a connection sends into messages. All functions are called
// on the goroutine of Run.
type Stream struct {
	// Limit is the greatest length of a message.
	Limit int
	// Split finds the next message; see Lines.
	Split func(b []byte, limit int) Cut
	// Take takes a message. Its bytes are valid until Flush returns.
	Take func(frame []byte)
	// Flush is called when all whole messages of what was read are taken.
	Flush func()
	// Reject is told about bytes that are no message.
	Reject func(frame []byte, reason error)
	// KeepRest takes what is behind the last whole message as one, when the
	// sender ended the connection in order.
	KeepRest bool
	// Buffers lends buffers; several streams share it.
	Buffers *Buffers

	skip int // as in Cut
	held int // bytes, as Buffers counts them
}

// bufferSize is what one read of a busy connection can bring: about what its
// socket holds, so that a batch is large without waiting.
const bufferSize = 64 << 10

// idleSize is the buffer of a connection that waits, beside the start of a
// message that it holds.
const idleSize = 256

// maxHeld bounds what all connections of a listener hold together, the starts of
// messages and the buffers lent to those that read, so that ten thousand half
// messages cost no more than this; smallHold is what one may hold all the same.
const (
	maxHeld   = 64 << 20
	smallHold = 4 << 10
)

// Buffers lends buffers to streams and counts what they hold. The zero Buffers
// is ready.
type Buffers struct {
	pool sync.Pool
	held atomic.Int64
}

// hold counts that a stream holds n bytes instead of before, if it may.
func (p *Buffers) hold(before, n int) bool {
	more := int64(n - before)
	if p.held.Add(more) <= maxHeld || n <= smallHold || more <= 0 {
		return true
	}
	p.held.Add(-more)
	return false
}

func (p *Buffers) get() []byte {
	if b, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, bufferSize)
}

func (p *Buffers) put(b []byte) {
	if len(b) == bufferSize {
		p.pool.Put((*[bufferSize]byte)(b))
	}
}

// Run reads until r ends, for whatever reason.
func (s *Stream) Run(r io.Reader) {
	var hold []byte // the start of a message whose rest has not come
	defer s.holds(0)
	for {
		if hold = waiting(hold); s.skip != 0 {
			hold = hold[:0]
		}
		n, err := r.Read(hold[len(hold):cap(hold)])
		hold = hold[:len(hold)+n]
		if err == nil && len(hold) == cap(hold) && s.holds(len(hold)+bufferSize) {
			hold, err = s.busy(r, hold)
		} else {
			hold = append(hold[:0], s.cut(hold)...)
		}
		if err == nil && !s.holds(len(hold)) {
			err = ErrCrowded
		}
		if err != nil {
			s.end(hold, err)
			return
		}
	}
}

// holds counts what this stream holds, if it may hold as much.
func (s *Stream) holds(n int) bool {
	if !s.Buffers.hold(s.held, n) {
		return false
	}
	s.held = n
	return true
}

// waiting is hold with room to read into, and no more than that.
func waiting(hold []byte) []byte {
	if room := cap(hold) - len(hold); room >= idleSize && room <= 2*idleSize {
		return hold
	}
	return append(make([]byte, 0, len(hold)+idleSize), hold...)
}

// busy reads into a large buffer for as long as each read fills it, and returns
// what is left.
func (s *Stream) busy(r io.Reader, hold []byte) ([]byte, error) {
	buf := s.Buffers.get()
	defer func() { s.Buffers.put(buf) }()
	if len(hold) >= len(buf) {
		buf = make([]byte, 2*len(hold))
	}
	for n := copy(buf, hold); ; {
		m, err := r.Read(buf[n:])
		full := n+m == len(buf)
		rest := s.cut(buf[:n+m])
		if n = copy(buf, rest); !full || err != nil {
			return append(hold[:0], buf[:n]...), err
		}
		if n == len(buf) {
			if !s.holds(2 * n) {
				return buf[:n:n], ErrCrowded
			}
			buf = append(buf, make([]byte, len(buf))...)
		}
	}
}

// end takes what is left when the connection ended.
func (s *Stream) end(b []byte, err error) {
	switch {
	case len(b) == 0 || s.skip != 0:
	case errors.Is(err, ErrCrowded):
		s.Reject(b, ErrCrowded)
	case s.KeepRest && errors.Is(err, io.EOF):
		s.Take(b)
		s.Flush()
	default:
		s.Reject(b, ErrCutOff)
	}
}

// cut takes the messages of b and returns the bytes at its end that are left.
func (s *Stream) cut(b []byte) (rest []byte) {
	taken := false
	for {
		if b = s.skipped(b); len(b) == 0 {
			break
		}
		c := s.Split(b, s.Limit)
		if c.Used == 0 {
			break
		}
		if c.Reason != nil {
			s.Reject(c.Frame, c.Reason)
		} else if len(c.Frame) > 0 {
			s.Take(c.Frame)
			taken = true
		}
		b, s.skip = b[c.Used:], c.Skip
	}
	if taken {
		s.Flush()
	}
	return b
}

// skipped is b without what is to be left out.
func (s *Stream) skipped(b []byte) []byte {
	switch {
	case s.skip > 0:
		n := min(s.skip, len(b))
		s.skip -= n
		return b[n:]
	case s.skip == ToNewline:
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return nil
		}
		s.skip = 0
		return b[i+1:]
	}
	return b
}
