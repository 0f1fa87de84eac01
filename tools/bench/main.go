// Command bench measures a whole server from outside, by the CPU time of its
// process: what it ingests, keeps, answers and needs. tools/bench/run calls it.
//
// Invariant: every number it prints was measured in this run; load is bounded
// and goes to loopback alone. It fails when the server does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type options struct {
	binary, work, lines     string
	series, points, entries int
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/patou", "the server to measure")
	flag.StringVar(&o.work, "work", "", "directory for data, emptied afterwards (default: a temporary one)")
	flag.StringVar(&o.lines, "lines", "", "directories of *.log files with real lines, with commas between (default: a few lines of our own)")
	flag.IntVar(&o.series, "series", 100_000, "series")
	flag.IntVar(&o.points, "points", 60, "samples a series")
	flag.IntVar(&o.entries, "entries", 5_000_000, "log entries")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.work == "" {
		dir, err := os.MkdirTemp("", "patou-bench-*")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // what is left the system clears
		o.work = dir
	}
	fmt.Println("| what | measured |\n|---|---|")
	for _, part := range []func(context.Context, options) error{o.idle, o.samples, o.logs} {
		if err := part(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func row(what, format string, args ...any) {
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}

const mib = 1 << 20

// idle measures a server that watches this host and nothing else.
func (options) idle(ctx context.Context, o options) error {
	info, err := os.Stat(o.binary)
	if err != nil {
		return err
	}
	row("binary", "%.1f MB", float64(info.Size())/1e6)
	s, err := start(ctx, o.binary, filepath.Join(o.work, "idle"), false)
	if err != nil {
		return err
	}
	row("from start to ready, empty", "%d ms", s.ready.Milliseconds())
	before := s.cpu()
	select {
	case <-time.After(30 * time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	row("resident, idle for 30 s with vitals and journal", "%d MiB", s.memory("VmRSS")/mib)
	row("CPU, idle", "%.2f %% of a core", (s.cpu()-before).Seconds()/30*100)
	return s.stop()
}

// samples measures the way of Graphite lines over one connection.
func (options) samples(ctx context.Context, o options) error {
	data := filepath.Join(o.work, "samples")
	s, err := start(ctx, o.binary, data, true)
	if err != nil {
		return err
	}
	n := o.series * o.points
	before := s.cpu()
	if err := sendSamples(ctx, s.addrs["graphite"], o); err != nil {
		return err
	}
	if err := s.wait(ctx, "ingest_samples", int64(n)); err != nil {
		return err
	}
	used := s.cpu() - before
	row(fmt.Sprintf("samples, %d series × %d", o.series, o.points), "%.2f M a CPU-second", float64(n)/used.Seconds()/1e6)
	row("resident with these series, at most", "%d MiB", s.memory("VmHWM")/mib)
	if err := s.stop(); err != nil {
		return err
	}
	row("bytes a sample on disk, after a stop", "%.2f", float64(size(filepath.Join(data, "metrics")))/float64(n))
	return os.RemoveAll(data)
}

func sendSamples(ctx context.Context, addr string, o options) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	lines := newSeries(o.series)
	from := time.Now().Unix()/10*10 - int64(o.points)*10
	var buf []byte
	for i := range o.points {
		buf = lines.appendLines(buf[:0], from+int64(i)*10)
		if _, err := c.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// wait returns when a counter of the server has reached n.
func (s *server) wait(ctx context.Context, counter string, n int64) error {
	for {
		got, err := s.counter(ctx, counter)
		if err != nil || got >= n {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// logs measures the way of entries, and then of questions.
func (options) logs(ctx context.Context, o options) error {
	data := filepath.Join(o.work, "logs")
	s, err := start(ctx, o.binary, data, true)
	if err != nil {
		return err
	}
	span := 24 * time.Hour
	from := time.Now().Add(-span)
	c, err := newCorpus(o.lines, from, span/time.Duration(o.entries))
	if err != nil {
		return err
	}
	before := s.cpu()
	if err := sendEntries(ctx, s.addrs["http"], c, o.entries); err != nil {
		return err
	}
	loaded := s.cpu() - before
	s.settle(ctx)
	settled := s.cpu() - before
	row(fmt.Sprintf("log messages, %d entries, %d MB", o.entries, c.raw/1e6), "%.1f MB a CPU-second (%.1f when settled)",
		float64(c.raw)/loaded.Seconds()/1e6, float64(c.raw)/settled.Seconds()/1e6)
	row("resident while loading, at most", "%d MiB", s.memory("VmHWM")/mib)
	if err := s.drill(ctx, from, span, o.entries); err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	row("bytes on disk a byte of message", "%.3f (1 to %.2f)", float64(size(filepath.Join(data, "logs")))/float64(c.raw), float64(c.raw)/float64(size(filepath.Join(data, "logs"))))
	if s, err = start(ctx, o.binary, data, true); err != nil {
		return err
	}
	row("from start to ready, with these entries", "%d ms", s.ready.Milliseconds())
	row("resident after this start", "%d MiB", s.memory("VmRSS")/mib)
	return errors.Join(s.stop(), os.RemoveAll(data))
}

// senders is how many connections send entries, and batch how many entries a
// request carries.
const senders, batch = 4, 2000

func sendEntries(ctx context.Context, addr string, c *corpus, n int) error {
	bodies := make(chan []byte)
	var free sync.Pool
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
				free.Put(&body)
			}
		})
	}
	var err error
	for sent := 0; sent < n && err == nil; sent += batch {
		buf, ok := free.Get().(*[]byte)
		if !ok {
			buf = new([]byte)
		}
		select {
		case bodies <- c.appendNDJSON((*buf)[:0], min(batch, n-sent)):
		case err = <-failed:
		}
	}
	close(bodies)
	sending.Wait()
	return err
}

func post(ctx context.Context, addr string, body []byte) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/logs", newReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		switch res.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusTooManyRequests:
			<-time.After(100 * time.Millisecond)
		default:
			return fmt.Errorf("POST /api/logs answered %s", res.Status)
		}
	}
}

// drill asks what the page asks when somebody drags over a spike: scope,
// histogram and the first 100 lines of one component over an hour.
func (s *server) drill(ctx context.Context, from time.Time, span time.Duration, entries int) error {
	const rounds = 21
	component, err := s.requestComponent(ctx)
	if err != nil {
		return err
	}
	var walls []time.Duration
	before := s.cpu()
	for i := range rounds {
		at := from.Add(span/4 + time.Duration(i)*20*time.Minute)
		window := url.Values{"from": {strconv.FormatInt(at.Unix(), 10)}, "until": {strconv.FormatInt(at.Add(time.Hour).Unix(), 10)}}
		var wall time.Duration
		for path, more := range map[string]url.Values{
			"/api/scope":          {"target": {"logs." + component + ".requests"}},
			"/api/logs/histogram": {"q": {"component:" + component}},
			"/api/logs":           {"q": {"component:" + component}, "limit": {"100"}},
		} {
			for k, v := range window {
				more[k] = v
			}
			took, _, err := s.get(ctx, path, more)
			if err != nil {
				return err
			}
			wall += took
		}
		walls = append(walls, wall)
	}
	slices.Sort(walls)
	row(fmt.Sprintf("drill-down (scope, histogram, 100 lines of an hour) with %d entries", entries), "median %.1f ms, worst of %d %.1f ms; %.1f ms CPU",
		ms(walls[rounds/2]), rounds, ms(walls[rounds-1]), (s.cpu()-before).Seconds()*1000/rounds)
	return nil
}

// requestComponent is a component whose entries are requests, so that its series
// have something behind them.
func (s *server) requestComponent(ctx context.Context) (string, error) {
	var found []struct{ Path string }
	if err := s.getJSON(ctx, "/metrics/find", url.Values{"query": {"logs.*.*.requests"}, "format": {"json"}}, &found); err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errors.New("no component has requests")
	}
	return strings.TrimSuffix(strings.TrimPrefix(found[0].Path, "logs."), ".requests"), nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
