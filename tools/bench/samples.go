package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	samplesTotal = "patou_ingest_samples_total "
	entriesTotal = "patou_ingest_entries_total "
)

// taker is a program that takes Graphite lines.
type taker struct {
	*process
	graphite string
	// reach waits until n samples have been counted in; nil where the program
	// counts nothing, and only its rest says that it is done.
	reach func(ctx context.Context, n int64) error
	data  string
}

// load is what is sent.
type load struct{ series, points, connections int }

func (l load) samples() int64 { return int64(l.series) * int64(l.points) }

// idle measures a server that watches this host and nothing else.
func (b *bench) idle(ctx context.Context) error {
	b.table("The process", "what", "measured", "first figure to beat")
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.row("binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "")
	s, err := start(ctx, b.binary, filepath.Join(b.work, "idle"), "")
	if err != nil {
		return err
	}
	b.row("from start to ready, empty", milli(s.ready)+" ms", "1 s")
	const span = 30 * time.Second
	before := s.cpu()
	if err := pause(ctx, span); err != nil {
		return err
	}
	b.row("resident, idle for 30 s with vitals and journal", mebi(s.resident("VmRSS")), "64 MiB")
	b.row("CPU, idle", fmt.Sprintf("%.2f %% of a core", (s.cpu()-before).Seconds()/span.Seconds()*100), "")
	return s.stop()
}

// samples measures the way of Graphite lines.
func (b *bench) samples(ctx context.Context) error {
	b.table("Samples by Graphite plaintext (first figure to beat: 2 M a CPU-second)", "program and load",
		"M a CPU-second, counted in", "M a CPU-second, at rest again", "bytes a sample on disk, stopped", "resident at most")
	for _, l := range []load{{b.series, b.points, 1}, {b.series, b.points, 8}} {
		if err := b.take(ctx, "Patou", l, b.patou); err != nil {
			return err
		}
		if err := b.take(ctx, "VictoriaMetrics", l, victoria); err != nil {
			return err
		}
	}
	return b.take(ctx, "carbon-cache", load{b.series / 10, b.points, 1}, carbonCache)
}

func (b *bench) patou(ctx context.Context, data string) (*taker, error) {
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return nil, err
	}
	return &taker{s.process, s.addrs["graphite"], func(ctx context.Context, n int64) error {
		return reach(ctx, s.addrs["http"], samplesTotal, n)
	}, filepath.Join(data, "metrics")}, nil
}

// take measures one program with one load.
func (b *bench) take(ctx context.Context, name string, l load, open func(ctx context.Context, data string) (*taker, error)) error {
	t, data, err := b.taker(ctx, name, open)
	if err != nil || t == nil {
		return err
	}
	before := t.cpu()
	if err := l.send(ctx, t.graphite, time.Now()); err != nil {
		return err
	}
	counted := "–"
	if t.reach != nil {
		if err := t.reach(ctx, l.samples()); err != nil {
			return err
		}
		counted = perSecond(l.samples(), t.cpu()-before)
	}
	t.settle(ctx)
	rested, peak := perSecond(l.samples(), t.cpu()-before), t.resident("VmHWM")
	_ = t.stop() // some programs end badly when they are told to
	b.row(fmt.Sprintf("%s: %d series × %d, connections: %d", name, l.series, l.points, l.connections), counted, rested,
		fmt.Sprintf("%.2f", float64(size(t.data))/float64(l.samples())), mebi(peak))
	return os.RemoveAll(data)
}

// taker opens a program; it is nil when the program is a peer that is not here.
func (b *bench) taker(ctx context.Context, name string, open func(ctx context.Context, data string) (*taker, error)) (*taker, string, error) {
	if name != "Patou" && !b.peers {
		return nil, "", nil
	}
	data := filepath.Join(b.work, name)
	t, err := open(ctx, data)
	if isAbsent(err) {
		b.absent(name, 5)
		return nil, "", nil
	}
	return t, data, err
}

// send sends the samples up to a time, ten seconds apart, its series shared
// among the connections.
func (l load) send(ctx context.Context, addr string, until time.Time) error {
	var sending sync.WaitGroup
	errs := make([]error, l.connections)
	from := until.Unix()/10*10 - int64(l.points)*10
	for i := range l.connections {
		lo, hi := l.series*i/l.connections, l.series*(i+1)/l.connections
		sending.Go(func() { errs[i] = sendSeries(ctx, addr, newSeries(lo, hi), from, l.points) })
	}
	sending.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("sending samples: %w", err)
		}
	}
	return nil
}

func sendSeries(ctx context.Context, addr string, lines *series, from int64, points int) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	var buf []byte
	for i := range points {
		buf = lines.appendLines(buf[:0], from+int64(i)*10)
		if _, err := c.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// aDay is a thousand series over a day at ten seconds.
func aDay() load { return load{1000, 8640, 1} }

// render measures questions about series.
func (b *bench) render(ctx context.Context) error {
	b.table(fmt.Sprintf("Questions about series (1,000 over a day at 10 s, and one sample of each of %d)", b.series), "question",
		"median ms", "worst ms", "CPU ms", "VictoriaMetrics: median ms", "worst ms", "CPU ms")
	s, err := start(ctx, b.binary, filepath.Join(b.work, "render"), quiet)
	if err != nil {
		return err
	}
	now := time.Now()
	names := load{b.series, 1, 1}
	for _, l := range []load{aDay(), names} {
		if err := l.send(ctx, s.addrs["graphite"], now); err != nil {
			return err
		}
	}
	if err := reach(ctx, s.addrs["http"], samplesTotal, aDay().samples()+names.samples()); err != nil {
		return err
	}
	s.settle(ctx)
	peer, err := b.filled(ctx, now)
	if err != nil {
		return err
	}
	for _, q := range seriesQuestions() {
		if err := b.askBoth(ctx, s, peer, q, now); err != nil {
			return err
		}
	}
	if peer != nil {
		_ = peer.stop()
	}
	return s.stop()
}

// seriesQuestion is one question in the words of both programs.
type seriesQuestion struct {
	name, path, target   string
	peerPath, peerTarget string
}

func seriesQuestions() []seriesQuestion {
	const one, many, deep = "dc1.web.host0003.cpu.0.user.n1", "dc1.web.host00[0-2]*.cpu.0.user.*", "dc1.web.host*.cpu.*.user.n[01]"
	return []seriesQuestion{
		{"one series over a day, 800 points", "/render", one, "/api/v1/query_range", `{__name__="` + one + `"}`},
		{"sumSeries of 100 series over a day, 800 points", "/render", "sumSeries(" + many + ")", "/api/v1/query_range", `sum({__graphite__="` + many + `"})`},
		{"find, deep glob", "/metrics/find", deep, "/metrics/find", deep},
	}
}

// values are the query of round i: a window that moves, so that no cache helps.
func values(target string, now time.Time, i int) url.Values {
	until := now.Unix()/10*10 - int64(i)*10
	from, to := strconv.FormatInt(until-86000, 10), strconv.FormatInt(until, 10)
	return url.Values{
		"target": {target}, "query": {target}, "from": {from}, "until": {to}, "format": {"json"}, "maxDataPoints": {"800"},
		"start": {from}, "end": {to}, "step": {"110"}, "nocache": {"1"},
	}
}

func (b *bench) askBoth(ctx context.Context, s *server, peer *filledPeer, q seriesQuestion, now time.Time) error {
	format := func(v url.Values) url.Values {
		if q.path == "/metrics/find" {
			v.Set("format", "treejson")
			v.Del("from")
			v.Del("until")
		}
		return v
	}
	ours, err := measure(s.process, func(i int) error {
		_, err := get(ctx, s.addrs["http"], q.path, format(values(q.target, now, i)))
		return err
	})
	if err != nil {
		return err
	}
	theirs := []string{"–", "–", "–"}
	if peer != nil {
		spent, err := measure(peer.process, func(i int) error {
			_, err := get(ctx, peer.http, q.peerPath, format(values(q.peerTarget, now, i)))
			return err
		})
		if err != nil {
			return err
		}
		theirs = spent.cells()
	}
	b.row(append(append([]string{q.name}, ours.cells()...), theirs...)...)
	return nil
}
