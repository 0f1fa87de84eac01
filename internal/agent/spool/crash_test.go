package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"patou/internal/fsx"
)

// sum makes the checksum of a state right.
func sum(b []byte) { binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli)) }

// server keeps chunks once by key, as the contract says.
type server struct {
	chunks map[string]string
	lines  []string
}

func (s *server) take(t *testing.T, chunk string) {
	t.Helper()
	key, lines, _ := strings.Cut(chunk, "|")
	if first, ok := s.chunks[key]; ok {
		if first != chunk {
			t.Fatalf("key %s names two chunks: %q and %q", key, first, chunk)
		}
		return
	}
	s.chunks[key] = chunk
	s.lines = append(s.lines, strings.Fields(lines)...)
}

// world is an agent that reads two files, with crashes, and its server.
type world struct {
	t    *testing.T
	rng  *rand.Rand
	disk *fsx.Mem
	boot int
	// ill makes calls to the disk fail now and then.
	ill bool

	spool   *Spool
	read    map[string]int // as the tailer knows it
	promise map[string]int // what Put returned nil for
	server  server
}

func (w *world) fault(op fsx.Op) error {
	if w.ill && !op.Kind.Reads() && w.rng.IntN(12) == 0 {
		return syscall.EIO
	}
	return nil
}

// start opens the spool, as often as the disk makes it fail, and reads on from
// the places in it.
func (w *world) start() {
	ill := w.ill
	for {
		s, damage, err := Open(w.t.Context(), fsx.Faulty(w.disk, w.fault), "spool",
			Options{Boot: strconv.Itoa(w.boot), Bytes: 6000, SegmentBytes: 700})
		if err == nil {
			w.spool = s
			w.harmless(damage)
			break
		}
		w.ill = false
	}
	w.ill = ill
	w.read = map[string]int{}
	for name, place := range w.spool.Places() {
		w.read[name], _ = strconv.Atoi(place)
	}
	for name, n := range w.promise {
		if w.read[name] < n {
			w.t.Fatalf("%s was kept up to line %d, and is read from %d", name, n, w.read[name])
		}
	}
}

func (w *world) harmless(damage []fsx.Damage) {
	for _, d := range damage {
		if !d.Harmless {
			w.t.Fatalf("a crash is reported as damage: %v", d)
		}
	}
}

func (w *world) step() {
	switch n := w.rng.IntN(20); {
	case n < 8:
		w.keep()
	case n < 11:
		w.samples()
	case n < 17:
		w.send()
	case n < 18:
		_ = w.spool.Checkpoint()
	case n < 19:
		w.start() // after kill -9
	default:
		w.boot++
		w.disk = w.disk.CrashClone(w.rng) // a power cut
		w.start()
	}
}

// keep hands lines and the place behind them on.
func (w *world) keep() {
	name := []string{"a", "b"}[w.rng.IntN(2)]
	from := w.read[name]
	to := from + 1 + w.rng.IntN(3)
	var lines strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&lines, " %s%d", name, i)
	}
	if w.put(lines.String(), map[string]string{name: strconv.Itoa(to)}) {
		w.read[name], w.promise[name] = to, to
	}
}

func (w *world) samples() { w.put(" "+strings.Repeat(" ", w.rng.IntN(200)), nil) }

func (w *world) put(text string, places map[string]string) bool {
	n, err := w.spool.Sequence()
	if err != nil {
		return false
	}
	chunk := fmt.Sprintf("%s/%d|%s", w.spool.Instance(), n, text)
	return w.spool.Put(n, []byte(chunk), places, places != nil) == nil
}

// send delivers some chunks; the last may not come to be acknowledged.
func (w *world) send() {
	for range 1 + w.rng.IntN(6) {
		if w.rng.IntN(20) == 0 {
			w.deliver(false)
			w.start() // killed between answer and acknowledgement
		}
		if !w.deliver(true) {
			return
		}
	}
}

// deliver sends the next chunk, if there is one.
func (w *world) deliver(acknowledge bool) bool {
	done, cancel := context.WithCancel(w.t.Context())
	cancel()
	n, chunk, err := w.spool.Next(done)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			w.t.Fatal(err)
		}
		return false
	}
	w.server.take(w.t, string(chunk))
	if acknowledge {
		_ = w.spool.Ack(n, len(chunk))
	}
	return true
}

// end delivers all that is left and looks at what the server got.
func (w *world) end() {
	w.ill = false
	w.start()
	for w.deliver(true) {
		continue
	}
	var want []string
	for name, n := range w.read {
		for i := range n {
			want = append(want, name+strconv.Itoa(i))
		}
	}
	slices.Sort(want)
	slices.Sort(w.server.lines)
	if !slices.Equal(want, w.server.lines) {
		w.t.Fatalf("of %d lines read, the server has %d", len(want), len(w.server.lines))
	}
	if !maps.Equal(w.spool.Places(), places(w.read)) {
		w.t.Fatalf("places %v, want %v", w.spool.Places(), w.read)
	}
}

func places(read map[string]int) map[string]string {
	out := map[string]string{}
	for name, n := range read {
		out[name] = strconv.Itoa(n)
	}
	return out
}

// TestEveryLineArrivesOnce lets an agent live through crashes, power cuts and a
// disk that fails: at the end the server has each line that was read once.
func TestEveryLineArrivesOnce(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 50
	}
	lines, crashes := 0, 0
	for seed := range seeds {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			w := &world{
				t: t, rng: rand.New(rand.NewPCG(seed, 2)), disk: fsx.NewMem(), ill: seed%2 == 1,
				promise: map[string]int{}, server: server{chunks: map[string]string{}},
			}
			w.start()
			for range 200 {
				w.step()
			}
			w.end()
			lines, crashes = lines+len(w.server.lines), crashes+w.boot
		})
	}
	t.Logf("%d lines over %d power cuts", lines, crashes)
}

// TestOfEveryCallToTheDiskTheNextCanBeThePowerCut tries each call of a session
// as the last one.
func TestOfEveryCallToTheDiskTheNextCanBeThePowerCut(t *testing.T) {
	for n := 1; ; n++ {
		w := &world{
			t: t, rng: rand.New(rand.NewPCG(uint64(n), 3)), disk: fsx.NewMem(),
			promise: map[string]int{}, server: server{chunks: map[string]string{}},
		}
		calls := 0
		var after *fsx.Mem
		fs := fsx.Faulty(w.disk, func(op fsx.Op) error {
			if !op.Kind.Reads() {
				if calls++; calls == n {
					after = w.disk.CrashClone(w.rng)
				}
			}
			if after != nil && !op.Kind.Reads() {
				return syscall.EIO // the machine is off
			}
			return nil
		})
		w.session(fs)
		if after == nil {
			t.Logf("%d calls", calls)
			return
		}
		w.disk, w.boot = after, 1
		w.start()
		w.keep()
		w.end()
	}
}

// session is short and does everything once.
func (w *world) session(fs fsx.FS) {
	var err error
	if w.spool, _, err = Open(w.t.Context(), fs, "spool", Options{Boot: "0", SegmentBytes: 100}); err != nil {
		return
	}
	w.read = map[string]int{}
	for range 3 {
		w.keep()
		w.samples()
		w.deliver(true)
		w.keep()
		_ = w.spool.Checkpoint()
		w.deliver(true)
		w.samples()
	}
	_ = w.spool.Close()
}
