package logs

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/test/shared"
)

// corpus makes entries of real lines: n of them in order of time over a day,
// of each real file one component or more. The last three digits of long numbers are
// replaced, because a file repeated would compress as no real log does.
func corpus(t testing.TB, n int) []entry.Entry {
	t.Helper()
	files := realFiles(t)
	rng := rand.New(rand.NewPCG(42, 1))
	out := make([]entry.Entry, n)
	step := 24 * int64(time.Hour) / int64(n)
	for i := range out {
		f := &files[rng.IntN(len(files))]
		text := f.lines[f.next%len(f.lines)]
		if f.next++; f.next > len(f.lines) {
			text = mutate(rng, text)
		}
		out[i] = entry.Entry{
			Time:      start.UnixNano() + int64(i)*step + rng.Int64N(step),
			Component: f.component, Host: "web0" + string(rune('1'+rng.IntN(6))),
			Level: entry.Info + entry.Level(rng.IntN(20)/17), Message: text,
		}
		if f.request {
			out[i].Fields = requestFields(text)
		}
	}
	return out
}

type realFile struct {
	component string
	lines     []string
	next      int
	request   bool
}

func realFiles(t testing.TB) []realFile {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(shared.Path(t, "logs", "loghub"), "*_2k.log"))
	names = append(names, filepath.Join(shared.Path(t, "logs", "access"), "nginx-request_time-own.log"),
		filepath.Join(shared.Path(t, "logs", "access"), "apache_combined_10k.log"))
	var out []realFile
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.ToLower(strings.TrimSuffix(filepath.Base(name), "_2k.log"))
		base, _, _ = strings.Cut(base, "_")
		base, _, _ = strings.Cut(base, ".")
		lines := slices.DeleteFunc(strings.Split(string(b), "\n"), func(s string) bool { return s == "" })
		out = append(out, realFile{component: "real." + base, lines: lines, request: strings.Contains(name, "access")})
	}
	return out
}

func mutate(rng *rand.Rand, s string) string {
	b := []byte(s)
	for i := 3; i < len(b); i++ {
		if isDigit(b[i]) && isDigit(b[i-1]) && isDigit(b[i-2]) && (i+1 == len(b) || !isDigit(b[i+1])) {
			for j := i - 2; j <= i; j++ {
				b[j] = byte('0' + rng.IntN(10))
			}
		}
	}
	return string(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// requestFields are the fields that the pipeline makes of an access log's line,
// about.
func requestFields(text string) []entry.Field {
	words := strings.Fields(text)
	if len(words) < 10 {
		return nil
	}
	return []entry.Field{
		{Key: "client", Value: words[0]}, {Key: "method", Value: strings.Trim(words[5], `"`)},
		{Key: "path", Value: words[6]}, {Key: "status", Value: words[8]}, {Key: "bytes", Value: words[9]},
		{Key: "request_time", Value: words[len(words)-1]},
	}
}

// rawBytes is what the entries take as lines.
func rawBytes(entries []entry.Entry) (n int) {
	for i := range entries {
		n += len(entries[i].Message) + 1
	}
	return n
}
