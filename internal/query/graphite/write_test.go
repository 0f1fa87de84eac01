package graphite

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
)

func TestJSONIsGraphites(t *testing.T) {
	f := func(o JSONOptions, want string, list ...*Series) {
		t.Helper()
		var got writeTo
		if err := WriteJSON(&got, list, o); err != nil || string(got) != want {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
	}
	nan, inf := math.NaN(), math.Inf(1)
	a := generated(`a"<`, 10, 40, 10, []float64{1, nan, inf})
	none := generated("n", 10, 40, 10, []float64{nan, nan, nan})
	f(JSONOptions{}, `[]`)
	f(JSONOptions{}, `[]`, generated("empty", 10, 10, 10, nil))
	f(JSONOptions{}, `[{"target": "a\"\u003c", "tags": {"name":"a\"\u003c"}, "datapoints": [[1.0, 10], [null, 20], [null, 30]]}]`, a)
	f(JSONOptions{NoNullPoints: true}, `[{"target": "a\"\u003c", "tags": {"name":"a\"\u003c"}, "datapoints": [[1.0, 10]]}]`, none, a)
	f(JSONOptions{MaxDataPoints: 1}, `[{"target": "n", "tags": {"name":"n"}, "datapoints": [[null, 10]]}]`, none)
}

func FuzzNumbersAreReadBackAsTheyWere(f *testing.F) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1.5, 0.1, 1e21, 1e-7, 123456.7891, 5e-324, math.MaxFloat64, 0.00005, 900719925474.0993} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		text := appendValue(nil, v)
		var got float64
		if err := json.Unmarshal(text, &got); err != nil || math.Float64bits(got) != math.Float64bits(v) {
			t.Errorf("%s is read as %s, %v", text, strconv.FormatFloat(got, 'g', -1, 64), err)
		}
	})
}

func TestCSVAndRaw(t *testing.T) {
	list := []*Series{generated("a,b", 10, 30, 10, []float64{1.5, math.NaN()})}
	var csv, raw writeTo
	if err := WriteCSV(&csv, list, time.FixedZone("", 3600)); err != nil {
		t.Fatal(err)
	}
	if want := "\"a,b\",1970-01-01 01:00:10,1.5\r\n\"a,b\",1970-01-01 01:00:20,\r\n"; string(csv) != want {
		t.Errorf("csv %q, want %q", csv, want)
	}
	if err := WriteRaw(&raw, list); err != nil {
		t.Fatal(err)
	}
	if want := "a,b,10,30,10|1.5,None\n"; string(raw) != want {
		t.Errorf("raw %q, want %q", raw, want)
	}
}

func TestExtremesOfRolledUpSlotsAreKept(t *testing.T) {
	m := memory{"a": {archives: []archive{newArchive(60, 1<<40)}, max: map[int64]float64{60: 90, 120: 7}}}
	m["a"].archives[0].values[60], m["a"].archives[0].values[120] = 10, 5
	f := func(target string, points int, want ...float64) {
		t.Helper()
		q := minute(target)
		q.Range.Until = 120e9
		result, err := New(m, Options{}).Render(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range draw(result.Series(), points)[0].values {
			if v != want[i] {
				t.Errorf("%s with %d points: value %d is %v, want %v", target, points, i, v, want[i])
			}
		}
	}
	f("a", 0, 10, 5)
	f("a", 1, 7.5)
	f("consolidateBy(a,'max')", 0, 90, 7)
	f("consolidateBy(a,'max')", 1, 90)
	f("alias(consolidateBy(a,'max'),'x')", 1, 90)
	f("summarize(a,'1h','max')", 0, 90)
	f("scale(a,2)|consolidateBy('max')", 1, 20)
}

func TestFindAnswers(t *testing.T) {
	nodes := []metric.Node{{Path: "web.b", Leaf: true}, {Path: "web.a", Branch: true}, {Path: "web.a", Leaf: true}, {Path: "web.b", Leaf: true}}
	o := FindOptions{Query: "web.*", Range: timerange.Range{From: 0, Until: 60e9}}
	f := func(got []byte, err error, want string) {
		t.Helper()
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
	}
	tree, err := TreeJSON(nodes, o)
	f(tree, err, `[{"text":"a","id":"web.a","allowChildren":1,"expandable":1,"leaf":0,"context":{}},{"text":"a","id":"web.a","allowChildren":0,"expandable":0,"leaf":1,"context":{}},{"text":"b","id":"web.b","allowChildren":0,"expandable":0,"leaf":1,"context":{}}]`)
	tree, err = TreeJSON(nodes[1:2], FindOptions{Query: "*.a", Wildcards: true})
	f(tree, err, `[{"text":"a","id":"*.a","allowChildren":1,"expandable":1,"leaf":0,"context":{}}]`)
	tree, err = TreeJSON(nil, o)
	f(tree, err, `[]`)
	paths, err := PathsJSON(nodes, o)
	f(paths, err, `[{"path":"web.a","is_leaf":true,"intervals":[{"start":0,"end":60}]},{"path":"web.b","is_leaf":true,"intervals":[{"start":0,"end":60}]}]`)
	complete, err := CompleterJSON(nodes, o)
	f(complete, err, `{"metrics":[{"path":"web.a.","name":"a","is_leaf":"0"},{"path":"web.a","name":"a","is_leaf":"1"},{"path":"web.b","name":"b","is_leaf":"1"}]}`)
	list, err := NodeListJSON(nodes)
	f(list, err, `{"nodes":["a","b"]}`)
	expand, err := ExpandJSON(nodes[1:2], false)
	f(expand, err, `{"results":["web.a"]}`)
	expand, err = ExpandJSON(nodes[1:2], true)
	f(expand, err, `{"results":[]}`)
	grouped, err := ExpandGroupsJSON(map[string][]metric.Node{"web.*": nodes}, false)
	f(grouped, err, `{"results":{"web.*":["web.a","web.b"]}}`)
	index, err := IndexJSON([]metric.Node{{Path: "disk;dc=ny", Leaf: true}, {Path: "a.b", Leaf: true}, {Path: "a", Branch: true}})
	f(index, err, `["a.b","disk;dc=ny"]`)
	if got := CompleterPattern("web..c"); got != "web*.c*" {
		t.Errorf("got %s", got)
	}
}

func TestFunctionsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Functions() {
		if seen[f.Name] || f.Doc == "" || f.Group == "" || f.Eval == nil {
			t.Errorf("%s is there twice or lacks something", f.Name)
		}
		seen[f.Name] = true
		for i, p := range f.Params {
			if p.mismatch(&Expr{Kind: None}) == "" && p.Type != TypeAny || p.Multiple && i != len(f.Params)-1 {
				t.Errorf("%s: %s has a type that is not checked, or is not the last", f.Name, p.Name)
			}
		}
	}
	text, ok := FunctionJSON("summarize")
	want := `{"name":"summarize","function":"summarize(seriesList, intervalString, func=sum, alignToFrom=false)",`
	if !ok || string(text[:len(want)]) != want || !json.Valid(text) {
		t.Errorf("got %s", text)
	}
	if _, ok := FunctionJSON("nonsense"); ok {
		t.Error("nonsense is described")
	}
	all, err := FunctionsJSON("", false)
	if err != nil || !json.Valid(all) {
		t.Errorf("%v", err)
	}
	t.Logf("%d functions", len(seen))
}
