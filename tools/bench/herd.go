package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"patou/internal/demo/pretend"
)

// overview measures the first page of a large herd.
func (b *bench) overview(ctx context.Context) error {
	const hosts, groups = 2000, 40
	b.table(fmt.Sprintf("The overview of %d hosts in %d groups (first figure to beat: 50 ms of CPU a refresh)", hosts, groups), "question", "median ms", "worst ms", "CPU ms", "bytes")
	data := filepath.Join(b.work, "overview")
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return err
	}
	if err := register(ctx, s, hosts, groups); err != nil {
		return err
	}
	for _, path := range []string{"/api/overview", "/api/hosts", "/api/links", "/api/overview/day"} {
		bytes := 0
		took, err := measure(s.process, func(int) error {
			body, err := get(ctx, s.addrs["http"], path, nil)
			bytes = len(body)
			return err
		})
		if err != nil {
			b.row(path, err.Error(), "", "", "") // a route that is not there yet
			continue
		}
		b.row(append(append([]string{path}, took.cells()...), fmt.Sprint(bytes))...)
	}
	b.row("resident", mebi(s.resident("VmRSS")), "", "", "")
	return errors.Join(s.stop(), os.RemoveAll(data))
}

// register lets each host speak once, of itself and of whom it talks to.
func register(ctx context.Context, s *server, hosts, groups int) error {
	c, err := newCrowd(s.addrs["http"], 64)
	if err != nil {
		return err
	}
	numbers, now := make(chan int), time.Now()
	var sending sync.WaitGroup
	errs := make([]error, 64)
	for w := range errs {
		sending.Go(func() {
			for i := range numbers {
				h := pretend.New(member(i, groups), 1)
				h.Past(now, pretend.Load{CPU: float64(i % 90), Memory: 50, Requests: 20})
				_, err := c.sender.Send(ctx, h.Take(now, ""))
				errs[w] = cmp.Or(errs[w], err)
			}
		})
	}
	for i := range hosts {
		numbers <- i
	}
	close(numbers)
	sending.Wait()
	return errors.Join(errs...)
}

// member is a host of one of the groups, which ask those after them.
func member(i, groups int) pretend.Spec {
	g := i % groups
	role := func(g int) string { return fmt.Sprintf("%s%c", roles()[g%len(roles())], 'a'+g/len(roles())) }
	address := func(i int) string { return fmt.Sprintf("10.%d.%d.%d", 70+i>>16, i>>8&255, i&255) }
	s := pretend.Spec{
		Name: fmt.Sprintf("%s-%d", role(g), i/groups), Address: address(i), Started: time.Now().Add(-time.Hour), Labels: map[string]string{"role": role(g)},
		Services: []pretend.Service{{Unit: role(g) + ".service", Command: role(g), Port: 5000 + g, Share: 0.9, Count: 3}},
	}
	for n := 1; n <= 3 && g+n < groups; n++ {
		s.Links = append(s.Links, pretend.Link{Unit: role(g) + ".service", Address: address(i + n), Port: 5000 + g + n, Sockets: 4, RTT: 0.3})
	}
	return s
}

// why measures the question what changed.
func (b *bench) why(ctx context.Context) error {
	const entries = 100_000
	series := load{10_000, 360, 4}
	b.table(fmt.Sprintf("Why, over %d series × 1 h and %d lines (first figure to beat: 1 s on two cores)", series.series, entries), "question", "median ms", "worst ms", "CPU ms", "compared")
	data := filepath.Join(b.work, "why")
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := series.send(ctx, s.addrs["graphite"], now); err != nil {
		return err
	}
	c, err := newCorpus(b.lines, now.Add(-time.Hour), time.Hour/entries)
	if err != nil {
		return err
	}
	if err := sendEntries(ctx, s.addrs["http"], c, entries, nil); err != nil {
		return err
	}
	if err := reach(ctx, s.addrs["http"], samplesTotal, series.samples()); err != nil {
		return err
	}
	for _, q := range []struct {
		name string
		ask  url.Values
	}{
		{"of a series of a host", url.Values{"target": {"dc1.web.host0003.cpu.0.user.n1"}}},
		{"of a component", url.Values{"component": {"area0.service00"}}},
		{"of many series", url.Values{"target": {"sumSeries(webapp.backend0.*.*.time_ms)"}}},
	} {
		if err := b.askWhy(ctx, s, q.name, q.ask, now); err != nil {
			return err
		}
	}
	if err := b.askPatterns(ctx, s, now); err != nil {
		return err
	}
	b.row("resident at most", mebi(s.resident("VmHWM")), "", "", "")
	return errors.Join(s.stop(), os.RemoveAll(data))
}

// compared is a window of ten minutes that ends a little earlier each round, and the rest of
// the hour before them as what they are compared with.
func compared(v url.Values, now time.Time, round int) url.Values {
	until := now.Unix() - int64(round)*10
	for name, t := range map[string]int64{"from": until - 600, "until": until, "base_from": now.Unix() - 3600, "base_until": until - 600} {
		v.Set(name, fmt.Sprint(t))
	}
	return v
}

func (b *bench) askWhy(ctx context.Context, s *server, name string, q url.Values, now time.Time) error {
	var told struct {
		Compared json.RawMessage `json:"compared"`
	}
	took, err := measure(s.process, func(round int) error { return s.getJSON(ctx, "/api/why", compared(q, now, round), &told) })
	if err != nil {
		return err
	}
	b.row(append(append([]string{name}, took.cells()...), string(told.Compared))...)
	return nil
}

func (b *bench) askPatterns(ctx context.Context, s *server, now time.Time) error {
	var told struct{ Total, Scanned int }
	took, err := measure(s.process, func(round int) error {
		return s.getJSON(ctx, "/api/logs/patterns", compared(url.Values{}, now, round), &told)
	})
	if err != nil {
		return err
	}
	b.row(append(append([]string{"/api/logs/patterns of all lines"}, took.cells()...), fmt.Sprintf("%d lines, %d patterns", told.Scanned, told.Total))...)
	return nil
}
