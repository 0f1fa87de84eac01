package vitals

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// shares are the last nodes of series that are percentages.
func isShare(name string) bool {
	node := name[strings.LastIndexByte(name, '.')+1:]
	return strings.Contains(node, "percent") || node == "util" || node == "busy" || node == "read_only" ||
		strings.HasPrefix(name, "cpu.") || strings.HasPrefix(name, "saturation.") || strings.HasPrefix(name, "pressure.")
}

// check fails the test for a sample that no host can be the cause of.
func check(t *testing.T, samples []metric.Sample) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range samples {
		if err := metric.CheckName(s.Name); err != nil {
			t.Error(err)
		}
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Value < 0 || isShare(s.Name) && s.Value > 100 {
			t.Errorf("absurd: %+v", s)
		}
		// What comes twice in a file, a processor or a line of a gauge, may
		// come twice here; a device may not.
		if seen[s.Name] && (strings.HasPrefix(s.Name, "disk.") || strings.HasPrefix(s.Name, "filesystem.")) {
			t.Errorf("twice: %+v", s)
		}
		seen[s.Name] = true
	}
}

// FuzzReaders gives each reader a file of any text, and another one in its
// place a second later.
func FuzzReaders(f *testing.F) {
	texts := example(f)
	seedReaders(f, texts)
	f.Fuzz(func(t *testing.T, which uint8, first, second string) {
		manual := clock.NewManual(time.Unix(1_700_000_000, 0))
		c := New(Options{Root: "/nonexistent", Clock: manual, Telemetry: new(telemetry.Set), usage: func(_ string, u *usage) error {
			*u = usage{total: 1000, free: 2000, available: 5, files: 1, filesFree: 9}
			return nil
		}})
		r := &c.readers[int(which)%len(c.readers)]
		for i, text := range []string{first, second, first} {
			c.tick, c.elapsed, c.samples = i+1, float64(i), c.samples[:0]
			r.read([]byte(text))
			c.mounts.measure()
			c.full.emit()
			check(t, c.samples)
		}
		if len(c.mounts.mounts) > maxDevices || len(c.samples) > len(first)+100 {
			t.Errorf("%d file systems, %d samples", len(c.mounts.mounts), len(c.samples))
		}
	})
}

func seedReaders(f *testing.F, texts map[string]string) {
	c := New(Options{Clock: clock.Real{}, Telemetry: new(telemetry.Set)})
	for i, r := range c.readers {
		text := texts[strings.TrimPrefix(r.file.paths[0], "/")]
		if text == "" {
			f.Errorf("no example of %v", r.file.paths)
		}
		f.Add(uint8(i), text, strings.ReplaceAll(text, "1", "2"))
		f.Add(uint8(i), text, text)
	}
	f.Add(uint8(0), "cpu  18446744073709551615 1 1 18446744073709551615\n", "cpu 1 1 1 1 1 1 1 1 1 1\n")
}

// FuzzFacts reads facts and identity of files that make no sense.
func FuzzFacts(f *testing.F) {
	texts := example(f)
	f.Add(texts["proc/stat"], texts["etc/machine-id"], texts["etc/os-release"])
	f.Add("btime 99999999999999999999\n", "uninitialized\n", "=")
	f.Fuzz(func(t *testing.T, stat, id, text string) {
		if at := started([]byte(stat)); !at.IsZero() && (at.Year() < 1970 || at.Year() > 40_000) {
			t.Errorf("started at %v", at)
		}
		if n := processorCount([]byte(stat)); n < 0 || n > len(stat) {
			t.Errorf("%d processors", n)
		}
		if id = bare(id); id != "" && (len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "") {
			t.Errorf("id %q", id)
		}
		if mounts := chosen(parseMounts(text)); slices.ContainsFunc(mounts, func(m mounted) bool { return m.path == "" }) {
			t.Errorf("mounts %v", mounts)
		}
	})
}
