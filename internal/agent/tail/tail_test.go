package tail

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"patou/internal/entry"
)

func TestLinesBecomeEntriesOfTheirFile(t *testing.T) {
	r := start(t, Rule{Files: []string{"web/*.log"}, Component: "web.{stem}", Host: "h"}, Rule{Files: []string{"**/*.log"}, Component: "{dir}"})
	r.must(os.MkdirAll(r.path("web/deep"), 0o755))
	r.write("web/Access-x.log", "a\r\n\nb")
	r.write("web/deep/x.log", "c\n")
	r.sweep()
	r.write("web/Access-x.log", "c\n")
	r.sweep()
	var out []string
	for _, e := range r.got {
		file, _ := e.Field("file")
		out = append(out, e.Component+" "+e.Host+" "+filepath.Base(file)+" "+e.Message)
	}
	if got := strings.Join(out, "|"); got != "web.access-x h Access-x.log a|deep  x.log c|web.access-x h Access-x.log bc" {
		t.Error(got)
	}
}

func TestFilesMayStartAtTheirEnd(t *testing.T) {
	r := start(t, Rule{Files: []string{"*.log"}, FromEnd: true})
	r.write("a.log", "old\nold tail")
	r.sweep()
	r.write("a.log", " end\nnew\n")
	r.write("b.log", "all\n")
	r.sweep()
	r.want("new|all")
	r.write("c.log", "while away\n")
	r.restart()
	r.sweep()
	r.want("while away")
}

func TestARotatedFileIsReadToItsEnd(t *testing.T) {
	r := start(t)
	r.write("a.log", "1\n2\n")
	r.sweep()
	r.write("a.log", "3\n4")
	r.rename("a.log", "a.log.1")
	r.write("a.log", "6\n")
	r.sweep()
	r.want("1|2|3")
	r.write("a.log.1", "\n5\n")
	r.settle()
	r.want("4|5|6")
	r.write("a.log.1", "end")
	r.settle()
	r.want("end")
}

func TestWhatWasRotatedWhileWeWereAwayIsFound(t *testing.T) {
	r := start(t)
	r.write("a.log", long("a", 30))
	r.sweep()
	r.messages()
	r.write("a.log", "behind\n")
	r.rename("a.log", "a.log.2")
	r.write("a.log.1", "between\n")
	r.write("a.log", "new\n")
	r.restart()
	r.settle()
	r.want("behind|between|new")
}

func TestWhatWasPackedWhileWeWereAwayIsFound(t *testing.T) {
	r := start(t)
	r.write("a.log", long("a", 30))
	r.sweep()
	r.messages()
	r.write("a.log", "behind\n")
	r.pack("a.log", "a.log.1.gz")
	r.write("a.log", "new\n")
	r.restart()
	r.settle()
	r.want("behind|new")
	r.restart()
	r.settle()
	r.want("")
}

// pack does what gzip does.
func (r *rig) pack(from, to string) {
	r.t.Helper()
	text, err := os.ReadFile(r.path(from))
	r.must(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(text)
	r.must(err)
	r.must(z.Close())
	r.write(to, b.String())
	r.must(os.Remove(r.path(from)))
}

func TestPackedFilesAreReadOnceIfAsked(t *testing.T) {
	r := start(t, Rule{Files: []string{"*"}, Compressed: true})
	r.write("a", long("old", 5000)+"tail")
	r.pack("a", "b.log.2.gz")
	r.settle()
	if got := r.messages(); strings.Count(got, "old") != 5000 || !strings.HasSuffix(got, "|tail") {
		t.Errorf("%d, %.100s", strings.Count(got, "old"), got)
	}
	r.write("b.log", long("new", 40))
	r.settle()
	r.messages()
	r.pack("b.log", "b.log.1.gz")
	r.settle()
	r.restart()
	r.settle()
	r.want("")
	r = start(t)
	r.write("c.log", "\x1f\x8b\x08rest\n")
	r.settle()
	r.want("")
}

func TestATruncatedFileIsReadAnew(t *testing.T) {
	r := start(t)
	r.write("a.log", long("a", 30))
	r.sweep()
	r.messages()
	r.must(os.Truncate(r.path("a.log"), 0))
	r.write("a.log", "b\n")
	r.sweep()
	r.want("b")
	r.must(os.Truncate(r.path("a.log"), 0))
	r.write("a.log", "grown past the offset\n")
	r.sweep()
	r.want("grown past the offset")
	if n := r.counts.Counter("tail.truncations").Value(); n != 2 {
		t.Errorf("%d truncations", n)
	}
}

func TestACopyThatCopytruncateMadeIsReadOnlyWhereNeeded(t *testing.T) {
	for _, glob := range []string{"*", "*.log"} {
		r := start(t, Rule{Files: []string{glob}})
		r.write("a.log", long("a", 30))
		r.sweep()
		r.messages()
		r.write("a.log.1", "") // the copy begins
		r.sweep()
		r.write("a.log.1", long("a", 30)[:100])
		r.sweep()
		r.want("")
		r.write("a.log.1", long("a", 30)[100:]+"behind\nend")
		r.write("a.log", "behind\nend")
		r.must(os.Truncate(r.path("a.log"), 0))
		r.write("a.log", "new\n")
		r.settle()
		r.want("behind|end|new")
		r.restart()
		r.settle()
		r.want("")
	}
}

func TestFilesWithTheSameFirstLinesAreTwoFiles(t *testing.T) {
	r := start(t)
	r.write("a.log", "header\n")
	r.sweep()
	r.write("a-b.log", "header\n")
	r.sweep()
	r.write("a-b.log", "1\n")
	r.sweep()
	r.want("header|header|1")
}

func TestAFileWrittenAnewGoesOn(t *testing.T) {
	r := start(t)
	r.write("a.log", long("a", 30))
	r.sweep()
	r.messages()
	r.write("tmp", long("a", 30)+"more\n")
	r.rename("tmp", "a.log")
	r.settle()
	r.want("more")
	r.write("tmp", "other\n")
	r.rename("tmp", "a.log")
	r.settle()
	r.want("other")
}

func TestALinkMayLeadElsewhere(t *testing.T) {
	r := start(t, Rule{Files: []string{"cur.log", "data/*.log"}})
	r.must(os.MkdirAll(r.path("data"), 0o755))
	r.write("data/1.txt", "a\n")
	r.must(os.Symlink("data/1.txt", r.path("cur.log")))
	r.sweep()
	r.write("data/1.txt", "b\n")
	r.write("data/2.log", "c\n")
	r.must(os.Symlink("data/2.log", r.path("new")))
	r.rename("new", "cur.log")
	r.settle()
	r.want("a|b|c")
	r.restart()
	r.settle()
	r.want("")
}

func TestWhatIsNoFileIsSaidOnce(t *testing.T) {
	r := start(t)
	r.must(syscall.Mkfifo(r.path("pipe.log"), 0o644))
	r.must(os.Mkdir(r.path("dir.log"), 0o755))
	r.write("a.log", "secret\n")
	r.denied[r.path("a.log")] = true
	r.settle()
	if got := strings.Join(r.told, "|"); strings.Count(got, "pipe") != 2 || strings.Count(got, "opening") != 1 || len(r.told) != 2 {
		t.Error(got)
	}
	r.denied = nil
	r.sweep()
	r.want("secret")
}

func TestLostBytesAreToldOf(t *testing.T) {
	r := start(t)
	r.write("a.log", "a\nhalf")
	r.sweep()
	r.must(os.Truncate(r.path("a.log"), 0))
	r.settle()
	r.write("b.log", "half")
	r.sweep()
	r.tailer.closeAll()
	r.must(os.Remove(r.path("b.log")))
	r.settle()
	if got := strings.Join(r.told, "|"); strings.Count(got, "4 bytes") != 2 || r.counts.Counter("tail.lost_bytes").Value() != 8 {
		t.Errorf("%d: %s", r.counts.Counter("tail.lost_bytes").Value(), got)
	}
}

func TestHolesAreLeftOut(t *testing.T) {
	r := start(t)
	r.write("a.log", "a\n")
	r.sweep()
	f, err := os.OpenFile(r.path("a.log"), os.O_WRONLY, 0)
	r.must(err)
	_, err = f.WriteAt([]byte("b\n"), 3<<20)
	r.must(err)
	r.must(f.Close())
	r.settle()
	r.want("a|b")
	r.write("a.log", "c\n")
	r.restart()
	r.settle()
	r.want("c")
}

func TestLongLinesAreCutAndMarked(t *testing.T) {
	r := start(t)
	r.write("a.log", strings.Repeat("x", entry.MaxMessage)+"\n"+strings.Repeat("y", entry.MaxMessage+9)+"\n"+strings.Repeat("z", 3*entry.MaxMessage))
	r.sweep()
	r.restart()
	r.write("a.log", strings.Repeat("z", 2*entry.MaxMessage)+"\nend\n")
	r.sweep()
	var out []string
	for _, e := range r.got {
		cut, _ := e.Field(entry.CutField)
		out = append(out, fmt.Sprintf("%.1s%d%s", e.Message, len(e.Message)-entry.MaxMessage, cut))
	}
	if got := strings.Join(out, " "); got != "x0 y0message z0message e-262141" {
		t.Error(got)
	}
	if n := r.counts.Counter("tail.cut_bytes").Value(); n != 9+4*entry.MaxMessage {
		t.Errorf("%d bytes were cut", n)
	}
}

func TestLinesThatBelongTogetherAreOneEntry(t *testing.T) {
	r := start(t, Rule{Files: []string{"s.log"}, Start: `^\d`}, Rule{Files: []string{"c.log"}, Continue: `^\s|^Caused`})
	r.write("s.log", "1 a\n  at x\n\n  at y\n2 b\n")
	r.write("c.log", "x\n at x\nCaused by\ny\n")
	r.sweep()
	r.want("1 a\n  at x\n\n  at y|x\n at x\nCaused by")
	r.write("s.log", "  more\n")
	r.sweep()
	r.settle()
	if got := r.messages(); got != "y|2 b\n  more" && got != "2 b\n  more|y" {
		t.Error(got)
	}
	r.write("s.log", "3\n"+strings.Repeat("  x\n", 2*maxLines))
	r.settle()
	if n := len(r.got); n != 3 {
		t.Errorf("%d entries", n)
	}
}

func TestManyShortLinesAreHandedOnInParts(t *testing.T) {
	r := start(t, Rule{Files: []string{"*"}, Compressed: true})
	r.write("a.log", strings.Repeat("x\n", 3*maxPieces+5)+"end")
	r.write("b", strings.Repeat("y\n", 3*maxPieces+5)+"end")
	r.pack("b", "b.gz")
	r.settle()
	r.write("a.log", "\n")
	r.sweep()
	if got := strings.Split(r.messages(), "|"); len(got) != 6*maxPieces+12 {
		t.Errorf("%d entries", len(got))
	}
	if r.most > 2*maxPieces {
		t.Errorf("%d entries were handed on at once", r.most)
	}
}

func TestWhatIsNotKeptIsOfferedAgain(t *testing.T) {
	r := start(t)
	r.write("a.log", "a\n")
	r.keep = refuses
	r.sweep()
	r.keep = keeps
	r.restart()
	r.sweep()
	r.want("a")
	r.write("a.log", "b\n")
	r.keep = keepsAndDies
	r.sweep()
	r.keep = keeps
	r.restart()
	r.sweep()
	r.want("b")
}

func TestANumberUsedAgainIsAnotherFile(t *testing.T) {
	r := start(t)
	for i := range 20 {
		r.write(fmt.Sprintf("a%d.log", i), fmt.Sprintf("%d\n", i))
		r.sweep()
		r.must(os.Remove(r.path(fmt.Sprintf("a%d.log", i))))
		if i%2 == 0 {
			r.tailer.closeAll()
		}
	}
	r.settle()
	if got := r.messages(); len(strings.Split(got, "|")) != 20 {
		t.Error(got)
	}
	for _, e := range r.got {
		if e.Component != "a"+e.Message {
			t.Errorf("%s is filed under %s", e.Message, e.Component)
		}
	}
	r.sweep()
	r.clock.Advance(time.Minute)
	r.settle()
	if len(r.tailer.byID) != 0 || len(r.places) != 1 {
		t.Errorf("remembered: %v", r.places)
	}
}

func TestABusyFileIsHandedOnByMegabytes(t *testing.T) {
	r := start(t)
	r.write("a.log", strings.Repeat(strings.Repeat("x", 999)+"\n", 4000))
	r.sweep()
	if len(r.got) != 4000 || r.most < batchBytes/1000 || r.most > (batchBytes+windowSize)/1000 {
		t.Errorf("%d entries, at most %d at once", len(r.got), r.most)
	}
}
