// Command bench measures a whole server from outside, by the CPU time of its
// process: what it ingests, keeps, answers and needs, and with --peers what
// other programs need for the same. It prints a section of docs/benchmarks.md.
// tools/bench/run calls it.
//
// Invariant: every number it prints was measured in this run; load is bounded
// and goes to loopback alone; programs are ended by their process ids. It fails
// when the server does; a peer that is not installed is passed over by name.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

type options struct {
	binary, work, lines, only string
	series, points, entries   int
	machines                  int
	span                      time.Duration
	peers, profile            bool
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/patou", "the server to measure")
	flag.StringVar(&o.work, "work", "", "directory for data, emptied afterwards (default: a temporary one)")
	flag.StringVar(&o.lines, "lines", "", "directories of *.log files with real lines, with commas between (default: a few lines of our own)")
	flag.StringVar(&o.only, "only", "", "parts to run, with commas between (default: all)")
	flag.IntVar(&o.series, "series", 100_000, "series")
	flag.IntVar(&o.points, "points", 60, "samples a series")
	flag.IntVar(&o.entries, "entries", 5_000_000, "log entries")
	flag.IntVar(&o.machines, "machines", 500, "machines whose agents report")
	flag.DurationVar(&o.span, "span", time.Minute, "how long they do")
	flag.BoolVar(&o.peers, "peers", false, "measure other programs beside, as far as they are installed")
	flag.BoolVar(&o.profile, "profile", false, "say which functions ingestion spends its time in; needs the sources")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	options
	report
}

// part is one group of measurements, with a data directory of its own.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"idle", (*bench).idle},
		{"samples", (*bench).samples},
		{"render", (*bench).render},
		{"logs", (*bench).logs},
		{"syslog", (*bench).syslog},
		{"memory", (*bench).memory},
		{"watching", (*bench).watching},
		{"agents", (*bench).agents},
		{"overview", (*bench).overview},
		{"why", (*bench).why},
		{"restart", (*bench).restart},
		{"profile", (*bench).profiles},
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
	b := &bench{options: o, report: report{os.Stdout}}
	for _, p := range parts() {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), p.name) {
			continue
		}
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}
