package vitals

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/telemetry"
)

// BenchmarkReadingOfThisHost is what a second costs, with the kernel's share.
func BenchmarkReadingOfThisHost(b *testing.B) {
	c := New(Options{Clock: clock.Real{}, Telemetry: new(telemetry.Set)})
	defer c.Close()
	c.Read()
	b.ReportAllocs()
	for b.Loop() {
		c.Read()
	}
	b.ReportMetric(float64(len(c.samples)), "series")
}

// BenchmarkFile is what each file costs, read and parsed.
func BenchmarkFile(b *testing.B) {
	c := New(Options{Clock: clock.Real{}, Telemetry: new(telemetry.Set)})
	defer c.Close()
	c.Read()
	for i := range c.readers {
		r := &c.readers[i]
		if r.file.file == nil {
			continue
		}
		b.Run(strings.TrimPrefix(r.file.paths[0], "/proc/"), func(b *testing.B) {
			for b.Loop() {
				c.tick, c.samples = c.tick+1, c.samples[:0]
				c.readFile(&reader{file: r.file, read: r.read})
			}
		})
	}
	b.Run("statfs", func(b *testing.B) {
		for b.Loop() {
			c.samples = c.samples[:0]
			c.mounts.measure()
		}
	})
}

// BenchmarkParsing is without the kernel: the example's files, from memory.
func BenchmarkParsing(b *testing.B) {
	manual := clock.NewManual(time.Unix(1_700_000_000, 0))
	c := New(Options{Root: "testdata/host", Clock: manual, Telemetry: new(telemetry.Set)})
	defer c.Close()
	var texts [][]byte
	for _, r := range c.readers {
		text, err := os.ReadFile(r.file.paths[len(r.file.paths)-1])
		if err != nil {
			b.Log(err)
		}
		texts = append(texts, text)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.tick, c.elapsed, c.samples = c.tick+1, 1, c.samples[:0]
		for i := range c.readers {
			c.readers[i].read(texts[i])
		}
		c.full.emit()
	}
	b.ReportMetric(float64(len(c.samples)), "series")
}

// BenchmarkMountsThatChanged is a host of containers: 3,000 mounts.
func BenchmarkMountsThatChanged(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "%d 28 0:%d / /var/lib/containers/%d/merged rw - overlay overlay rw\n", i, i, i)
		fmt.Fprintf(&text, "%d 28 8:1 /pods/%d /var/lib/pods/%d/volume rw - ext4 /dev/sda1 rw\n", 1000+i, i, i)
		fmt.Fprintf(&text, "%d 28 0:%d / /run/netns/%d rw - nsfs nsfs rw\n", 2000+i, 1000+i, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		chosen(parseMounts(text.String()))
	}
}
