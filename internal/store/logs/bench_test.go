package logs

import (
	"context"
	"strings"
	"testing"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

// ingest applies entries in records of 500 and flushes every perFlush bytes.
func ingest(b *testing.B, entries []entry.Entry, perFlush int64) *Store {
	b.Helper()
	s, _, err := Open(fsx.NewMem(), testDir, Options{Clock: clock.NewManual(start)})
	if err != nil {
		b.Fatal(err)
	}
	lsn := uint64(0)
	flush := func() {
		s.Freeze(lsn)
		if err := s.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; i < len(entries); i += 500 {
		lsn++
		s.Apply(lsn, &record.Batch{Entries: entries[i:min(i+500, len(entries))]})
		if s.HeadBytes() > perFlush {
			flush()
		}
	}
	flush()
	return s
}

// BenchmarkIngest is Apply and Flush on real lines, in MB of lines a second, and
// what a byte of them takes on disk.
func BenchmarkIngest(b *testing.B) {
	entries := corpus(b, 200_000)
	b.SetBytes(int64(rawBytes(entries)))
	for b.Loop() {
		s := ingest(b, entries, 64<<20)
		stored := int64(0)
		for _, seg := range s.segments {
			stored += seg.size
		}
		b.ReportMetric(float64(rawBytes(entries))/float64(stored), "raw/stored")
		_ = s.Close()
	}
}

func BenchmarkMerge(b *testing.B) {
	entries := corpus(b, 200_000)
	b.SetBytes(int64(rawBytes(entries)))
	for b.Loop() {
		b.StopTimer()
		s := ingest(b, entries, 8<<20)
		s.opts.FanIn = 2
		b.StartTimer()
		if err := s.Maintain(context.Background()); err != nil {
			b.Fatal(err)
		}
		stored := int64(0)
		for _, seg := range s.segments {
			stored += seg.size
		}
		b.ReportMetric(float64(rawBytes(entries))/float64(stored), "raw/stored")
		_ = s.Close()
	}
}

// BenchmarkDrillDown is what a page asks after a drag over an hour of one
// component: counts of the hour and the newest 100 entries.
func BenchmarkDrillDown(b *testing.B) {
	s := ingest(b, corpus(b, 500_000), 64<<20)
	want := entry.Lookup{
		From: start.UnixNano() + 12*60*minute, Until: start.UnixNano() + 13*60*minute,
		Component: func(c string) bool { return c == "real.nginx-request" },
	}
	for b.Loop() {
		runs, release, err := s.Runs(context.Background(), want)
		if err != nil || len(runs) == 0 {
			b.Fatal(len(runs), err)
		}
		counted := 0
		for i := range runs {
			counted += len(runs[i].Minutes)
		}
		cols, _ := runs[0].Open(context.Background())
		for i := max(0, cols.Len()-100); i < cols.Len(); i++ {
			_, _ = cols.Fields(i)
		}
		_, _ = cols.Messages()
		release()
	}
}

// BenchmarkScan looks for a text in all messages: one that the filters know to
// be absent, and one that they cannot exclude.
func BenchmarkScan(b *testing.B) {
	entries := corpus(b, 200_000)
	s := ingest(b, entries, 64<<20)
	for name, literals := range map[string][]string{"filtered": {"x7f3a9c11z"}, "read": nil} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(rawBytes(entries)))
			for b.Loop() {
				runs, release, err := s.Runs(context.Background(), entry.Lookup{From: minTime, Until: maxTime, Literals: literals})
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range runs {
					scan(b, r, "x7f3a9c11z")
				}
				release()
			}
		})
	}
}

func scan(b *testing.B, r entry.Run, text string) {
	cols, err := r.Open(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	messages, _ := cols.Messages()
	for _, m := range messages.Values {
		if strings.Contains(m, text) {
			b.Fatal("found what is not there")
		}
	}
}
