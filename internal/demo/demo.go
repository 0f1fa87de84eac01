// Package demo is a small system to watch: a few HTTP services on loopback that
// call each other, users that ask them, deploys that now and then make one of
// them slow, pretended hosts that the services are said to run on, and an hour of
// history from the same model.
//
// Invariant: everything it shows reached the server through the receivers that
// any sender uses. The requests are real, by services that really ran; the hosts
// are made up, and say so where their processor is named. It fails when the
// server's receivers cannot be reached.
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
	"time"
)

// The versions of the git service.
const (
	goodVersion = "4.18.1"
	badVersion  = "4.18.2"
)

// Options pace the demo.
type Options struct {
	To Addresses
	// Seed makes two runs alike.
	Seed uint64
	// FirstDeploy is when the first bad version comes, DeployEvery the time
	// between two. Zero: 75 s and 12 min.
	FirstDeploy, DeployEvery time.Duration
}

// Run sends the history, starts the services and keeps them busy until ctx
// ends. ready is called once, when the history is in.
func Run(ctx context.Context, o Options, ready func()) error {
	if o.FirstDeploy == 0 {
		o.FirstDeploy = 75 * time.Second
	}
	if o.DeployEvery == 0 {
		o.DeployEvery = 12 * time.Minute
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}}
	defer client.CloseIdleConnections()
	start := time.Now()
	ship, err := dial(ctx, o.To, client, strconv.FormatInt(start.UnixNano(), 36))
	if err != nil {
		return err
	}
	defer ship.close()
	if err := sendHistory(ctx, ship, start, o.Seed); err != nil {
		return fmt.Errorf("an hour of history: %w", err)
	}
	s, err := startSystem(ctx, client, o.Seed+1)
	if err != nil {
		return err
	}
	defer s.stop()
	hosts, err := newMachines(o.To, client, o.Seed, start, s.slowness)
	if err != nil {
		return err
	}
	if err := hosts.join(ctx, start); err != nil {
		return err
	}
	ready()
	return s.run(ctx, ship, hosts, o)
}

// run lives until ctx ends or the server can no longer be reached.
func (s *system) run(ctx context.Context, ship *shipper, hosts *machines, o Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	parts.Go(func() { s.users(ctx, o.Seed+2) })
	parts.Go(func() { cancel(s.deploys(ctx, o)) })
	parts.Go(func() { cancel(s.ship(ctx, ship)) })
	parts.Go(func() { cancel(hosts.run(ctx)) })
	parts.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// users asks the edge at the model's rate.
func (s *system) users(ctx context.Context, seed uint64) {
	m := newModel(seed)
	var asking sync.WaitGroup
	defer asking.Wait()
	slots := make(chan struct{}, 128)
	for wait(ctx, m.gap(time.Now())) {
		c := m.ask()
		select {
		case slots <- struct{}{}:
		default:
			continue // all users are waiting for answers
		}
		asking.Go(func() {
			defer func() { <-slots }()
			s.ask(ctx, c)
		})
	}
}

// ask is one user's request. A refused one is the services' to log.
func (s *system) ask(ctx context.Context, c call) {
	req, err := http.NewRequestWithContext(ctx, c.method, "http://"+s.addresses[edge]+c.path, nil)
	if err != nil {
		return
	}
	for key, value := range map[string]string{
		headerRoute: strconv.Itoa(c.index), headerHop: "-1", headerRepo: c.repo,
		headerFrom: c.client, headerUser: c.user, "User-Agent": c.agent,
	} {
		req.Header.Set(key, value)
	}
	if res, err := s.client.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

// deploys brings the bad version now and then and takes it back.
func (s *system) deploys(ctx context.Context, o Options) error {
	ship, err := dial(ctx, o.To, s.client, "deploys")
	if err != nil {
		return err
	}
	defer ship.close()
	for pause := o.FirstDeploy; wait(ctx, pause); pause = o.DeployEvery {
		if err := s.deploy(ctx, ship, "deploy git-backend "+badVersion, "by jonas: lower memory limit of pack-objects", true); err != nil {
			return err
		}
		if !wait(ctx, slowFor) {
			break
		}
		if err := s.deploy(ctx, ship, "rollback git-backend "+goodVersion, "by deniz: clones are slow", false); err != nil {
			return err
		}
	}
	return nil
}

// deploy puts a version in place and then tells the server, as a deploy script
// would.
func (s *system) deploy(ctx context.Context, ship *shipper, what, data string, bad bool) error {
	s.bad.Store(bad)
	s.changed.Store(time.Now().UnixNano())
	err := ship.event(ctx, what, time.Now(), data, "deploy", "component:"+git)
	if err != nil && ctx.Err() == nil {
		return err
	}
	return nil // the demo's end in the middle of a deploy is no failure
}

// ship sends what the services say, each half second, and their gauges each
// ten.
func (s *system) ship(ctx context.Context, out *shipper) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	m := newModel(0)
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if err := s.shipLines(out); err != nil {
			return err
		}
		if n%20 == 0 {
			s.gauges(out)
		}
		if n%17 == 0 {
			if err := out.tell(routine(time.Now(), m.rand)); err != nil {
				return err
			}
		}
		if err := out.flush(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// shipLines empties the queue without waiting for more.
func (s *system) shipLines(out *shipper) error {
	for {
		select {
		case l := <-s.lines:
			if l.access {
				out.access(l.line)
			} else if err := out.tell(l.line); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (s *system) gauges(out *shipper) {
	now := time.Now().Truncate(10 * time.Second)
	for _, name := range []string{frontend, api, git} {
		report(out, name, time.Duration(s.busy[name].Swap(0)).Seconds()/10, now)
	}
}

// wait reports whether d passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
