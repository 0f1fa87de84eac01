package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"syscall"
	"time"

	"patou/internal/config"
	"patou/internal/lifecycle"
)

// frontStop bounds how long a reload waits for connections to finish.
const frontStop = 5 * time.Second

// front is everything that listens, made from one configuration. A reload
// replaces it whole, so that there is one way to start a listener.
type front struct {
	app       *App
	config    config.Config
	group     *lifecycle.Group
	listeners []Listener
	// before are the listeners of the front before: a port that was picked for
	// an address stays the same.
	before []Listener
}

// newFront starts the listeners of a configuration.
func (a *App) newFront(ctx context.Context, c config.Config, before *front) (*front, error) {
	f := &front{app: a, config: c, group: lifecycle.New()}
	if before != nil {
		f.before = before.listeners
	}
	err := errors.Join(
		f.start(ctx, c.Listen.Graphite, "graphite", f.startCarbon),
		f.start(ctx, c.Listen.Syslog, "syslog", f.startSyslog),
		f.start(ctx, c.Listen.HTTP, "http", f.startHTTP),
	)
	if err != nil {
		return nil, errors.Join(err, f.group.Stop(ctx))
	}
	return f, nil
}

// start starts a listener unless its address is "off".
func (f *front) start(ctx context.Context, at config.Address, name string, start func(ctx context.Context, addr string) (bound string, err error)) error {
	if at == config.Off {
		return nil
	}
	wanted := string(at)
	for _, l := range f.before {
		if l.Name == name && l.configured == at {
			wanted = l.Addr
		}
	}
	bound, err := start(ctx, wanted)
	if f.app.opts.PickPorts && errors.Is(err, syscall.EADDRINUSE) {
		host, port, _ := net.SplitHostPort(wanted)
		if bound, err = start(ctx, net.JoinHostPort(host, "0")); err == nil {
			f.app.log.Info("the default port is in use, another was taken", "listener", name, "wanted", port, "address", bound)
		}
	}
	if err != nil {
		return fmt.Errorf("listening for %s at %s: %w: choose another address with --%s, or \"off\"", name, at, err, name)
	}
	f.listeners = append(f.listeners, Listener{Name: name, Addr: bound, configured: at})
	return nil
}

// stopLast has something stopped when everything that starts later has.
func (f *front) stopLast(name string, stop func(context.Context) error) {
	_ = f.group.Start(context.Background(), name, nil, stop)
}

// Reload takes over a new configuration: listeners, who may send, names and
// templates at once; what the stores were opened with at the next start. When
// it cannot be taken over, the old one stays and the log says why.
func (a *App) Reload(ctx context.Context, c config.Sourced, err error) {
	if err == nil {
		err = a.reload(ctx, c)
	}
	if err != nil {
		a.log.Error("the configuration was not reloaded; the old one stays", "error", err.Error())
	}
}

// reload stops the old listeners first, because the new ones mostly need their
// ports, and starts the old ones again where the new cannot be had.
func (a *App) reload(ctx context.Context, c config.Sourced) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	if err := config.CheckListen(&c.Config, a.hasTokens(ctx)); err != nil {
		return err
	}
	old := a.front.Load()
	if reflect.DeepEqual(old.config, c.Config) {
		a.log.Info("the configuration was reloaded: nothing has changed")
		return nil
	}
	// The new front needs the ports of the old one.
	bounded, cancel := context.WithTimeout(ctx, frontStop)
	defer cancel()
	if err := old.group.Stop(bounded); err != nil {
		a.log.Warn("a listener did not stop in time", "error", err.Error())
	}
	next, err := a.newFront(ctx, c.Config, old)
	if err != nil {
		again, failed := a.newFront(ctx, old.config, old)
		if failed != nil {
			a.group.Fail(errors.Join(err, failed))
			return errors.Join(err, failed)
		}
		a.front.Store(again)
		return err
	}
	a.front.Store(next)
	if err := a.setMask(&c.Config); err != nil {
		a.log.Error("the rules for masking stay as they were", "error", err.Error())
	}
	a.log.Info("the configuration was reloaded")
	if waits := a.waitsForStart(&c.Config); len(waits) > 0 {
		a.log.Info("some keys are taken over at the next start", "keys", fmt.Sprint(waits))
	}
	return nil
}

// waitsForStart names the changed keys that only a start takes over.
func (a *App) waitsForStart(c *config.Config) []string {
	var keys []string
	old := &a.opts.Config.Config
	for key, same := range map[string]bool{
		"data": old.Data == c.Data, "memory": old.Memory == c.Memory,
		"metrics": reflect.DeepEqual(old.Metrics, c.Metrics), "logs": old.Logs == c.Logs,
		"vitals": old.Vitals == c.Vitals, "journal": old.Journal == c.Journal,
		"tail": reflect.DeepEqual(old.Tail, c.Tail),
	} {
		if !same {
			keys = append(keys, key)
		}
	}
	return keys
}
