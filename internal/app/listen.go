package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"patou/internal/config"
	"patou/internal/httpapi"
	"patou/web"
)

func (a *App) startListeners(ctx context.Context) error {
	l := a.opts.Config.Listen
	return errors.Join(
		a.startIf(ctx, l.Graphite, "graphite", a.startCarbon),
		a.startIf(ctx, l.Syslog, "syslog", a.startSyslog),
		a.startIf(ctx, l.HTTP, "http", a.startHTTP),
	)
}

// startIf starts a listener unless its address is "off".
func (a *App) startIf(ctx context.Context, at config.Address, name string, start func(ctx context.Context, addr string) (bound string, err error)) error {
	if at == config.Off {
		return nil
	}
	bound, err := start(ctx, string(at))
	if a.opts.PickPorts && errors.Is(err, syscall.EADDRINUSE) {
		host, port, _ := net.SplitHostPort(string(at))
		if bound, err = start(ctx, net.JoinHostPort(host, "0")); err == nil {
			a.log.Info("the default port is in use, another was taken", "listener", name, "wanted", port, "address", bound)
		}
	}
	if err != nil {
		return fmt.Errorf("listening for %s at %s: %w: choose another address with --%s, or \"off\"", name, at, err, name)
	}
	a.listeners = append(a.listeners, Listener{name, bound})
	return nil
}

func (a *App) startHTTP(ctx context.Context, addr string) (string, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	stopping := make(chan struct{})
	handler, err := a.handler(stopping)
	if err != nil {
		listener.Close()
		return "", err
	}
	server := httpapi.NewServer(handler, a.log)
	a.group.Go("http listener", func(context.Context) error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	// Registered behind the listener, so that it runs before the listener's
	// end is waited for.
	a.closeLastCtx("http", func(ctx context.Context) error {
		close(stopping)
		if err := server.Shutdown(ctx); err != nil {
			return errors.Join(err, server.Close())
		}
		return nil
	})
	return listener.Addr().String(), nil
}

func (a *App) handler(stopping <-chan struct{}) (http.Handler, error) {
	page, err := web.Dist()
	if err != nil {
		return nil, fmt.Errorf("the built page: %w", err)
	}
	c := &a.opts.Config
	named, err := templates(c.Scope.Templates)
	if err != nil {
		return nil, err
	}
	hosts := make([]string, len(c.Hosts))
	for i, h := range c.Hosts {
		hosts[i] = string(h)
	}
	return httpapi.New(httpapi.Options{
		Clock: a.clock, Log: a.log, Telemetry: a.telemetry,
		Info:  a.info(),
		Ready: func() error { return nil },
		Hosts: hosts, Tokens: a.state,
		RequireToken: c.HTTP.Token == config.TokenAlways || !c.Listen.HTTP.Loopback(),
		Events:       a.state,
		Sink:         a.lines, Hub: a.hub, Tap: a.tap,
		Components: a.components, SentBy: a.hosts,
		Entries: a.entries, Series: a.metrics, Templates: named,
		Stopping: stopping,
		Page:     page,
	})
}

func (a *App) info() httpapi.Info {
	return httpapi.Info{
		Version: a.opts.Version, Started: a.started, Demo: a.opts.Demo,
		Notes: func() []string { return a.opts.Notes },
		Listeners: func() map[string]string {
			all := map[string]string{}
			for _, l := range a.listeners {
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
