package metrics

import (
	"bufio"
	"fmt"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"patou/internal/codec"
	"patou/internal/metric"
	"patou/test/shared"
)

// nab reads the values of the NAB series, one slice a file.
func nab(t testing.TB) map[string][]float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "metrics/nab"), "real*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no NAB series: %v", err)
	}
	out := map[string][]float64{}
	for _, file := range files {
		lines(t, file, func(line string) {
			_, text, _ := strings.Cut(line, ",")
			if v, err := strconv.ParseFloat(text, 64); err == nil {
				out[file] = append(out[file], v)
			}
		})
	}
	return out
}

// procSamples reads lines "second name value" that were sampled from /proc of a
// busy machine, as PATOU_PROC_SAMPLES names them.
func procSamples(t testing.TB) map[string][]float64 {
	t.Helper()
	file := os.Getenv("PATOU_PROC_SAMPLES")
	if file == "" {
		return nil
	}
	out := map[string][]float64{}
	lines(t, file, func(line string) {
		if f := strings.Fields(line); len(f) == 3 {
			if v, err := strconv.ParseFloat(f[2], 64); err == nil {
				out[f[1]] = append(out[f[1]], v)
			}
		}
	})
	return out
}

func lines(t testing.TB, file string, f func(string)) {
	t.Helper()
	r, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		f(scanner.Text())
	}
}

// xorBits is what Gorilla's codec takes for values, in bits: the comparison of
// ADR 2.
func xorBits(v []float64) (n int) {
	lead, trail := -1, 0
	for i := 1; i < len(v); i++ {
		x := math.Float64bits(v[i]) ^ math.Float64bits(v[i-1])
		l, tr := min(bits.LeadingZeros64(x), 31), bits.TrailingZeros64(x)
		switch {
		case x == 0:
			n++
		case lead >= 0 && l >= lead && tr >= trail:
			n += 2 + 64 - lead - trail
		default:
			lead, trail = l, tr
			n += 13 + 64 - l - tr
		}
	}
	return n + 64
}

// sizes sums up bytes by codec.
type sizes struct{ points, packed, xor, zstd, deltaZstd int }

func (s *sizes) add(enc *zstd.Encoder, v []float64) {
	b := codec.AppendFloats(nil, v)
	s.points += len(v)
	s.packed += len(b)
	s.xor += (xorBits(v) + 7) / 8
	z := len(enc.EncodeAll(b, nil))
	s.zstd += min(z, len(b))
	s.deltaZstd += len(enc.EncodeAll(fmt.Append(nil, v), nil))
}

// TestSizesOfRealSeries prints, with -v, the table of ADR 2, and holds the line
// that it drew.
func TestSizesOfRealSeries(t *testing.T) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	for name, series := range map[string]map[string][]float64{"nab": nab(t), "proc": procSamples(t)} {
		for _, n := range []int{60, 120, 360, 720, 960, 1440} {
			var s sizes
			for _, v := range series {
				for ; len(v) >= n; v = v[n:] {
					s.add(enc, v[:n])
				}
			}
			if s.points == 0 {
				continue
			}
			per := func(bytes int) float64 { return float64(bytes) / float64(s.points) }
			t.Logf("%s %4d slots: packed %.2f, with zstd %.2f, xor %.2f, text with zstd %.2f B/point", name, n, per(s.packed), per(s.zstd), per(s.xor), per(s.deltaZstd))
			if name == "nab" && n == 720 && per(s.packed) > 3.6 {
				t.Errorf("%.2f B/point", per(s.packed))
			}
		}
	}
}

// TestSketchesOfRealTimes prints, with -v, the table of ADR 3.
func TestSketchesOfRealTimes(t *testing.T) {
	took := regexp.MustCompile(` rt=([0-9.]+) .*`)
	stamp := regexp.MustCompile(`\[([^\]]+)\]`)
	bySlot := map[int64]*metric.Sketch{}
	var values []float64
	lines(t, shared.Path(t, "logs/access/nginx-request_time-own.log"), func(line string) {
		m, at := took.FindStringSubmatch(line), stamp.FindStringSubmatch(line)
		if m == nil || at == nil {
			return
		}
		when, err := time.Parse("02/Jan/2006:15:04:05 -0700", at[1])
		v, err2 := strconv.ParseFloat(m[1], 64)
		if err != nil || err2 != nil {
			return
		}
		slot := when.Unix() / 10
		if bySlot[slot] == nil {
			bySlot[slot] = &metric.Sketch{}
		}
		bySlot[slot].Observe(v)
		values = append(values, v)
	})
	whole, bytes := &metric.Sketch{}, 0
	for _, s := range bySlot {
		whole.Merge(s)
		bytes += len(s.AppendBinary(nil))
	}
	t.Logf("%d times in %d slots of 10 s: %.0f B a slot, %.2f B an observation; all merged: %d B", len(values), len(bySlot), float64(bytes)/float64(len(bySlot)), float64(bytes)/float64(len(values)), len(whole.AppendBinary(nil)))
	checkQuantiles(t, whole, values)
}

func checkQuantiles(t *testing.T, s *metric.Sketch, values []float64) {
	t.Helper()
	slices.Sort(values)
	for _, q := range []float64{0.5, 0.9, 0.95, 0.99, 0.999} {
		want, got := values[int(math.Ceil(q*float64(len(values))))-1], s.Quantile(q)
		t.Logf("p%v: %.4f, sketch %.4f, error %.3f %%", q*100, want, got, 100*math.Abs(got-want)/max(want, 1e-9))
		if math.Abs(got-want) > want*metric.RelativeError {
			t.Errorf("p%v is %v, want %v", q*100, got, want)
		}
	}
}

// TestRolledSizesOfRealSeries prints, with -v, the table of ADR 4: what slots
// rolled up six to one take.
func TestRolledSizesOfRealSeries(t *testing.T) {
	for name, series := range map[string]map[string][]float64{"nab": nab(t), "proc": procSamples(t)} {
		for _, how := range []struct {
			name   string
			finish func(*cell)
		}{
			{"sum, min, max, n", func(c *cell) { c.finish(Average) }},
			{"sum with its noise", func(c *cell) { c.last, c.small = math.NaN(), math.NaN() }},
			{"average instead of sum", func(c *cell) { c.finish(Average); c.sum /= float64(c.n) }},
			{"sum, last, min, max, n", func(c *cell) { c.finish(Last) }},
		} {
			bytes, cells := 0, 0
			for _, v := range series {
				n, size := rolledSize(v, how.finish)
				cells, bytes = cells+n, bytes+size
			}
			if cells > 0 {
				t.Logf("%s %-24s %.2f B/slot", name, how.name, float64(bytes)/float64(cells))
			}
		}
	}
}

func rolledSize(v []float64, finish func(*cell)) (cells, bytes int) {
	var w blockWriter
	r := &rolled{}
	for ; len(v) >= 6; v = v[6:] {
		c := cell{}
		for _, x := range v[:6] {
			c.add(x)
		}
		finish(&c)
		if r.cells = append(r.cells, c); len(r.cells) == windowSlots || len(v) < 12 {
			cells, bytes = cells+len(r.cells), bytes+len(w.rolled(r, 0))
			r.cells = r.cells[:0]
		}
	}
	return cells, bytes
}
