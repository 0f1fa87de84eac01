package graphite

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// update rewrites what the scripts expect; read the diff before keeping it.
func update() *flag.Flag { return flag.Lookup("update-scripts") }

func TestMain(m *testing.M) {
	flag.Bool("update-scripts", false, "rewrite the answers in testdata/*.txt")
	os.Exit(m.Run())
}

// TestScripts runs testdata/*.txt, one a family. Their language:
//
//	load STEP NAME VALUES…       a series; the first value stands at STEP seconds, _ is none,
//	                             3x5 is five times 3, 0+2x5 is 0 2 4 6 8 and so on, at=N begins at N seconds
//	rollup STEP NAME VALUES…     its coarser archive; the finest then holds the last 60 seconds only
//	observe STEP NAME VIEW V,V…  a view of a distribution with the observations of each step
//	eval TARGET from=N until=N [max=N] [xff=N]
//	  NAME | START+STEP | VALUES     what is drawn, a line a series
//	  error: TEXT                    or an error that contains the text
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, source: memory{}}
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		s.out = append(s.out, lines[i])
		words := strings.Fields(lines[i])
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		s.line = fmt.Sprintf("%s:%d", file, i+1)
		if words[0] != "eval" {
			s.load(words)
			continue
		}
		var want []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			i++
			want = append(want, lines[i])
		}
		got := s.eval(words[1:])
		s.out = append(s.out, got...)
		if !matches(want, got) && update().Value.String() != "true" {
			t.Errorf("%s: %s\n got:\n%s\n want:\n%s", s.line, lines[i-len(want)], strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if update().Value.String() == "true" {
		if err := os.WriteFile(file, []byte(strings.Join(s.out, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// matches takes a wanted error for a part of the one that came.
func matches(want, got []string) bool {
	if len(want) == 1 && len(got) == 1 && strings.HasPrefix(want[0], "  error: ") {
		return strings.Contains(got[0], strings.TrimPrefix(want[0], "  error: "))
	}
	return strings.Join(want, "\n") == strings.Join(got, "\n")
}

type script struct {
	t      *testing.T
	source memory
	line   string
	out    []string
}

func (s *script) load(words []string) {
	s.t.Helper()
	step, err := timerange.ParseInterval(words[1])
	if err != nil {
		s.t.Fatalf("%s: %v", s.line, err)
	}
	seconds := int64(step / time.Second)
	at, values := seconds, words[3:]
	if begin, ok := strings.CutPrefix(values[0], "at="); ok {
		at, _ = strconv.ParseInt(begin, 10, 64)
		values = values[1:]
	}
	a := newArchive(seconds, 1<<40)
	w := &whisper{archives: []archive{a}}
	switch words[0] {
	case "load":
		s.source[words[2]] = w
	case "rollup":
		w = s.source[words[2]]
		w.archives[0].points = 60 / w.archives[0].step
		w.archives = append(w.archives, a)
	case "observe":
		s.source[words[2]+"."+values[0]] = w
		s.observe(w, values, at)
		return
	default:
		s.t.Fatalf("%s: no such command %q", s.line, words[0])
	}
	for _, v := range values {
		for _, n := range s.expand(v) {
			if !math.IsNaN(n) {
				a.values[at] = n
			}
			at += seconds
		}
	}
}

func (s *script) observe(w *whisper, values []string, at int64) {
	w.view, _ = metric.ParseView(values[0])
	w.sketches = map[int64]*metric.Sketch{}
	for _, list := range values[1:] {
		var sketch metric.Sketch
		for _, v := range strings.Split(list, ",") {
			n, _ := strconv.ParseFloat(v, 64)
			sketch.Observe(n)
		}
		w.sketches[at], w.archives[0].values[at] = &sketch, w.view.Of(&sketch)
		at += w.archives[0].step
	}
}

// expand reads one value: 3, _, 3x5 or 0+2x5.
func (s *script) expand(v string) []float64 {
	value, times, repeated := strings.Cut(v, "x")
	first, grow, growing := strings.Cut(value, "+")
	n, err := strconv.ParseFloat(first, 64)
	if first == "_" {
		n, err = math.NaN(), nil
	}
	by, count := 0.0, 1
	if growing && err == nil {
		by, err = strconv.ParseFloat(grow, 64)
	}
	if repeated && err == nil {
		count, err = strconv.Atoi(times)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", s.line, err)
	}
	all := make([]float64, count)
	for i := range all {
		all[i] = n + float64(i)*by
	}
	return all
}

func (s *script) eval(words []string) []string {
	options := map[string]string{"from": "0", "until": "60", "now": "1000000", "max": "0", "xff": "0"}
	for len(words) > 0 {
		k, v, ok := strings.Cut(words[len(words)-1], "=")
		if _, known := options[k]; !ok || !known {
			break
		}
		options[k] = v
		words = words[:len(words)-1]
	}
	number := func(name string) int64 {
		n, err := strconv.ParseFloat(options[name], 64)
		if err != nil {
			s.t.Fatalf("%s: %v", s.line, err)
		}
		return int64(n)
	}
	xff, _ := strconv.ParseFloat(options["xff"], 64)
	result, err := New(s.source, Options{}).Render(s.t.Context(), Request{
		Targets: []string{strings.Join(words, " ")}, Now: time.Unix(number("now"), 0).UTC(), XFilesFactor: xff,
		Range: timerange.Range{From: number("from") * 1e9, Until: number("until") * 1e9},
	})
	if err != nil {
		return []string{"  error: " + err.Error()}
	}
	var lines []string
	for _, d := range draw(result.Series(), int(number("max"))) {
		lines = append(lines, d.line())
	}
	return lines
}

func (d *drawn) line() string {
	values := make([]string, len(d.values))
	for i, v := range d.values {
		values[i] = "_"
		if !math.IsNaN(v) {
			values[i] = strconv.FormatFloat(v, 'g', 7, 64)
		}
	}
	return fmt.Sprintf("  %s | %d+%d | %s", d.Name, d.first, d.step, strings.Join(values, " "))
}
