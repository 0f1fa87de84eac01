package httpapi

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of connections.
const (
	// headerTime is how long a request's head may take to come.
	headerTime = 10 * time.Second
	// idleTime is how long a connection may wait for its next request.
	idleTime = 2 * time.Minute
	// maxHeader bounds a request's head in bytes. Graphite's targets may be long.
	maxHeader = 128 << 10
	// maxSilent is how many connections may be open that do not ask anything.
	maxSilent = 1000
)

// NewServer is the net/http server for a handler of New. Of connections that are
// open and ask nothing it keeps the newest maxSilent, so that who opens ten
// thousand takes room from itself and from nobody who asks.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	silent := &silentConns{most: maxSilent, places: map[net.Conn]*list.Element{}}
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ConnState:         silent.change,
	}
	if log != nil {
		srv.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return srv
}

// silentConns are the connections that ask nothing, the longest silent first.
type silentConns struct {
	most   int
	mu     sync.Mutex
	order  list.List
	places map[net.Conn]*list.Element
}

// change follows a connection from state to state.
func (s *silentConns) change(c net.Conn, state http.ConnState) {
	if oldest := s.note(c, state == http.StateNew || state == http.StateIdle); oldest != nil {
		_ = oldest.Close() // its reader sees the error
	}
}

// note moves a connection in or out of the silent ones and gives the one to
// close, if they have become too many.
func (s *silentConns) note(c net.Conn, silent bool) (oldest net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place := s.places[c]; place != nil {
		s.order.Remove(place)
		delete(s.places, c)
	}
	if !silent {
		return nil
	}
	s.places[c] = s.order.PushBack(c)
	if s.order.Len() <= s.most {
		return nil
	}
	first := s.order.Front()
	oldest = s.order.Remove(first).(net.Conn)
	delete(s.places, oldest)
	return oldest
}
