// Package tail follows this host's log files: each line that is written to one
// becomes an entry, through rotation by any means and through our own restarts.
//
// Invariant: a file's entries are handed on in its order, together with the place
// behind them, so that a keeper that keeps both or neither gets nothing twice and
// nothing never. What was destroyed before it was read is counted and told. A
// place is an offset and hashes of the bytes before it, so that it holds only for
// the content that it was made for. Files at rest hold no descriptor and no
// buffer. What can't be read is told once and tried again; a fault of one file
// never stops another.
package tail

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/telemetry"
)

// Rule says which files to follow, and how.
type Rule struct {
	// Files are globs of absolute paths; ** stands for any directories.
	Files []string
	// Component is where entries are filed: a dotted name in which {stem} is the
	// file's name up to its first dot, {name} all of it, and {dir} its
	// directory's; "" is "{stem}".
	Component string
	// Host is put into entries; "" leaves it to who keeps them.
	Host string
	// FromEnd leaves out what is in files at the first scan of their glob.
	FromEnd bool
	// Compressed reads gzip'd files, once.
	Compressed bool
	// Start matches the first lines of entries of several, Continue the others;
	// both in the syntax RE2, at most one is given.
	Start, Continue string
}

// Options are what a Tailer needs.
type Options struct {
	Rules []Rule
	// Root is put before all paths; "" is "/".
	Root string
	// Keep keeps the entries and the places, both or neither, and may take its
	// time; after an error it is called again with the same ones. A value ""
	// forgets a place. Slice and map are the tailer's again when it returns, the
	// strings are the keeper's; entries of a file share their Fields.
	Keep func(ctx context.Context, entries []entry.Entry, places map[string]string) error
	// Places are those kept before. Only keys that begin with PlacePrefix are
	// looked at.
	Places map[string]string
	// Missing is told once about each path that can't be read; may be nil.
	Missing func(path string, err error)
	// Tell is told what an operator should know, as that bytes were lost; may be
	// nil.
	Tell      func(path, sentence string)
	Clock     clock.Clock
	Telemetry *telemetry.Set
	// MaxLine is where lines and entries are cut, in bytes; 0 is
	// entry.MaxMessage, which is the most.
	MaxLine int

	// open and watch replace the system in tests.
	open   func(path string) (handle, error)
	unseen bool // no notification by the kernel: poll
}

// PlacePrefix begins the keys of all places of this package.
const PlacePrefix = "file/"

// Times of a tailer.
const (
	grace      = 5 * time.Second        // a rotated file that has not grown for it is at its end
	groupTime  = time.Second            // lines of one entry follow each other within it
	missTime   = 5 * time.Second        // a file that can't be found for it is gone
	waitTime   = 30 * time.Second       // a new file waits at most so long for the rotated one
	tendEvery  = 250 * time.Millisecond // between looks at what waits for time to pass
	slowPoll   = time.Minute            // between looks at all, where the kernel notifies
	pollRate   = 2000                   // files looked at in a second, where it does not
	scanPause  = time.Second            // at least, between scans that events ask for
	retryPause = time.Second            // until what was not kept is offered again
	restTime   = time.Hour              // after which a rotated file outside all globs is forgotten
	goneTime   = 72 * time.Hour         // how long a content is known by its hashes alone
)

// Bounds of what is handed on at once.
const (
	batchBytes   = 1 << 20
	batchEntries = maxPieces
	batchPlaces  = 1000
)

// Tailer follows files. Run is for one goroutine.
type Tailer struct {
	options Options
	rules   []*rule
	counts  counts

	byID   map[id]*file
	byPath map[string]*file
	// alias leads from what a symbolic link points to, to the link.
	alias map[string]string
	// known are places whose file has not been seen since the start, gone those
	// whose file is no more.
	known map[id]place
	gone  map[string]place
	globs map[string]bool // that were scanned before

	queue    []*file
	care     map[*file]bool // that something is to be done about as time passes
	away     map[*file]bool // that are not where they were found
	copies   map[*file]bool // that wait, or waited, as copies of others
	open     []*file        // with a descriptor
	unzips   int            // files that are being unpacked
	listings map[string]listing
	names    map[string]nameList
	told     map[string]bool
	buffer   []byte
	pieces   []piece // as buffer, used again

	scanned time.Time
	rescan  bool
	watch   *watcher

	entries []entry.Entry
	bytes   int
	places  map[string]string
}

type counts struct {
	entries, bytes, rotations, truncations, lost, holes, cut, errors *telemetry.Counter
}

// rule is a Rule that is ready.
type rule struct {
	Rule
	files           []string
	starts, follows *regexp.Regexp
	first           bool // this scan is the first of its globs
}

// New is a tailer. The error names the pattern that is no regular expression.
func New(o Options) (*Tailer, error) {
	o = o.withDefaults()
	t := &Tailer{
		options: o, byID: map[id]*file{}, byPath: map[string]*file{}, alias: map[string]string{}, known: map[id]place{}, gone: map[string]place{},
		globs: map[string]bool{}, care: map[*file]bool{}, away: map[*file]bool{}, copies: map[*file]bool{}, listings: map[string]listing{}, names: map[string]nameList{}, told: map[string]bool{}, places: map[string]string{},
	}
	count := func(name string) *telemetry.Counter { return o.Telemetry.Counter("tail." + name) }
	t.counts = counts{count("entries"), count("bytes"), count("rotations"), count("truncations"), count("lost_bytes"), count("hole_bytes"), count("cut_bytes"), count("errors")}
	for _, r := range o.Rules {
		ready, err := newRule(r, o.Root)
		if err != nil {
			return nil, err
		}
		t.rules = append(t.rules, ready)
	}
	t.load(o.Places)
	o.Telemetry.Gauge("tail.files", func() float64 {
		return float64(o.Telemetry.Counter("tail.added").Value() - o.Telemetry.Counter("tail.removed").Value())
	})
	return t, nil
}

func (o Options) withDefaults() Options {
	if o.Root == "" {
		o.Root = "/"
	}
	if o.MaxLine <= 0 || o.MaxLine > entry.MaxMessage {
		o.MaxLine = entry.MaxMessage
	}
	if o.Missing == nil {
		o.Missing = func(string, error) {}
	}
	if o.Tell == nil {
		o.Tell = func(string, string) {}
	}
	if o.open == nil {
		o.open = openFile
	}
	return o
}

func newRule(r Rule, root string) (*rule, error) {
	ready := &rule{Rule: r}
	for _, glob := range r.Files {
		ready.files = append(ready.files, under(root, glob))
	}
	var err error
	if ready.starts, err = compile(r.Start); err != nil {
		return nil, err
	}
	ready.follows, err = compile(r.Continue)
	return ready, err
}

func compile(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("multi-line pattern %q: %w", pattern, err)
	}
	return re, nil
}

// several reports whether entries may have more than one line.
func (r *rule) several() bool { return r.starts != nil || r.follows != nil }

// Run follows the files until ctx ends; it then returns nil. What was read and
// not kept by then is read again next time.
func (t *Tailer) Run(ctx context.Context) error {
	if !t.options.unseen {
		t.watch = newWatcher(t.options.Clock, t.options.Missing)
		defer t.watch.stop()
	}
	defer t.closeAll()
	for ctx.Err() == nil {
		if err := t.round(ctx); err != nil {
			break // ctx has ended
		}
		if len(t.queue) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-t.watch.signal():
		case <-t.options.Clock.After(t.pause()):
		}
	}
	return nil
}

// round looks at what has changed and reads each file that has news once.
func (t *Tailer) round(ctx context.Context) error {
	now := t.options.Clock.Now()
	t.notice(now)
	t.tend(now)
	return t.drain(ctx, now)
}

// pause is how long nothing needs to be looked at unless an event comes.
func (t *Tailer) pause() time.Duration {
	if len(t.care) > 0 || t.rescan {
		return tendEvery
	}
	return t.every()
}

// every is the time between two scans.
func (t *Tailer) every() time.Duration {
	if t.watch.works() {
		return slowPoll
	}
	return max(time.Second, time.Duration(len(t.byPath))*time.Second/pollRate)
}

// notice scans the globs when it is time, else looks at what events name.
func (t *Tailer) notice(now time.Time) {
	changed, missed := t.watch.take()
	if missed || t.scanned.IsZero() || now.Sub(t.scanned) >= t.every() || t.rescan && now.Sub(t.scanned) >= scanPause {
		t.scan(now)
		return
	}
	for _, e := range changed {
		if e.dir {
			t.rescan = true
			continue
		}
		path := e.path
		if link, ok := t.alias[path]; ok {
			path = link
		}
		t.look(path, t.ruleOf(path), now)
	}
}

// passes are how often the queue is gone through before what little was read is
// handed on: handing on costs a sync.
const passes = 4

// drain reads the files that are queued, a window each in turn, so that a busy one
// does not keep the others waiting, until there is enough to hand on.
func (t *Tailer) drain(ctx context.Context, now time.Time) error {
	for range passes {
		if err := t.pass(ctx, now); err != nil {
			return err
		}
		if len(t.queue) == 0 || t.bytes == 0 {
			break
		}
	}
	return t.flush(ctx)
}

// pass reads each queued file once.
func (t *Tailer) pass(ctx context.Context, now time.Time) error {
	queue := t.queue
	t.queue = nil
	for i, f := range queue {
		f.queued = false
		if t.read(f, now) {
			t.enqueue(f)
		}
		if t.bytes >= batchBytes || len(t.entries) >= batchEntries || len(t.places) >= batchPlaces {
			if err := t.flush(ctx); err != nil {
				t.queue = append(t.queue, queue[i+1:]...)
				return err
			}
		}
	}
	return nil
}

func (t *Tailer) enqueue(f *file) {
	if !f.queued {
		f.queued = true
		t.queue = append(t.queue, f)
	}
}

// flush hands on what was read, however long it takes. It fails when ctx ends.
func (t *Tailer) flush(ctx context.Context) error {
	for len(t.entries) > 0 || len(t.places) > 0 {
		err := t.options.Keep(ctx, t.entries, t.places)
		if err == nil {
			break
		}
		t.counts.errors.Inc()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.options.Clock.After(retryPause):
		}
	}
	t.counts.entries.Add(len(t.entries))
	t.counts.bytes.Add(t.bytes)
	clear(t.entries)
	clear(t.places)
	t.entries, t.bytes = t.entries[:0], 0
	return nil
}
