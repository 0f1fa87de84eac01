package pipeline

import (
	"math"
	"strconv"
	"strings"
	"sync"

	"patou/internal/entry"
	"patou/internal/metric"
)

// A request is an entry with the fields client and status, the latter from 100
// to 599; the series derived from requests are those of this query and none
// else: "component:C client:* status:100..599".

// Derive gives the samples of an entry that was processed: for a request one
// of logs.C.requests, of logs.C.status.2xx to 5xx, and of logs.C.bytes and
// logs.C.request_time (in seconds) where it has them, C being its component.
// Names stay valid; times are in ms.
func (p *Pipeline) Derive(e *entry.Entry, emit func(name string, kind metric.Kind, timeMs int64, value float64)) {
	r, ok := readRequest(e)
	if !ok {
		return
	}
	names, ms := p.names.of(e.Component), e.Time/1e6
	emit(names.requests, metric.Sum, ms, 1)
	if class := r.status / 100; class >= 2 {
		emit(names.status[class-2], metric.Sum, ms, 1)
	}
	if v, ok := measure(r.bytes); ok {
		emit(names.bytes, metric.Sum, ms, v)
	}
	if v, ok := measure(r.seconds); ok {
		emit(names.requestTime, metric.Distribution, ms, v)
	}
}

// request is what is derived from.
type request struct {
	status         int
	bytes, seconds string
}

func readRequest(e *entry.Entry) (r request, ok bool) {
	client := false
	for i := range e.Fields {
		switch f := &e.Fields[i]; f.Key {
		case "client":
			client = true
		case "status":
			r.status = statusOf(f.Value)
		case "bytes":
			r.bytes = f.Value
		case "request_time":
			r.seconds = f.Value
		}
	}
	return r, client && r.status != 0
}

// statusOf is the number of an HTTP status; 0 when s is none.
func statusOf(s string) int {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' || s[1] < '0' || s[1] > '9' || s[2] < '0' || s[2] > '9' {
		return 0
	}
	return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0')
}

// measure reads a number that can be one of bytes or seconds.
func measure(s string) (v float64, ok bool) {
	if s == "" || len(s) > 32 || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// requestLevel is how bad a request's status is: a server's fault is an error,
// a client's a warning. What is no request has no level by it.
func requestLevel(e *entry.Entry) entry.Level {
	r, ok := readRequest(e)
	switch {
	case !ok:
		return entry.LevelNone
	case r.status >= 500:
		return entry.Error
	case r.status >= 400:
		return entry.Warn
	}
	return entry.Info
}

// names are the series of one component.
type names struct {
	requests, bytes, requestTime string
	status                       [4]string
}

// nameCache makes the names of a component's series once. It forgets all when
// it is full, which costs no more than making them again.
type nameCache struct {
	limit int
	mu    sync.RWMutex
	known map[string]*names
}

func (c *nameCache) of(component string) *names {
	c.mu.RLock()
	n := c.known[component]
	c.mu.RUnlock()
	if n != nil {
		return n
	}
	n = newNames(strings.Clone(component))
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= c.limit {
		clear(c.known)
	}
	c.known[strings.Clone(component)] = n
	return n
}

func newNames(component string) *names {
	prefix := "logs." + component
	n := &names{requests: prefix + ".requests", bytes: prefix + ".bytes", requestTime: prefix + ".request_time"}
	for i, class := range [...]string{"2xx", "3xx", "4xx", "5xx"} {
		n.status[i] = prefix + ".status." + class
	}
	return n
}
