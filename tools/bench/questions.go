package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
)

// logQuestion is one question in our words, and in those of a shell with
// ripgrep in the directory of files, one an hour.
type logQuestion struct {
	name, query string
	limit       int
	minutes     int // of the window; 0 for all
	shell       string
	mayMiss     bool // finding nothing is an answer too
}

func logQuestions(component string, from time.Time) []logQuestion {
	at := minuteFor(from)
	hour, five := at.UTC().Format("2006-01-02T15"), at.UTC().Format("2006-01-02T15:04")
	only := "component:=" + component
	line := `^\S+ ` + component + ` `
	return []logQuestion{
		{"rare text, everything, a day", rareWord[3:12], 100, 0, "rg -zIF " + rareWord[3:12] + " .", false},
		{"rare text, one component, a day", only + " " + rareWord[3:12], 100, 0, "rg -zI '" + line + ".*" + rareWord[3:12] + "' .", true},
		{"count a minute, one component, a day", only + " | count every 1m", 2000, 0, `rg -zI -or '$1' '^(\S{16})\S* ` + component + ` ' . | sort | uniq -c`, false},
		{"count of all by component, a day", "* | count by component", 1000, 0, `rg -zI -or '$1' '^\S+ (\S+) ' . | sort | uniq -c`, false},
		{"newest 100, one component, 5 minutes", only, 100, 5, "rg -zI '^" + five[:15] + "[0-4]\\S* " + component + " ' " + hour + ".zst | tail -100", false},
		{"newest 100, all components, 5 minutes", "*", 100, 5, "rg -zI '^" + five[:15] + "[0-4]' " + hour + ".zst | tail -100", false},
		{"top 10 of a stored field, one component, a day", only + " | top 10 client", 10, 0, "", false},
		{"top 10 of an extracted field, one component, a day", only + ` | extract "<ip> - " | top 10 ip`, 10, 0,
			`rg -zI -or '$1' '^\S+ ` + component + ` \S+ \S+ (\S+) - ' . | sort | uniq -c | sort -rn | head`, false},
		{"expression, counted, one component, a day", only + ` /" [45]0[0-9] [0-9]+/ | count`, 10, 0,
			"rg -zIc '" + line + `.*" [45]0[0-9] [0-9]+' .`, true},
	}
}

// minuteFor is the first five minutes of an hour half a day in.
func minuteFor(from time.Time) time.Time { return from.Add(aDayOfEntries / 2).Truncate(time.Hour) }

// questions measures questions about entries.
func (b *bench) questions(ctx context.Context, s *server, from time.Time, files *plainFiles) error {
	component, err := s.requestComponent(ctx, from)
	if err != nil {
		return err
	}
	b.table("Questions about entries", "question", "median ms", "worst ms", "CPU ms", "ripgrep over zstd files by the hour: ms", "CPU ms")
	drilled, err := measure(s.process, func(i int) error { return s.drill(ctx, component, from, i) })
	if err != nil {
		return err
	}
	b.row(append(append([]string{"drill-down: scope, histogram, first 100 lines of an hour (first figure to beat: 100 ms)"}, drilled.cells()...), "", "")...)
	for _, q := range logQuestions(component, from) {
		ours, err := measure(s.process, func(int) error { return s.ask(ctx, q, from) })
		if err != nil {
			return err
		}
		theirs, err := files.ask(ctx, q)
		if err != nil {
			return err
		}
		b.row(append(append([]string{q.name}, ours.cells()...), theirs...)...)
	}
	return files.remove()
}

func (s *server) ask(ctx context.Context, q logQuestion, from time.Time) error {
	v := window(from.Add(-time.Minute), aDayOfEntries+time.Hour)
	if q.minutes > 0 {
		v = window(minuteFor(from), time.Duration(q.minutes)*time.Minute)
	}
	v.Set("q", q.query)
	v.Set("limit", strconv.Itoa(q.limit))
	body, err := get(ctx, s.addrs["http"], "/api/logs", v)
	if err == nil && len(body) == 0 && !q.mayMiss {
		err = fmt.Errorf("%q found nothing", q.query)
	}
	return err
}

// drill asks what the page asks when somebody drags over a spike: scope,
// histogram and the first 100 lines of one component over an hour.
func (s *server) drill(ctx context.Context, component string, from time.Time, round int) error {
	hour := window(from.Add(aDayOfEntries/4+time.Duration(round)*20*time.Minute), time.Hour)
	for path, more := range map[string]url.Values{
		"/api/scope":          {"target": {"logs." + component + ".requests"}},
		"/api/logs/histogram": {"q": {"component:" + component}},
		"/api/logs":           {"q": {"component:" + component}, "limit": {"100"}},
	} {
		for k, v := range hour {
			more[k] = v
		}
		if _, err := get(ctx, s.addrs["http"], path, more); err != nil {
			return err
		}
	}
	return nil
}

// plainFiles are the entries as lines in zstd files, one an hour: what a shell
// would search. All methods of nil do nothing.
type plainFiles struct {
	dir  string
	hour string
	file *os.File
	zstd *zstd.Encoder
	buf  []byte
}

// plainFiles is nil when there is nothing to search them with.
func (b *bench) plainFiles() (*plainFiles, error) {
	_, noRg := exec.LookPath("rg")
	_, noZstd := exec.LookPath("zstd")
	if noRg != nil || noZstd != nil || !b.peers {
		return nil, nil //nolint:nilerr // the peer is measured where it is there
	}
	f := &plainFiles{dir: filepath.Join(b.work, "plain")}
	return f, os.MkdirAll(f.dir, 0o700)
}

func (f *plainFiles) add(l *line) error {
	if f == nil {
		return nil
	}
	if hour := l.at.UTC().Format("2006-01-02T15"); hour != f.hour {
		if err := errors.Join(f.close(), f.open(hour)); err != nil {
			return err
		}
	}
	f.buf = l.appendPlain(f.buf[:0])
	_, err := f.zstd.Write(f.buf)
	return err
}

func (f *plainFiles) open(hour string) (err error) {
	f.hour = hour
	if f.file, err = os.Create(filepath.Join(f.dir, hour+".zst")); err != nil {
		return err
	}
	f.zstd, err = zstd.NewWriter(f.file, zstd.WithEncoderConcurrency(1))
	return err
}

func (f *plainFiles) close() error {
	if f == nil || f.file == nil {
		return nil
	}
	err := errors.Join(f.zstd.Close(), f.file.Close())
	f.file = nil
	return err
}

func (f *plainFiles) remove() error {
	if f == nil {
		return nil
	}
	return os.RemoveAll(f.dir)
}

// ask runs a question in a shell, thrice, and gives the least time and the CPU
// time of all its programs.
func (f *plainFiles) ask(ctx context.Context, q logQuestion) ([]string, error) {
	if f == nil || q.shell == "" {
		return []string{"–", "–"}, nil
	}
	var walls []time.Duration
	var cpu time.Duration
	const rounds = 3
	for range rounds {
		cmd := exec.CommandContext(ctx, "sh", "-c", q.shell)
		cmd.Dir = f.dir
		began := time.Now()
		out, err := cmd.Output()
		if len(bytes.TrimSpace(out)) == 0 && !q.mayMiss {
			return nil, fmt.Errorf("%s: found nothing: %w", q.shell, err)
		}
		walls = append(walls, time.Since(began))
		cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return []string{milli(min(walls[0], walls[1], walls[2])), milli(cpu / rounds)}, nil
}
