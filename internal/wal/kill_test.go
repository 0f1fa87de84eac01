package wal

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"patou/internal/fsx"
)

// killedDir makes this test binary the process that is killed.
const killedDir = "PATOU_WAL_KILLED"

// A process that is killed while it writes has lost nothing that it synced,
// over and over in the same directory.
func TestAKilledProcessLosesNothingThatItSynced(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	var told uint64
	for round := range 8 {
		told = killAfter(t, dir, told, 40+20*round)
	}
}

// killAfter lets a process sync that many records, kills it, and returns the
// last number that a new process reads.
func killAfter(t *testing.T, dir string, before uint64, n int) uint64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAKilledProcess")
	cmd.Env = append(os.Environ(), killedDir+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	told := before
	lines := bufio.NewScanner(out)
	for n > 0 && lines.Scan() {
		if lsn, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
			told, n = lsn, n-1
		}
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()

	l, err := Open(fsx.OS(), dir, Options{})
	must(t, err)
	next := uint64(1)
	r, err := l.Replay(t.Context(), func(lsn uint64, rec []byte) error {
		if lsn != next || string(rec) != longText(lsn) {
			t.Fatalf("record %d is %d: %.30q", next, lsn, rec)
		}
		next++
		return nil
	})
	must(t, err)
	must(t, l.Close())
	wantEqual(t, "damage", harmful(r.Damage), []fsx.Damage(nil))
	if r.Last < told || told <= before {
		t.Fatalf("the process was told %d, after %d; read back are %d", told, before, r.Last)
	}
	return r.Last
}

func writeUntilKilled(t *testing.T, dir string) {
	l, err := Open(fsx.OS(), dir, Options{SegmentBytes: 64 << 10})
	must(t, err)
	_, err = l.Replay(t.Context(), ignore)
	must(t, err)
	for {
		lsn, err := l.Write([]byte(longText(l.Next())), []byte(longText(l.Next()+1)))
		must(t, err)
		must(t, l.Sync())
		fmt.Println(lsn + 1)
	}
}

func longText(lsn uint64) string { return fmt.Sprintf("%d %0*d", lsn, 100+lsn%5000, lsn) }

func TestALogMayBeAskedFromAnyGoroutine(t *testing.T) {
	l, _ := openLog(t, fsx.NewMem(), Options{SegmentBytes: 4096})
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for last := uint64(0); ; {
			select {
			case <-done:
				return
			default:
			}
			if next := l.Next(); next < last || l.Size() < 0 {
				t.Errorf("Next went from %d to %d", last, next)
			}
			_ = l.Truncate(last / 2)
			last = l.Next()
		}
	})
	for range 500 {
		write(t, l, "record", "another")
		must(t, l.Sync())
	}
	close(done)
	wg.Wait()
	wantEqual(t, "Next", l.Next(), uint64(1001))
	must(t, l.Close())
}
