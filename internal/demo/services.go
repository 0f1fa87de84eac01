package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// The headers by which a call keeps its identity on its way.
const (
	headerRoute = "X-Demo-Route"
	headerHop   = "X-Demo-Hop"
	headerRepo  = "X-Demo-Repo"
	headerFrom  = "X-Demo-Client"
	headerUser  = "X-Demo-User"
)

// edgeTimeout is when the edge gives up on a service.
const edgeTimeout = 15 * time.Second

// system is the live services: an HTTP server each, on loopback, that call one
// another and write what happens to lines.
type system struct {
	client *http.Client
	routes []route
	// addresses of the services by name; fixed before the first request.
	addresses map[string]string
	servers   []*http.Server
	serving   sync.WaitGroup
	lines     chan logged

	// bad is set while the git service runs its slow version.
	bad atomic.Bool
	// changed is when bad last did, in ns.
	changed atomic.Int64
	// busy is the work done by each service, in ns, since the last report.
	busy map[string]*atomic.Int64

	mu    sync.Mutex // guards model
	model *model
}

// logged is a line on its way to the shipper, by syslog when it is an access
// line and as JSON otherwise.
type logged struct {
	line
	access bool
}

func startSystem(ctx context.Context, client *http.Client, seed uint64) (*system, error) {
	s := &system{
		client: client, routes: routes(), addresses: map[string]string{}, busy: map[string]*atomic.Int64{},
		lines: make(chan logged, 4096), model: newModel(seed),
	}
	for _, name := range []string{edge, frontend, api, git} {
		if err := s.start(ctx, name); err != nil {
			s.stop()
			return nil, err
		}
	}
	return s, nil
}

func (s *system) start(ctx context.Context, name string) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listener of the demo's service %s: %w", name, err)
	}
	s.addresses[name] = l.Addr().String()
	s.busy[name] = &atomic.Int64{}
	server := &http.Server{Handler: s.handler(name), ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	s.serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.say(line{time: time.Now(), component: name, host: hostOf(name, ""), level: "error", message: err.Error()}, false)
		}
	})
	return nil
}

func (s *system) stop() {
	for _, server := range s.servers {
		_ = server.Close() // its callers have ended: nobody waits for an answer
	}
	s.serving.Wait()
}

// handler answers for one service: it passes the call on to the next of its
// way, or does the work if it is the last.
func (s *system) handler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		c, hop, err := s.read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if next := hop + 1; next < len(c.calls) {
			c.status = s.pass(r, c.calls[next], next)
		} else {
			s.work(r.Context(), &c)
		}
		w.WriteHeader(c.status)
		end := time.Now()
		s.busy[name].Add(int64(end.Sub(start)))
		s.say(access(name, &c, end, end.Sub(start)), true)
		if name == edge && c.status == http.StatusGatewayTimeout {
			for _, l := range s.told(&c, end, false) {
				s.say(l, false)
			}
		}
	})
}

// read rebuilds the call that a request is part of.
func (s *system) read(r *http.Request) (c call, hop int, err error) {
	i, err1 := strconv.Atoi(r.Header.Get(headerRoute))
	hop, err2 := strconv.Atoi(r.Header.Get(headerHop))
	if err := errors.Join(err1, err2); err != nil || i < 0 || i >= len(s.routes) {
		return call{}, 0, fmt.Errorf("this service answers calls of the demo alone: %w", errors.Join(err, errors.New("its headers are missing")))
	}
	h := r.Header
	return call{
		route: s.routes[i], path: r.URL.RequestURI(), repo: h.Get(headerRepo),
		client: h.Get(headerFrom), user: h.Get(headerUser), agent: h.Get("User-Agent"),
	}, hop, nil
}

// pass calls the next service and returns its status.
func (s *system) pass(r *http.Request, next string, hop int) int {
	ctx, cancel := context.WithTimeout(r.Context(), edgeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://"+s.addresses[next]+r.URL.RequestURI(), nil)
	if err != nil {
		return http.StatusBadGateway
	}
	req.Header = r.Header.Clone()
	req.Header.Set(headerHop, strconv.Itoa(hop))
	res, err := s.client.Do(req)
	if err != nil {
		return http.StatusBadGateway
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// work takes the time that the last service of the way needs.
func (s *system) work(ctx context.Context, c *call) {
	slow := s.bad.Load() && c.last() == git
	s.mu.Lock()
	s.model.serve(c, slow)
	s.mu.Unlock()
	select {
	case <-time.After(c.work):
	case <-ctx.Done():
	}
	for _, l := range s.told(c, time.Now(), slow) {
		if l.component != edge { // the edge says it itself when the answer arrives
			s.say(l, false)
		}
	}
}

func (s *system) told(c *call, end time.Time, slow bool) []line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return told(c, end, slow, s.version(), s.model.rand)
}

// slowness is how much the bad version weighs on its hosts at a time, 0 to 1:
// work that has gathered takes some seconds to come and to go.
func (s *system) slowness(t time.Time) float64 {
	return weight(s.bad.Load(), t.Sub(time.Unix(0, s.changed.Load())))
}

// weight is the slowness so long after a version came or went.
func weight(bad bool, since time.Duration) float64 {
	grown := min(1, max(0, since.Seconds()/5))
	if bad {
		return grown
	}
	return 1 - grown
}

func (s *system) version() string {
	if s.bad.Load() {
		return badVersion
	}
	return goodVersion
}

// say hands a line to the shipper; a system that cannot log goes on without.
func (s *system) say(l line, access bool) {
	select {
	case s.lines <- logged{l, access}:
	default:
	}
}
