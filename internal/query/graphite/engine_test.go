package graphite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
	"patou/test/shared"
)

// small is a source of two hosts with six values each.
func small() memory {
	m := memory{}
	for i, host := range []string{"a", "b"} {
		w := &whisper{archives: []archive{newArchive(10, 1<<40)}}
		for t := int64(10); t <= 60; t += 10 {
			w.archives[0].values[t] = float64(t) * float64(i+1)
		}
		m["web."+host+".cpu"] = w
	}
	return m
}

func minute(targets ...string) Request {
	return Request{Targets: targets, Range: timerange.Range{From: 0, Until: 60e9}, Now: time.Unix(60, 0)}
}

func TestOriginsAreTheStoredSeriesBehindEachDrawnOne(t *testing.T) {
	e := New(small(), Options{})
	f := func(target string, want ...string) {
		t.Helper()
		list, err := e.Origins(t.Context(), []string{target}, timerange.Range{From: 0, Until: 60e9}, time.Unix(60, 0))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range list {
			got = append(got, o.Name+" < "+strings.Join(o.Sources, " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
	f("alias(web.a.cpu,'A')", "A < web.a.cpu")
	f("sumSeries(web.*.cpu)", "sumSeries(web.*.cpu) < web.a.cpu web.b.cpu")
	f("aliasByNode(movingAverage(web.*.cpu,2),1)", "a < web.a.cpu", "b < web.b.cpu")
	f("divideSeries(web.a.cpu,web.b.cpu)|alias('x')", "x < web.a.cpu web.b.cpu")
	f("groupByNode(web.*.cpu,0,'sum')", "web < web.a.cpu web.b.cpu")
	f("summarize(timeShift(web.b.cpu,'10s'),'1min','max')", `summarize(timeShift(web.b.cpu, "-10s"), "1min", "max") < web.b.cpu`)
	f("aggregateLine(web.b.cpu)", "aggregateLine(web.b.cpu, 70) < web.b.cpu")
	f("constantLine(5)", "5.0 < ")
	f("asPercent(web.*.cpu)|limit(1)", "asPercent(web.a.cpu,sumSeries(web.*.cpu)) < web.a.cpu web.b.cpu")
}

func TestSourcesOfOneSeriesAreBounded(t *testing.T) {
	m := memory{}
	for i := range MaxSources + 500 {
		w := &whisper{archives: []archive{newArchive(10, 1<<40)}}
		m[fmt.Sprintf("n.%04d", i)] = w
	}
	result, err := New(m, Options{}).Render(t.Context(), minute("sumSeries(n.*)"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(result.Series()[0].Sources); n != MaxSources {
		t.Errorf("%d sources, want %d", n, MaxSources)
	}
}

func TestCostIsLimited(t *testing.T) {
	f := func(limits Limits, target, what string) {
		t.Helper()
		_, err := New(small(), Options{Limits: limits}).Render(t.Context(), minute(target))
		var le *LimitError
		if !errors.As(err, &le) || le.What != what {
			t.Errorf("%s: %v, want a limit of %s", target, err, what)
		}
	}
	f(Limits{Series: 1}, "web.*.cpu", "series")
	f(Limits{Points: 11}, "web.*.cpu", "points")
	f(Limits{Points: 20}, "time('t',1)", "points")
	f(Limits{Points: 100}, "summarize(web.*.cpu,'1s')", "points")
	f(Limits{Calls: 3}, "scale(scale(scale(scale(web.a.cpu,1),1),1),1)", "function calls")
	f(Limits{}, "timeStack(web.a.cpu,'1s',0,1000000)", "function calls")
	f(Limits{Calls: 2}, "applyByNode(web.*.cpu,1,'scale(%.cpu,1)')", "function calls")
}

func TestEvaluationEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(small(), Options{}).Render(ctx, minute("sumSeries(web.*.cpu)")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestAnEngineServesManyAtOnce(t *testing.T) {
	e := New(small(), Options{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := e.Render(t.Context(), minute("stacked(web.*.cpu)", "movingAverage(web.*.cpu,2)")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// failing is a source whose reads fail.
type failing struct{ memory }

var errDisk = errors.New("disk on fire")

func (failing) Fetch(context.Context, []string, timerange.Range, time.Time) ([]metric.Series, error) {
	return nil, errDisk
}

func TestErrorsOfTheSourceAreWrapped(t *testing.T) {
	_, err := New(failing{small()}, Options{}).Render(t.Context(), minute("alias(web.a.cpu,'x')"))
	if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "web.a.cpu") {
		t.Errorf("got %v", err)
	}
}

func TestASourceWithoutTagsRefusesToFindByThem(t *testing.T) {
	_, err := New(newDay(), Options{}).Render(t.Context(), minute("seriesByTag('a=b')"))
	var ae *ArgumentError
	if !errors.As(err, &ae) {
		t.Errorf("got %v, want an *ArgumentError", err)
	}
}

func TestTargetsAreReadBeforeAnyIsEvaluated(t *testing.T) {
	_, err := New(failing{small()}, Options{}).Render(t.Context(), minute("web.a.cpu", "sum("))
	var se *SyntaxError
	if !errors.As(err, &se) {
		t.Errorf("got %v, want a *SyntaxError", err)
	}
}

func TestFunctionsDoNotChangeWhatTheyAreGiven(t *testing.T) {
	e := New(small(), Options{})
	var targets []string
	for _, f := range Functions() {
		targets = append(targets, f.example())
	}
	for _, target := range targets {
		result, err := e.Render(t.Context(), minute("web.a.cpu", target, "web.a.cpu"))
		if err != nil {
			continue // not every example is meaningful
		}
		before, after := result.Targets[0].Series[0], result.Targets[2].Series[0]
		if !slices.Equal(before.Values, []float64{10, 20, 30, 40, 50, 60}) || before.Name != "web.a.cpu" || after.Name != "web.a.cpu" || len(after.Tags) != 1 {
			t.Fatalf("%s changed its argument: %v", target, after)
		}
	}
}

// example calls a function with a plain value for each required parameter.
func (f *Function) example() string {
	var args []string
	for _, p := range f.Params {
		if !p.Required {
			break
		}
		switch p.Type {
		case TypeSeries, TypeSeriesLists:
			args = append(args, "web.a.cpu")
		case TypeInteger, TypeFloat, TypeNode, TypeNodeOrTag, TypeIntOrInterval:
			args = append(args, "2")
		case TypeInterval:
			args = append(args, "'20s'")
		case TypeAgg, TypeAggOrSeries:
			args = append(args, "'max'")
		case TypeDate:
			args = append(args, "'00:00:30_19700101'")
		default:
			args = append(args, "'max'")
		}
	}
	return f.Name + "(" + strings.Join(args, ",") + ")"
}

// FuzzRender evaluates arbitrary targets: whatever they say, there is an answer
// or an error.
func FuzzRender(f *testing.F) {
	for _, fn := range Functions() {
		f.Add(fn.example())
	}
	f.Add("summarize(web.*.cpu,'1h')|asPercent()|aliasByNode(1)")
	e := New(small(), Options{Limits: Limits{Points: 100_000, Calls: 200}})
	f.Fuzz(func(t *testing.T, target string) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		result, err := e.Render(ctx, minute(target))
		if err != nil {
			if ctx.Err() != nil {
				t.Fatalf("%q takes too long", target)
			}
			return
		}
		for _, s := range result.Series() {
			if s.Step <= 0 {
				t.Fatalf("%q gives %s with the step %d", target, s.Name, s.Step)
			}
		}
		for _, points := range []int{0, 1, 3} {
			var text writeTo
			if err := WriteJSON(&text, result.Series(), JSONOptions{MaxDataPoints: points}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// realTargets are the distinct targets of dashboards in the wild.
func realTargets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(shared.Path(t, "metrics/grafana-graphite-dashboards/targets.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		kind, target, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if ok && strings.HasPrefix(kind, "target") {
			all = append(all, target)
		}
	}
	return all
}

// TestRealTargetsAreSpoken holds the language against what dashboards ask: all
// of it parses, but for what is broken.
func TestRealTargetsAreSpoken(t *testing.T) {
	known := map[string]bool{}
	for _, f := range Functions() {
		known[f.Name] = true
	}
	targets, refused := realTargets(t), 0
	for _, target := range targets {
		x, err := Parse(target)
		if err != nil {
			refused++
			t.Logf("%s: %v", target, err)
			continue
		}
		for _, name := range called(x) {
			if !known[name] {
				t.Errorf("%s calls %s, which is not there", target, name)
			}
		}
	}
	t.Logf("%d targets read, %d refused", len(targets), refused)
	if len(targets) < 500 || refused > len(targets)/100 {
		t.Errorf("%d of %d targets do not parse", refused, len(targets))
	}
}

// called are the names of the functions in an expression.
func called(x *Expr) []string {
	var all []string
	if x.Kind == CallExpr {
		all = append(all, x.Text)
	}
	for _, a := range x.Args {
		all = append(all, called(a)...)
	}
	for _, a := range x.Named {
		all = append(all, called(a.Value)...)
	}
	return all
}

func TestPythonNumbers(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(pyFloat(5), "5.0")
	f(pyFloat(1e15), "1000000000000000.0")
	f(pyFloat(1e16), "1e+16")
	f(pyFloat(1.5e-5), "1.5e-05")
	f(pyFloat(math.Inf(-1)), "-inf")
	f(pyFloat(math.NaN()), "nan")
	f(pyG(100000), "100000")
	f(pyG(1e6), "1e+06")
	f(pyG(0.1234567), "0.123457")
	f(pyInt(-2.9), "-2")
}

// TestFunctionsAreDocumented compares the table in docs/graphite.md with the
// functions there are and with how often dashboards call them.
func TestFunctionsAreDocumented(t *testing.T) {
	const page, begin, end = "../../../docs/graphite.md", "-update-scripts -->\n", "<!-- end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), begin)
	_, tail, _ := strings.Cut(rest, end)
	uses := map[string]int{}
	for _, target := range realTargets(t) {
		if x, err := Parse(target); err == nil {
			for _, name := range called(x) {
				uses[name]++
			}
		}
	}
	table := Functions()
	slices.SortStableFunc(table, func(a, b Function) int { return uses[b.Name] - uses[a.Name] })
	var b strings.Builder
	b.WriteString("| function | group | uses | |\n|---|---|---|---|\n")
	for _, f := range table {
		fmt.Fprintf(&b, "| `%s` | %s | %d | %s |\n", f.Usage(), f.Group, uses[f.Name], strings.ReplaceAll(f.Doc, "*", `\*`))
	}
	want := head + begin + b.String() + end + tail
	if want != string(text) {
		if update().Value.String() != "true" {
			t.Fatalf("the functions in %s are out of date: run go test -run Documented -update-scripts", page)
		}
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
