package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"patou/internal/demo/pretend"
)

// agentSends is how often an agent sends a chunk.
const agentSends = 2 * time.Second

// bigHost is a machine of about 700 samples a second: 60 cores, a few disks and
// interfaces, twenty services.
func bigHost(i int) pretend.Spec {
	s := pretend.Spec{
		Name: fmt.Sprintf("%s-%03d", roles()[i%len(roles())], i), Address: fmt.Sprintf("10.%d.%d.%d", 64+i>>16, i>>8&255, i&255),
		Cores: 60, Memory: 256 << 30, Disks: []string{"nvme0n1", "nvme1n1", "nvme2n1", "sda"}, Interfaces: []string{"eth0", "eth1", "bond0"},
		Started: time.Now().Add(-time.Hour),
	}
	for n := range 20 {
		s.Services = append(s.Services, pretend.Service{Unit: fmt.Sprintf("service%02d.service", n), Command: "service", Port: 8000 + n, Share: 0.05, Count: 2})
	}
	return s
}

func roles() []string {
	return []string{"web", "api", "git", "db", "cache", "queue", "search", "mail", "edge", "build"}
}

// crowd is many agents of one process.
type crowd struct {
	sender *pretend.Sender
	mu     sync.Mutex // guards what follows
	tally
}

// tally is what agents sent and were told.
type tally struct {
	sent, kept, refused int64
	busy                int
	bytes               int64
	lags                []time.Duration
	first               error
}

// agents measures a server that a herd reports to, each second of each machine.
func (b *bench) agents(ctx context.Context) error {
	b.table(fmt.Sprintf("Agents: %d machines for %v", b.machines, b.span), "what", "measured")
	data := filepath.Join(b.work, "agents")
	s, err := start(ctx, b.binary, data, quiet)
	if err != nil {
		return err
	}
	c, err := newCrowd(s.addrs["http"], b.machines)
	if err != nil {
		return err
	}
	ended, stop := context.WithTimeout(ctx, b.span)
	defer stop()
	before, began := s.cpu(), time.Now()
	peak := b.crowd(ended, ctx, c, s)
	used, took := s.cpu()-before, time.Since(began)
	if c.first != nil {
		return c.first
	}
	b.row("samples a second and machine", fmt.Sprintf("%.0f", pretend.New(bigHost(0), 0).Series()))
	b.row("samples acknowledged of sent", fmt.Sprintf("%d of %d, %d refused", c.kept, c.sent, c.refused))
	b.row("samples a second", fmt.Sprintf("%.0f", float64(c.kept)/took.Seconds()))
	b.row("CPU of the server", fmt.Sprintf("%.2f cores, %s M samples a CPU-second", used.Seconds()/took.Seconds(), perSecond(c.kept, used)))
	b.row("from a chunk being due to its acknowledgement, median, p99, worst", fmt.Sprintf("%s, %s, %s ms", milli(at(c.lags, 0.5)), milli(at(c.lags, 0.99)), milli(at(c.lags, 1))))
	b.row("chunks that were told to come again", strconv.Itoa(c.busy))
	b.row("bytes on the wire a sample", fmt.Sprintf("%.2f", float64(c.bytes)/float64(max(1, c.kept))))
	b.row("resident at the end, at most", mebi(peak)+", "+mebi(s.resident("VmHWM")))
	s.settle(ctx)
	b.row("CPU of the server with what was left to do", fmt.Sprintf("%s M samples a CPU-second", perSecond(c.kept, s.cpu()-before)))
	err = s.stop()
	b.row("bytes a sample on disk, stopped", fmt.Sprintf("%.2f", float64(size(filepath.Join(data, "metrics")))/float64(max(1, c.kept))))
	return errors.Join(err, os.RemoveAll(data), c.lost())
}

// lost is an error where the server acknowledged less than was sent.
func (c *crowd) lost() error {
	if c.kept+c.refused != c.sent || c.refused > 0 {
		return fmt.Errorf("of %d samples %d were kept and %d refused", c.sent, c.kept, c.refused)
	}
	return nil
}

func newCrowd(addr string, n int) (*crowd, error) {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: n, MaxIdleConns: n, DisableCompression: true}}
	sender, err := pretend.NewSender("http://"+addr, "", client)
	return &crowd{sender: sender}, err
}

// crowd runs all agents until ended is, evenly spread over the time between two
// chunks, and gives the server's memory then.
func (b *bench) crowd(ended, ctx context.Context, c *crowd, s *server) int64 {
	var agents sync.WaitGroup
	began := time.Now().Add(agentSends)
	for i := range b.machines {
		agents.Go(func() {
			first := began.Add(agentSends * time.Duration(i) / time.Duration(b.machines))
			if err := c.agent(ended, ctx, pretend.New(bigHost(i), 1), first); err != nil {
				c.mu.Lock()
				c.first = cmp.Or(c.first, err)
				c.mu.Unlock()
			}
		})
	}
	agents.Wait()
	return s.resident("VmRSS")
}

// agent is one machine's. What it began to send it sends whole, after the end
// too.
func (c *crowd) agent(ended, ctx context.Context, h *pretend.Host, due time.Time) error {
	const perChunk = int(agentSends / time.Second)
	l := pretend.Load{CPU: 35, Memory: 60, Waiting: 2, Read: 3e6, Write: 8e6, Rx: 4e6, Tx: 6e6, Requests: 120}
	for ; ; due = due.Add(agentSends) {
		if pause(ended, time.Until(due)) != nil {
			return nil //nolint:nilerr // it ended
		}
		for n := range perChunk {
			h.Second(due.Add(time.Duration(n-perChunk)*time.Second), l)
		}
		samples := h.Samples()
		body, err := c.sender.Encode(nil, h.Take(due, ""))
		if err != nil {
			return err
		}
		if err := c.post(ctx, body, samples, due); err != nil {
			return err
		}
	}
}

// post sends a chunk until it is taken.
func (c *crowd) post(ctx context.Context, body []byte, samples int, due time.Time) error {
	busy := 0
	for {
		told, err := c.sender.Post(ctx, body)
		var again *pretend.BusyError
		if errors.As(err, &again) {
			busy++
			if err := pause(ctx, 500*time.Millisecond); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent += int64(samples)
		c.kept += int64(min(told.Samples, samples)) // the server adds a few of its own
		c.refused += int64(max(0, samples-told.Samples))
		c.busy, c.bytes = c.busy+busy, c.bytes+int64(len(body))
		c.lags = append(c.lags, time.Since(due))
		return nil
	}
}

// at is a quantile.
func at(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(share*float64(len(all))))]
}
