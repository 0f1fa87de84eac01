package tail

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// content is what was written to one file, wherever it is now.
type content struct {
	number  int
	lines   []string
	partial string
	seen    bool // the tailer looked while it stood at its path
	orphan  bool // it was renamed before the tailer looked: who should know it?
}

// world is the model: writers, what rotates their files, and what is due.
type world struct {
	*rig
	rt    *rapid.T
	all   []*content
	names map[string]*content // app.log, app.log.1 …
	may   map[string]bool     // lines that were destroyed, perhaps before they were read
	lines int
	every bool // the glob names rotated files, too
	packs bool
	// turned is whether files changed their names since the last look.
	turned bool
}

const log = "app.log"

func (w *world) content(name string) *content {
	if w.names[name] == nil {
		c := &content{number: len(w.all)}
		w.all, w.names[name] = append(w.all, c), c
		w.write(name, "")
	}
	return w.names[name]
}

// line is a text that was never written before.
func (w *world) line(c *content) string {
	w.lines++
	return fmt.Sprintf("c%d n%d %s", c.number, len(c.lines), strings.Repeat("x", rapid.SampledFrom([]int{0, 5, 100, 700}).Draw(w.rt, "length")))
}

func (w *world) add(name string, whole bool) {
	c := w.content(name)
	if c.partial == "" {
		c.partial = w.line(c)
		if !whole {
			w.write(name, c.partial)
			return
		}
		w.write(name, c.partial+"\n")
	} else {
		w.write(name, "\n")
	}
	if c.orphan {
		w.may[c.partial] = true
	}
	c.lines, c.partial = append(c.lines, c.partial), ""
}

// destroyed notes that what was not read of a content may never be.
func (w *world) destroyed(c *content) {
	if c == nil {
		return
	}
	for _, l := range append([]string{c.partial}, c.lines...) {
		if l != "" && w.seen[l] == 0 {
			w.may[l] = true
		}
	}
}

// unread reports whether nothing of a content was read, so that a copy of it
// can't be known.
func (w *world) unread(c *content) bool {
	return !slices.ContainsFunc(c.lines, func(l string) bool { return w.seen[l] > 0 })
}

// shift makes room at app.log.1.
func (w *world) shift() {
	for i := 3; i >= 1; i-- {
		for _, end := range []string{"", ".gz"} {
			from, to := fmt.Sprintf("%s.%d%s", log, i, end), fmt.Sprintf("%s.%d%s", log, i+1, end)
			c := w.names[from]
			if c == nil {
				continue
			}
			if i == 3 {
				w.destroyed(c)
				w.must(os.Remove(w.path(from)))
			} else {
				w.rename(from, to)
				w.names[to] = c
			}
			delete(w.names, from)
		}
	}
}

func (w *world) rotate() {
	c := w.content(log)
	w.shift()
	w.rename(log, log+".1")
	w.names[log+".1"] = c
	delete(w.names, log)
	if !c.seen && !w.every {
		c.orphan = true
		w.destroyed(c)
	}
}

func (w *world) copytruncate() {
	c := w.content(log)
	if w.unread(c) && !w.every {
		w.destroyed(c)
	}
	w.shift()
	text, err := os.ReadFile(w.path(log))
	w.must(err)
	w.write(log+".1", string(text))
	w.names[log+".1"] = c
	w.must(os.Truncate(w.path(log), 0))
	delete(w.names, log)
	w.content(log)
	w.names[log].seen = c.seen
}

func (w *world) truncate() {
	w.destroyed(w.content(log))
	w.must(os.Truncate(w.path(log), 0))
	seen := w.names[log].seen
	delete(w.names, log)
	w.content(log).seen = seen
}

func (w *world) remove() {
	w.destroyed(w.content(log))
	w.must(os.Remove(w.path(log)))
	delete(w.names, log)
}

func (w *world) replace() {
	w.destroyed(w.content(log))
	delete(w.names, log)
	w.write("tmp", "")
	w.rename("tmp", log)
	w.content(log)
	w.add(log, true)
}

// gzip packs app.log.1, once its writer has long left it.
func (w *world) gzip() {
	c := w.names[log+".1"]
	if c == nil || w.names[log+".1.gz"] != nil || !c.seen && !w.every {
		return
	}
	if w.unread(c) && (!w.every || !w.packs) {
		w.destroyed(c)
	}
	w.destroyed(nil)
	text, err := os.ReadFile(w.path(log + ".1"))
	w.must(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(text)
	w.must(err)
	w.must(z.Close())
	w.write(log+".1.gz", b.String())
	w.must(os.Remove(w.path(log + ".1")))
	w.names[log+".1.gz"] = c
	delete(w.names, log+".1")
}

// turn changes which file is what, at most once between two looks: more of it,
// with copies and packed ones, can't be told from contents alone.
func (w *world) turn(change func()) {
	if w.turned {
		w.look()
	}
	change()
	w.turned = true
}

func (w *world) look() {
	if w.sweep() {
		w.turned = false
		for name, c := range w.names {
			c.seen = c.seen || name == log || w.every
		}
	}
}

func (w *world) die(how int) {
	w.keep = how
	w.sweep()
	w.keep = keeps
	w.restart()
}

// check looks at what was read: each line once, in order, and nothing else.
func (w *world) check() {
	w.settle()
	due := map[string]bool{}
	for _, c := range w.all {
		for _, l := range c.lines {
			due[l] = true
		}
		if c.partial != "" && w.names[log] != c {
			due[c.partial] = true
		}
	}
	next := map[string]int{}
	for _, e := range w.got {
		var number, line int
		_, _ = fmt.Sscanf(e.Message, "c%d n%d", &number, &line)
		key := fmt.Sprint(number)
		if !due[e.Message] && !w.may[e.Message] || line < next[key] {
			w.rt.Fatalf("unexpected or out of order: %.60q", e.Message)
		}
		next[key] = line + 1
	}
	for l := range due {
		if n := w.seen[l]; n > 1 || n == 0 && !w.may[l] {
			w.rt.Fatalf("%.60q came %d times", l, n)
		}
	}
}

// Whatever writers and rotation do, and whenever the tailer is killed, each line
// comes once and in order, but for those that were destroyed.
func TestNothingIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		rule := Rule{Files: []string{rapid.SampledFrom([]string{"*.log", "app.log*"}).Draw(rt, "glob")}}
		rule.Compressed = rapid.Bool().Draw(rt, "compressed")
		w := &world{rig: newRig(rt, dir, rule), rt: rt, names: map[string]*content{}, may: map[string]bool{}, every: rule.Files[0] == "app.log*", packs: rule.Compressed}
		w.content(log)
		w.look()
		rt.Repeat(map[string]func(*rapid.T){
			"line":         func(*rapid.T) { w.add(log, true) },
			"lines":        func(*rapid.T) { w.add(log, true); w.add(log, true) },
			"partial":      func(*rapid.T) { w.add(log, false) },
			"old writer":   func(*rapid.T) { w.turn(w.rotate); w.add(log+".1", true) },
			"rotate":       func(*rapid.T) { w.turn(w.rotate) },
			"copytruncate": func(*rapid.T) { w.turn(w.copytruncate) },
			"truncate":     func(*rapid.T) { w.turn(w.truncate) },
			"remove":       func(*rapid.T) { w.turn(w.remove) },
			"replace":      func(*rapid.T) { w.turn(w.replace) },
			"gzip":         func(*rapid.T) { w.turn(w.gzip) },
			"look":         func(*rapid.T) { w.look() },
			"settle":       func(*rapid.T) { w.settle(); w.look() },
			"deny":         func(*rapid.T) { w.denied[w.path(log)] = true },
			"allow":        func(*rapid.T) { clear(w.denied) },
			"restart":      func(*rapid.T) { w.restart() },
			"kill before":  func(*rapid.T) { w.die(refuses) },
			"kill after":   func(*rapid.T) { w.die(keepsAndDies) },
		})
		clear(w.denied)
		w.check()
	})
}
