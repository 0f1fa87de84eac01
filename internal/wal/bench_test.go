package wal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"patou/internal/fsx"
)

// benchLog is a log on the machine's disk.
func benchLog(b *testing.B, dir string, fn func(uint64, []byte) error) *Log {
	b.Helper()
	l, err := Open(fsx.OS(), dir, Options{})
	must(b, err)
	_, err = l.Replay(context.Background(), fn)
	must(b, err)
	return l
}

func ignore(uint64, []byte) error { return nil }

// random is bytes that no file system compresses.
func random(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.Uint32())
	}
	return out
}

// BenchmarkFrame is framing and checksums alone.
func BenchmarkFrame(b *testing.B) {
	for _, size := range []int{100, 4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			rec := random(size)
			buf := make([]byte, 0, size+frameHeader)
			b.SetBytes(int64(size))
			for b.Loop() {
				buf = appendFrame(buf[:0], 1, 2, 1, rec)
			}
		})
	}
}

// BenchmarkWrite appends without syncing.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{100, 4 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := benchLog(b, b.TempDir(), ignore)
			rec := random(size)
			b.SetBytes(int64(size))
			for n := 0; b.Loop(); n += size {
				if _, err := l.Write(rec); err != nil {
					b.Fatal(err)
				}
				if n > DefaultSegmentBytes {
					n = 0
					b.StopTimer()
					must(b, l.Sync())
					must(b, l.Truncate(l.Next()-1))
					b.StartTimer()
				}
			}
			must(b, l.Close())
		})
	}
}

// BenchmarkDurable appends and syncs one record at a time.
func BenchmarkDurable(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := benchLog(b, b.TempDir(), ignore)
			rec := random(size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := l.Write(rec); err != nil {
					b.Fatal(err)
				}
				must(b, l.Sync())
			}
			must(b, l.Close())
		})
	}
}

// BenchmarkGroupCommit has writers that each wait for their record to be
// durable, and one committer that syncs for all that wait.
func BenchmarkGroupCommit(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			l := benchLog(b, b.TempDir(), ignore)
			queue := make(chan chan error, writers)
			done := make(chan struct{})
			go commit(l, queue, random(4<<10), done)
			each := b.N/writers + 1
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					answer := make(chan error, 1)
					for range each {
						queue <- answer
						must(b, <-answer)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(writers*each)/b.Elapsed().Seconds(), "records/s")
			close(queue)
			<-done
			must(b, l.Close())
		})
	}
}

func commit(l *Log, queue chan chan error, rec []byte, done chan struct{}) {
	defer close(done)
	for first := range queue {
		group := []chan error{first}
		for len(queue) > 0 {
			group = append(group, <-queue)
		}
		recs := make([][]byte, len(group))
		for i := range recs {
			recs[i] = rec
		}
		_, err := l.Write(recs...)
		if err == nil {
			err = l.Sync()
		}
		for _, answer := range group {
			answer <- err
		}
	}
}

// BenchmarkReplay reads a log of 256 MiB from the page cache.
func BenchmarkReplay(b *testing.B) {
	for _, size := range []int{100, 4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			dir, total := b.TempDir(), 256<<20
			l := benchLog(b, dir, ignore)
			group := make([][]byte, max(1, (1<<20)/size))
			for i := range group {
				group[i] = random(size)
			}
			for n := 0; n < total; n += len(group) * size {
				_, err := l.Write(group...)
				must(b, err)
			}
			must(b, l.Close())
			b.SetBytes(l.Size())
			for b.Loop() {
				must(b, benchLog(b, dir, ignore).Close())
			}
		})
	}
}
