package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// report writes tables in Markdown, a row as soon as it is known.
type report struct{ out io.Writer }

// table begins a table.
func (r report) table(title string, heads ...string) {
	fmt.Fprintf(r.out, "\n### %s\n\n| %s |\n|%s\n", title, strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
}

func (r report) row(cells ...string) { fmt.Fprintf(r.out, "| %s |\n", strings.Join(cells, " | ")) }

// absent says why a peer has no row.
func (r report) absent(program string, cells int) {
	r.row(append([]string{program + ": not installed"}, make([]string, cells-1)...)...)
}

const mib = 1 << 20

func milli(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }

func mebi(bytes int64) string { return fmt.Sprintf("%d MiB", bytes/mib) }

// perSecond is n for each second of CPU time, in millions.
func perSecond(n int64, cpu time.Duration) string {
	return fmt.Sprintf("%.2f", float64(n)/cpu.Seconds()/1e6)
}
