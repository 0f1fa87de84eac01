package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// senders is how many connections send entries, and batch how many entries a
// request carries.
const senders, batch = 4, 2000

// aDayOfEntries is how long the entries of a run lie back.
const aDayOfEntries = 24 * time.Hour

func (b *bench) corpus(n int) (*corpus, error) {
	return newCorpus(b.lines, time.Now().Add(-aDayOfEntries), aDayOfEntries/time.Duration(n))
}

// logs measures the way of entries, and then of questions.
func (b *bench) logs(ctx context.Context) error {
	data := filepath.Join(b.work, "logs")
	b.table("Log messages by POST /api/logs over 4 connections", "what", "measured", "first figure to beat")
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return err
	}
	c, err := b.corpus(b.entries)
	if err != nil {
		return err
	}
	files, err := b.plainFiles()
	if err != nil {
		return err
	}
	from, before := c.at, s.cpu()
	if err := sendEntries(ctx, s.addrs["http"], c, b.entries, files); err != nil {
		return err
	}
	loaded := s.cpu() - before
	s.settle(ctx)
	b.row(fmt.Sprintf("%d entries, %d MB", b.entries, c.raw/1e6), fmt.Sprintf("%s MB a CPU-second, %s at rest again",
		perSecond(c.raw, loaded), perSecond(c.raw, s.cpu()-before)), "40 MB a CPU-second")
	b.row("resident while loading, at most", mebi(s.resident("VmHWM")), "")
	if err := b.stopped(s, data, c.raw); err != nil {
		return err
	}
	if s, err = start(ctx, b.binary, data, quiet); err != nil {
		return err
	}
	b.row(fmt.Sprintf("from start to ready, with %d entries", b.entries), milli(s.ready)+" ms", "1 s")
	b.row("resident then", mebi(s.resident("VmRSS")), "")
	if err := b.questions(ctx, s, from, files); err != nil {
		return err
	}
	return errors.Join(s.stop(), os.RemoveAll(data))
}

// stopped ends the server and says what it left.
func (b *bench) stopped(s *server, data string, raw int64) error {
	if err := s.stop(); err != nil {
		return err
	}
	kept := size(filepath.Join(data, "logs"))
	b.row("bytes on disk a byte of message", fmt.Sprintf("%.3f (1 to %.2f)", float64(kept)/float64(raw), float64(raw)/float64(kept)), "")
	return nil
}

// sendEntries posts n entries; files, when not nil, gets each as a line too.
func sendEntries(ctx context.Context, addr string, c *corpus, n int, files *plainFiles) error {
	bodies := make(chan []byte)
	var sending sync.WaitGroup
	failed := make(chan error, senders)
	for range senders {
		sending.Go(func() {
			for body := range bodies {
				if err := post(ctx, addr, body); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	var err error
	for sent := 0; sent < n && err == nil; sent += batch {
		body := make([]byte, 0, 1<<20)
		for range min(batch, n-sent) {
			l := c.next()
			body = l.appendNDJSON(body)
			err = errors.Join(err, files.add(&l))
		}
		select {
		case bodies <- body:
		case err = <-failed:
		}
	}
	close(bodies)
	sending.Wait()
	return errors.Join(err, files.close())
}

// syslog measures the way of syslog lines over one TCP connection.
func (b *bench) syslog(ctx context.Context) error {
	data := filepath.Join(b.work, "syslog")
	b.table("Log messages by syslog (RFC 5424) over one TCP connection", "what", "measured")
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return err
	}
	n := max(1, b.entries/5)
	c, err := b.corpus(n)
	if err != nil {
		return err
	}
	before := s.cpu()
	if err := sendSyslog(ctx, s.addrs["syslog"], c, n); err != nil {
		return err
	}
	if err := reach(ctx, s.addrs["http"], entriesTotal, int64(n)); err != nil {
		return err
	}
	used := s.cpu() - before
	b.row(fmt.Sprintf("%d entries, %d MB", n, c.raw/1e6), fmt.Sprintf("%.0f lines a CPU-second, %s MB",
		float64(n)/used.Seconds(), perSecond(c.raw, used)))
	return errors.Join(s.stop(), os.RemoveAll(data))
}

func sendSyslog(ctx context.Context, addr string, c *corpus, n int) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	var buf []byte
	for i := range n {
		l := c.next()
		if buf = l.appendSyslog(buf); len(buf) > 64<<10 || i == n-1 {
			if _, err := conn.Write(buf); err != nil {
				return fmt.Errorf("sending syslog: %w", err)
			}
			buf = buf[:0]
		}
	}
	return nil
}

// memory measures what a server needs that is told to use a gibibyte, as on a
// machine with four, while samples and entries come as fast as it takes them.
func (b *bench) memory(ctx context.Context) error {
	b.table("Memory under load, with `memory: 1GiB`", "load", "resident at most", "a minute later")
	loads := []struct {
		name    string
		samples int
		entries int
	}{
		{"entries", 0, b.entries},
		{"samples", 5 * b.points, 0},
		{"both at once", 2 * b.points, b.entries / 2},
	}
	for _, l := range loads {
		peak, after, err := b.loaded(ctx, load{b.series, l.samples, 8}, l.entries)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s: %d entries, %d samples", l.name, l.entries, b.series*l.samples)
		b.row(what, mebi(peak), mebi(after))
	}
	return nil
}

func (b *bench) loaded(ctx context.Context, l load, entries int) (peak, after int64, err error) {
	data := filepath.Join(b.work, "memory")
	s, err := start(ctx, b.binary, data, quiet+"memory: 1GiB\n")
	if err != nil {
		return 0, 0, err
	}
	var sending sync.WaitGroup
	var errs [2]error
	sending.Go(func() {
		if l.points > 0 {
			errs[0] = l.send(ctx, s.addrs["graphite"], time.Now())
		}
	})
	sending.Go(func() {
		if entries > 0 {
			var c *corpus
			if c, errs[1] = b.corpus(entries); errs[1] == nil {
				errs[1] = sendEntries(ctx, s.addrs["http"], c, entries, nil)
			}
		}
	})
	sending.Wait()
	peak = s.resident("VmHWM")
	err = errors.Join(errs[0], errs[1], pause(ctx, time.Minute))
	after = s.resident("VmRSS")
	return peak, after, errors.Join(err, s.stop(), os.RemoveAll(data))
}

// requestComponent is the component with the most requests, so that its series
// have something behind them.
func (s *server) requestComponent(ctx context.Context, from time.Time) (string, error) {
	v := window(from, aDayOfEntries)
	v.Set("q", "client:* | top 1 component")
	var most struct{ Component string }
	if err := s.getJSON(ctx, "/api/logs", v, &most); err != nil {
		return "", err
	}
	if most.Component == "" {
		return "", errors.New("no component has requests")
	}
	return most.Component, nil
}

// window is a range of time as parameters.
func window(from time.Time, span time.Duration) url.Values {
	return url.Values{"from": {strconv.FormatInt(from.Unix(), 10)}, "until": {strconv.FormatInt(from.Add(span).Unix(), 10)}}
}
