package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/telemetry"
)

// follow runs a tailer as it runs on a host and delivers its messages.
func follow(t testing.TB, o Options) (got <-chan string, stop func()) {
	t.Helper()
	messages := make(chan string, 1<<20)
	o.Clock, o.Telemetry = clock.Real{}, new(telemetry.Set)
	if o.Keep == nil {
		o.Keep = func(_ context.Context, entries []entry.Entry, _ map[string]string) error {
			for _, e := range entries {
				messages <- e.Message
			}
			return nil
		}
	}
	tailer, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tailer.Run(ctx) }()
	return messages, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTheKernelTellsOfChanges(t *testing.T) {
	for _, poll := range []bool{false, true} {
		dir := t.TempDir()
		got, stop := follow(t, Options{Rules: []Rule{{Files: []string{dir + "/**/*.log"}}}, unseen: poll})
		want := func(message string) {
			t.Helper()
			select {
			case m := <-got:
				if m != message {
					t.Errorf("got %s, want %s", m, message)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s never came", message)
			}
		}
		r := &rig{t: t, dir: dir}
		r.write("a.log", "1\n")
		want("1")
		r.write("a.log", "2\n")
		want("2")
		r.rename("a.log", "a.log.1")
		r.write("a.log.1", "3\n")
		want("3")
		r.write("a.log", "4\n")
		want("4")
		r.must(os.Mkdir(filepath.Join(dir, "sub"), 0o755))
		r.write("sub/b.log", "5\n")
		want("5")
		r.write("sub/b.log", "6\n")
		want("6")
		stop()
	}
}

// resident is the memory that this process holds, in bytes.
func resident(t testing.TB) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// spent is the processor time that this process took.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestTenThousandFilesAtRestCostLittle(t *testing.T) {
	const files = 10_000
	dir := t.TempDir()
	for i := range files {
		name := fmt.Sprintf("%s/%d.log", dir, i)
		if err := os.WriteFile(name, []byte(fmt.Sprintf("line of %d\n", i)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := spent()
	got, stop := follow(t, Options{Rules: []Rule{{Files: []string{dir + "/*.log"}}}})
	defer stop()
	for range files {
		<-got
	}
	first := spent() - before
	if d, err := os.ReadDir("/proc/self/fd"); err != nil || len(d) > maxOpen+50 {
		t.Errorf("%d descriptors, %v", len(d), err)
	}
	runtime.GC()
	t.Logf("%d files: read first in %v of processor time; %d MiB resident", files, first, resident(t)>>20)
	if n := resident(t); n > 150<<20 {
		t.Errorf("%d MiB resident", n>>20)
	}
	if os.Getenv("PATOU_IDLE") != "" {
		before = spent()
		<-time.After(130 * time.Second) // two slow polls
		t.Logf("idle: %v of processor time in 130 s", spent()-before)
	}
}

// BenchmarkOneFile reports the processor seconds that 50 MB in one file take, up
// to the door of the keeper.
func BenchmarkOneFile(b *testing.B) {
	const size = 50_000_000
	line := `203.0.113.9 - - [20/Nov/2026:11:59:58 +0000] "GET /shop/items/4711?page=2 HTTP/1.1" 200 5123 "-" "Mozilla/5.0"` + "\n"
	path := filepath.Join(b.TempDir(), "a.log")
	if err := os.WriteFile(path, []byte(strings.Repeat(line, size/len(line))), 0o644); err != nil {
		b.Fatal(err)
	}
	var used time.Duration
	for b.Loop() {
		left, done := size/len(line), make(chan struct{})
		before := spent()
		_, stop := follow(b, Options{Rules: []Rule{{Files: []string{path}}}, Keep: func(_ context.Context, entries []entry.Entry, _ map[string]string) error {
			if left -= len(entries); left == 0 {
				close(done)
			}
			return nil
		}})
		<-done
		used += spent() - before
		stop()
	}
	b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s/50MB")
}
