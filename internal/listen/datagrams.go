package listen

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
)

// Bounds of what waits to be taken from UDP.
const (
	socketBuffer = 4 << 20  // bytes that the system is asked to hold
	queueBytes   = 16 << 20 // bytes that wait in the queue
	queueCost    = 128      // counted for each datagram beside its bytes
	maxDatagram  = 64 << 10
)

// queue holds datagrams up to a number of bytes.
type queue struct {
	mu     sync.Mutex
	filled *sync.Cond // waits on mu
	batch  []Datagram
	bytes  int
	closed bool
}

func (q *queue) init() { q.filled = sync.NewCond(&q.mu) }

// put reports false when there is no room.
func (q *queue) put(source string, data []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+len(data)+queueCost > queueBytes {
		return false
	}
	q.bytes += len(data) + queueCost
	q.batch = append(q.batch, Datagram{source, bytes.Clone(data)})
	q.filled.Signal()
	return true
}

// take waits for datagrams and returns all that wait; none when the queue was
// closed and is empty. The batch given before is used again.
func (q *queue) take(before []Datagram) []Datagram {
	clear(before)
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.batch) == 0 && !q.closed {
		q.filled.Wait()
	}
	batch := q.batch
	q.batch, q.bytes = before[:0], 0
	return batch
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Signal()
}

// receive reads datagrams until the socket is closed.
func (s *Server) receive() {
	defer s.queue.close()
	buf := make([]byte, maxDatagram)
	received, dropped, foreign := s.count("datagrams"), s.count("datagrams_dropped"), s.count("not_allowed")
	var last netip.Addr
	var source string
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // such as an answer that an earlier packet was not wanted
		}
		received.Inc()
		if addr := from.Addr(); addr != last || source == "" {
			if !s.allowed(addr) {
				foreign.Inc()
				continue
			}
			last, source = addr, addr.Unmap().String()
		}
		if !s.queue.put(source, buf[:n]) {
			dropped.Inc()
		}
	}
}

func (s *Server) handleDatagrams() {
	var batch []Datagram
	for {
		if batch = s.queue.take(batch); len(batch) == 0 {
			return
		}
		s.handler.Datagrams(s.ctx, batch)
	}
}
