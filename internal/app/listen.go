package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"patou/internal/config"
	"patou/internal/httpapi"
	"patou/web"
)

func (f *front) startHTTP(ctx context.Context, addr string) (string, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	stopping := make(chan struct{})
	handler, err := f.handler(stopping)
	if err != nil {
		return "", errors.Join(err, listener.Close())
	}
	server := httpapi.NewServer(handler, f.app.log)
	f.group.Go("http listener", func(context.Context) error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.app.group.Fail(fmt.Errorf("http listener: %w", err))
		}
		return nil
	})
	// Registered behind the listener, so that it runs before the listener's
	// end is waited for.
	f.stopLast("http", func(ctx context.Context) error {
		close(stopping)
		return f.stopHTTP(ctx, server)
	})
	return listener.Addr().String(), nil
}

// answerTime is how long, when stopping, requests under way may take. It leaves
// the stores most of the time that a stop has: a client that stopped in the
// middle of its request must not keep what others sent from being flushed.
const answerTime = 3 * time.Second

func (f *front) stopHTTP(ctx context.Context, server *http.Server) error {
	bounded, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err := server.Shutdown(bounded)
	if errors.Is(err, context.DeadlineExceeded) {
		f.app.log.Info("requests that did not end were cut off", "waited", answerTime.String())
		return server.Close()
	}
	return err
}

// handler puts the API, the page and their doors to the stores together.
func (f *front) handler(stopping <-chan struct{}) (http.Handler, error) {
	page, err := web.Dist()
	if err != nil {
		return nil, fmt.Errorf("the built page: %w", err)
	}
	a, c := f.app, &f.config
	named, err := templates(c.Scope.Templates)
	if err != nil {
		return nil, err
	}
	hosts := make([]string, len(c.Hosts), len(c.Hosts)+1)
	for i, h := range c.Hosts {
		hosts[i] = string(h)
	}
	hosts = append(hosts, a.host) // who names this machine means it
	return httpapi.New(httpapi.Options{
		Clock: a.clock, Log: a.log, Telemetry: a.telemetry,
		Info:  a.info(),
		Ready: func() error { return nil },
		Hosts: hosts, Tokens: a.state,
		RequireToken: c.HTTP.Token == config.TokenAlways || !c.Listen.HTTP.Loopback(),
		Events:       a.state,
		Sink:         a.lines, Hub: a.hub, Tap: a.tap,
		Components: a.components, SentBy: a.hosts,
		Agents: a.chunks, Herd: a.herd,
		Entries: a.entries, Series: a.metrics, Templates: named,
		Stopping: stopping,
		Page:     page,
	})
}

// info is what the page shows of the server itself.
func (a *App) info() httpapi.Info {
	return httpapi.Info{
		Version: a.opts.Version, Started: a.started, Demo: a.opts.Demo,
		Notes: func() []string { return a.opts.Notes },
		Listeners: func() map[string]string {
			all := map[string]string{}
			for _, l := range a.Listeners() {
				all[l.Name] = l.Addr
			}
			return all
		},
	}
}

func (a *App) components() []httpapi.Seen {
	var seen []httpapi.Seen
	for _, k := range a.entries.Components() {
		seen = append(seen, httpapi.Seen{Name: k.Name, Last: time.Unix(0, k.Last)})
	}
	return seen
}

func (a *App) hosts() []httpapi.Seen {
	var seen []httpapi.Seen
	for _, k := range a.entries.Hosts() {
		seen = append(seen, httpapi.Seen{Name: k.Name, Last: time.Unix(0, k.Last)})
	}
	return seen
}
