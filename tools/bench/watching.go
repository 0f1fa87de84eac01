package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// How long a program that watches a host may start, and is then measured.
const (
	watchWarm = 15 * time.Second
	watchSpan = 40 * time.Second
)

// crowded is how many processes a busy host has in this measurement.
const crowded = 2000

// watching measures what it costs a host to be watched each second.
func (b *bench) watching(ctx context.Context) error {
	b.table(fmt.Sprintf("Watching one host each second, for %v", watchSpan), "program", "CPU, % of a core", "resident", "proportional")
	s, err := start(ctx, b.binary, filepath.Join(b.work, "watching"), quiet)
	if err != nil {
		return err
	}
	a, err := b.agent(ctx, s, "")
	if err != nil {
		return err
	}
	if err := b.watch(ctx, "patou agent (first figure: 0.4 %, 30 MB)", a, nil); err != nil {
		return err
	}
	if err := b.crowdedHost(ctx, a); err != nil {
		return err
	}
	if err := errors.Join(a.stop(), b.tailing(ctx, s), s.stop()); err != nil || !b.peers {
		return err
	}
	if err := b.exporter(ctx); err != nil {
		return err
	}
	return b.netdata(ctx)
}

// agent starts an agent of a server.
func (b *bench) agent(ctx context.Context, s *server, configuration string) (*process, error) {
	dir := filepath.Join(b.work, "agent")
	file := filepath.Join(b.work, "agent.yaml")
	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(file, []byte(configuration), 0o600)); err != nil {
		return nil, err
	}
	p := launch(ctx, b.binary, "agent", "--config", file, "--server", "http://"+s.addrs["http"], "--data", dir)
	return p, p.cmd.Start()
}

// watch measures a program and its children while it is asked for what it sees.
func (b *bench) watch(ctx context.Context, name string, p *process, ask func() error) error {
	if err := asking(ctx, watchWarm, ask); err != nil {
		return err
	}
	before := p.familyCPU()
	if err := asking(ctx, watchSpan, ask); err != nil {
		return err
	}
	used := p.familyCPU() - before
	resident, proportional := p.familyMemory()
	b.row(name, fmt.Sprintf("%.2f", 100*used.Seconds()/watchSpan.Seconds()), mebi(resident), mebi(proportional))
	return nil
}

// asking waits, and asks each second as a monitor would.
func asking(ctx context.Context, span time.Duration, ask func() error) error {
	for end := time.Now().Add(span); time.Now().Before(end); {
		if ask != nil {
			if err := ask(); err != nil {
				return err
			}
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// crowdedHost measures the same agent with many processes beside.
func (b *bench) crowdedHost(ctx context.Context, a *process) error {
	var all []*process
	defer func() {
		for _, p := range all {
			_ = p.kill()
		}
	}()
	for range crowded {
		p := launch(ctx, "sleep", "600")
		if err := p.cmd.Start(); err != nil {
			return err
		}
		all = append(all, p)
	}
	return b.watch(ctx, fmt.Sprintf("patou agent beside %d processes (first figure: 3 %%)", crowded), a, nil)
}

// exporter measures Debian's node_exporter, asked each second.
func (b *bench) exporter(ctx context.Context) error {
	binary, err := exec.LookPath("prometheus-node-exporter")
	if err != nil {
		b.absent("node_exporter", 4)
		return nil
	}
	addr, err := freeAddr(ctx)
	if err != nil {
		return err
	}
	p := launch(ctx, binary, "--web.listen-address="+addr, "--log.level=error")
	if err := p.cmd.Start(); err != nil {
		return err
	}
	ask := func() error {
		_, err := get(ctx, addr, "/metrics", nil)
		return err
	}
	if err := until(ctx, "node_exporter", func() (bool, error) { return ask() == nil, nil }); err != nil {
		return err
	}
	err = b.watch(ctx, "node_exporter, asked each second", p, ask)
	_ = p.stop() // it calls the signal a failure
	return err
}

// netdataConf keeps it on loopback, with its data in the work directory.
const netdataConf = `[global]
	run as user = %[1]s
	update every = 1
[directories]
	cache = %[2]s
	lib = %[2]s
	log = %[2]s
[db]
	mode = dbengine
[web]
	bind to = %[3]s
[statsd]
	enabled = no
`

// netdata measures Debian's Netdata with its plugins.
func (b *bench) netdata(ctx context.Context) error {
	binary, err := exec.LookPath("netdata")
	if err != nil {
		b.absent("Netdata", 4)
		return nil
	}
	addr, err := freeAddr(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(b.work, "netdata")
	conf := dir + ".conf"
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(conf, fmt.Appendf(nil, netdataConf, os.Getenv("USER"), dir, addr), 0o600)); err != nil {
		return err
	}
	p := launch(ctx, binary, "-D", "-c", conf)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	err = b.watch(ctx, "Netdata", p, nil)
	_ = p.stop() // it calls the signal a failure
	return err
}

// family is a process and those below it.
func (p *process) family() []int {
	all := []int{p.cmd.Process.Pid}
	for i := 0; i < len(all); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, path := range tasks {
			text, _ := os.ReadFile(path)
			for word := range strings.FieldsSeq(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil {
					all = append(all, pid)
				}
			}
		}
	}
	return all
}

func (p *process) familyCPU() time.Duration {
	var sum time.Duration
	for _, pid := range p.family() {
		sum += cpuOf(pid)
	}
	return sum
}

// familyMemory is resident, and resident with what is shared divided among
// those who share it.
func (p *process) familyMemory() (resident, proportional int64) {
	for _, pid := range p.family() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		resident += kibibytes(string(text), "Rss:")
		proportional += kibibytes(string(text), "Pss:")
	}
	return resident, proportional
}
