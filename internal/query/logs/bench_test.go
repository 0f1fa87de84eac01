package logs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/timerange"
)

// decoded is a run whose columns cost nothing, so that evaluation alone is
// measured.
type decoded struct {
	times    []int64
	levels   []entry.Level
	ids      []entry.ID
	messages entry.Strings
	status   entry.Strings
}

func (d *decoded) Len() int                            { return len(d.times) }
func (d *decoded) Times() ([]int64, error)             { return d.times, nil }
func (d *decoded) Levels() ([]entry.Level, error)      { return d.levels, nil }
func (d *decoded) IDs() ([]entry.ID, error)            { return d.ids, nil }
func (d *decoded) Messages() (entry.Strings, error)    { return d.messages, nil }
func (d *decoded) Keys() ([]string, error)             { return []string{"status"}, nil }
func (d *decoded) Fields(int) ([]entry.Field, error)   { return nil, nil }
func (d *decoded) Hosts() (entry.Strings, error)       { return entry.Strings{}, nil }
func (d *decoded) Field(string) (entry.Strings, error) { return d.status, nil }

const (
	benchRuns = 10
	benchRows = 60_000
	benchStep = int64(24*time.Hour) / (benchRuns * benchRows)
)

// benchSource is a day of one component's access log, 600,000 lines.
var benchSource = sync.OnceValue(func() *memory {
	random := rand.New(rand.NewPCG(1, 2))
	m := &memory{}
	for r := range benchRuns {
		d := &decoded{status: entry.Strings{Values: []string{"200", "404", "500"}}}
		run := entry.Run{Component: "webapp.frontend.nginx", Rows: benchRows}
		for i := range benchRows {
			t := base + int64(r*benchRows+i)*benchStep
			d.times = append(d.times, t)
			d.ids = append(d.ids, entry.ID{Batch: uint64(r), Row: uint32(i)})
			d.levels = append(d.levels, entry.Info)
			d.status.Codes = append(d.status.Codes, uint32(random.IntN(50)/25))
			d.messages.Values = append(d.messages.Values, fmt.Sprintf(`10.0.%d.%d - - [20/Nov/2026:14:05:06 +0000] "GET /cart/%d HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64)" took %d ms`,
				random.IntN(4), random.IntN(250), random.IntN(100000), random.IntN(1e6), random.IntN(1000)))
			minute := timerange.Floor(t, int64(time.Minute)) / int64(time.Minute)
			if n := len(run.Minutes); n == 0 || run.Minutes[n-1].Minute != minute {
				run.Minutes = append(run.Minutes, entry.Minute{Minute: minute})
			}
			run.Minutes[len(run.Minutes)-1].Counts[entry.Info]++
		}
		run.First, run.Last = d.times[0], d.times[benchRows-1]
		run.Open = func(context.Context) (entry.Columns, error) { return d, nil }
		m.runs = append(m.runs, run)
	}
	return m
})

func (m *memory) runsAsTheyAre() Source { return asIs{m.runs} }

type asIs struct{ runs []entry.Run }

func (a asIs) Runs(context.Context, entry.Lookup) ([]entry.Run, func(), error) {
	return a.runs, nil, nil
}

func BenchmarkQueries(b *testing.B) {
	src := benchSource().runsAsTheyAre()
	for _, q := range []string{
		"component:webapp.frontend", "component:webapp | count every 1m", "| count by component", "| count every 10s", "quux7f3a9c", "xyzzy9 | count", "Quux | count",
		"/took 9[0-9]* ms/ | count", `| extract "<ip> - - " | top 10 ip`, "| count by status", `| extract "took <ms> ms" | sort ms desc | limit 100`,
		`| extract "took <ms> ms" | p99 ms every 5m`, "| patterns",
	} {
		b.Run(q, func(b *testing.B) {
			parsed, err := Parse(q)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := Execute(context.Background(), src, parsed, Options{Limit: 100}, func(*Row) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
