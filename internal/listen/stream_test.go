package listen

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// run feeds a stream and returns what it took, rejected and flushed.
func run(r io.Reader, limit int, keepRest bool) string {
	var out []string
	s := Stream{
		Limit: limit, Split: Lines, KeepRest: keepRest, Buffers: new(Buffers),
		Take:  func(b []byte) { out = append(out, string(b)) },
		Flush: func() { out = append(out, "/") },
		Reject: func(b []byte, reason error) {
			why := "cut"
			if errors.Is(reason, ErrTooLong) {
				why = "long"
			}
			out = append(out, fmt.Sprintf("%s(%.3s)", why, b))
		},
	}
	s.Run(r)
	return strings.Join(out, " ")
}

func TestWholeMessagesAreTakenAndPartsAreNot(t *testing.T) {
	check := func(in string, keepRest bool, want string) {
		t.Helper()
		if got := run(strings.NewReader(in), 10, keepRest); got != want {
			t.Errorf("%.60q: got %.60s, want %s", in, got, want)
		}
		oneByOne := strings.ReplaceAll(run(iotest.OneByteReader(strings.NewReader(in)), 10, keepRest), " /", "")
		if want = strings.ReplaceAll(want, " /", ""); oneByOne != want {
			t.Errorf("%.60q byte by byte: got %.60s, want %s", in, oneByOne, want)
		}
	}
	check("", false, "")
	check("a\nb\n\nc\n", false, "a b c /")
	check("a\nb", false, "a / cut(b)")
	check("a\nb", true, "a / b /")
	check("a\n0123456789\nb\n", false, "a 0123456789 b /")
	check("a\n"+strings.Repeat("x", 11)+"\nb\n", false, "a long(xxx) b /")
	check("a\n"+strings.Repeat("x", 5000)+"\nb\n"+strings.Repeat("y", 5000), true, "a long(xxx) b long(yyy) /")
}

func TestALineOfAMebibyteIsCountedOnceAndHoldsNoMemory(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	got := run(strings.NewReader("a\n"+long+"\nb\n"+long), bufferSize-1, false)
	if strings.Count(got, "long") != 2 || strings.Count(got, "a /") != 1 || strings.Count(got, "b /") != 1 {
		t.Errorf("got %.200s", got)
	}
	held := 0
	s := Stream{Limit: bufferSize - 1, Split: Lines, Buffers: new(Buffers), Take: func([]byte) {}, Flush: func() {}, Reject: func([]byte, error) {}}
	r := readerFunc(func(p []byte) (int, error) { held = max(held, len(p)); return len(p), iotestErr(&long) })
	s.Run(r)
	if held > bufferSize {
		t.Errorf("a read was offered %d bytes, want at most %d", held, bufferSize)
	}
}

// iotestErr ends the stream after the text was used up in steps.
func iotestErr(left *string) error {
	if len(*left) < 4096 {
		return io.EOF
	}
	*left = (*left)[4096:]
	return nil
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestStreamsGiveTheSameWhateverTheReadsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[a-z]{0,40}`)).Draw(t, "lines")
		text := strings.Repeat(strings.Join(lines, "\n")+"\n", rapid.IntRange(1, 40).Draw(t, "times"))
		sizes := rapid.SliceOfN(rapid.IntRange(1, 3000), 1, 20).Draw(t, "reads")
		src, i := strings.NewReader(text), 0
		got := run(readerFunc(func(p []byte) (int, error) {
			i++
			return src.Read(p[:min(len(p), sizes[i%len(sizes)])])
		}), 30, true)
		want := run(strings.NewReader(text), 30, true)
		strip := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, " /", ""), "/", "") }
		if strip(got) != strip(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}
