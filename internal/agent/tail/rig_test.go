package tail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/telemetry"
)

// failer is what both kinds of tests offer.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// What the keeper does with what it is given.
const (
	keeps = iota
	refuses
	keepsAndDies
)

// rig is a keeper of entries and places, and the tailer that serves it.
type rig struct {
	t      failer
	dir    string
	clock  *clock.Manual
	counts *telemetry.Set
	rules  []Rule
	tailer *Tailer

	places map[string]string
	got    []entry.Entry
	seen   map[string]int // of each message, how often
	keep   int
	denied map[string]bool
	told   []string
	most   int // entries at once
}

func newRig(t failer, dir string, rules ...Rule) *rig {
	r := &rig{t: t, dir: dir, clock: clock.NewManual(time.Unix(1_800_000_000, 0)), counts: new(telemetry.Set), rules: rules,
		places: map[string]string{}, seen: map[string]int{}, denied: map[string]bool{}}
	r.restart()
	return r
}

// restart drops the tailer as kill -9 would, and begins one from what was kept.
func (r *rig) restart() {
	r.t.Helper()
	if r.tailer != nil {
		r.tailer.closeAll()
	}
	rules := append([]Rule(nil), r.rules...)
	for i := range rules {
		rules[i].Files = nil
		for _, f := range r.rules[i].Files {
			rules[i].Files = append(rules[i].Files, filepath.Join(r.dir, f))
		}
	}
	var err error
	r.tailer, err = New(Options{
		Rules: rules, Places: maps.Clone(r.places), Clock: r.clock, Telemetry: r.counts, unseen: true,
		Keep:    func(_ context.Context, e []entry.Entry, p map[string]string) error { return r.take(e, p) },
		Missing: func(_ string, err error) { r.told = append(r.told, err.Error()) },
		Tell:    func(_, sentence string) { r.told = append(r.told, sentence) },
		open: func(path string) (handle, error) {
			if r.denied[path] {
				return nil, fs.ErrPermission
			}
			return openFile(path)
		},
	})
	if err != nil {
		r.t.Fatalf("%v", err)
	}
}

var errRefused = errors.New("refused")

func (r *rig) take(entries []entry.Entry, places map[string]string) error {
	if r.keep == refuses {
		return errRefused
	}
	r.most = max(r.most, len(entries))
	for _, e := range entries {
		e.Message = strings.Clone(e.Message)
		r.got = append(r.got, e)
		r.seen[e.Message]++
	}
	for key, value := range places {
		if value == "" {
			delete(r.places, key)
		} else {
			r.places[key] = value
		}
	}
	if r.keep == keepsAndDies {
		return errRefused
	}
	return nil
}

// sweep looks at everything and reads all that is new, a second later; false when
// the keeper ended that.
func (r *rig) sweep() bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.clock.Advance(time.Second)
	if r.keep != keeps {
		cancel() // the wait for another try ends at once
	}
	for i := 0; ; i++ {
		if err := r.tailer.round(ctx); err != nil {
			return false
		}
		if len(r.tailer.queue) == 0 {
			return true
		}
		if i > 1000 {
			r.t.Fatalf("it never comes to rest: %+v", *r.tailer.queue[0])
		}
	}
}

func (r *rig) settle() {
	for range 16 {
		r.sweep()
	}
}

// messages is what was kept since it was asked last.
func (r *rig) messages() string {
	var out []string
	for _, e := range r.got {
		out = append(out, e.Message)
	}
	r.got = nil
	return strings.Join(out, "|")
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%v", err)
	}
}

// write appends to a file, which is made where there is none.
func (r *rig) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	r.must(err)
	_, err = f.WriteString(text)
	r.must(err)
	r.must(f.Close())
}

func (r *rig) rename(from, to string) { r.t.Helper(); r.must(os.Rename(r.path(from), r.path(to))) }

func (r *rig) want(messages string) {
	r.t.Helper()
	if got := r.messages(); got != messages {
		r.t.Fatalf("got  %.500s\nwant %.500s", got, messages)
	}
}

func start(t *testing.T, rules ...Rule) *rig {
	t.Helper()
	if len(rules) == 0 {
		rules = []Rule{{Files: []string{"*.log"}}}
	}
	return newRig(t, t.TempDir(), rules...)
}

func long(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s %d %s\n", name, i, strings.Repeat("x", 60))
	}
	return b.String()
}
