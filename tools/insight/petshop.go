package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/timerange"
	"patou/internal/why"
)

// sample is one row of a metrics.csv: a time and a value by column.
type sample struct {
	at     int64
	values map[string]float64 // by name of the series
}

// petsStep is the distance of two points of the PetShop data.
const petsStep = 300

// readPetshop reads each test and train issue as a case. Its past is what its
// own file holds from before the issue, and before that the rows from before
// the issues of the other files of the same kind of traffic, and, where there
// is one, the file without issues.
func readPetshop(data string) ([]*incident, error) {
	dir := filepath.Join(data, "incidents", "petshop")
	targets, err := filepath.Glob(filepath.Join(dir, "*__target.json"))
	if err != nil || len(targets) == 0 {
		return nil, fmt.Errorf("no PetShop issues in %s: %w", dir, err)
	}
	slices.Sort(targets)
	kinds := map[string]*kind{}
	for _, path := range targets {
		name := strings.TrimPrefix(filepath.Base(path), "dataset__")
		traffic, _, _ := strings.Cut(name, "__")
		if kinds[traffic] == nil {
			k, err := readKind(dir, traffic)
			if err != nil {
				return nil, err
			}
			kinds[traffic] = k
		}
		if err := kinds[traffic].add(path); err != nil {
			return nil, err
		}
	}
	var out []*incident
	for _, traffic := range sortedKeys(kinds) {
		out = append(out, kinds[traffic].incidents()...)
	}
	return out, nil
}

// kind is one kind of traffic: its links, its issues, and its quiet rows.
type kind struct {
	traffic string
	links   []why.Link
	nodes   map[string]string // component by node
	issues  []*issue
	quiet   []sample
}

type issue struct {
	name, cause, target, fault string
	began                      int64
	rows                       []sample
}

func readKind(dir, traffic string) (*kind, error) {
	k := &kind{traffic: traffic, nodes: map[string]string{}}
	rows, err := readCSV(filepath.Join(dir, "dataset__"+traffic+"__graph.csv"))
	if err != nil {
		return nil, err
	}
	for _, r := range rows[1:] {
		for i, cell := range r[1:] {
			if v, _ := strconv.ParseFloat(cell, 64); v != 0 {
				k.links = append(k.links, why.Link{From: k.component(r[0]), To: k.component(rows[0][i+1])})
			}
		}
	}
	path := filepath.Join(dir, "dataset__"+traffic+"__noissue__metrics.csv")
	if _, err := os.Stat(path); err == nil {
		if k.quiet, err = k.readRows(path); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// component names a node; two nodes whose names differ in case alone stay two.
func (k *kind) component(node string) string {
	if c, ok := k.nodes[node]; ok {
		return c
	}
	c := component.Node(node)
	for _, other := range k.nodes {
		if other == c {
			c += "_2"
		}
	}
	k.nodes[node] = c
	return c
}

// readRows reads a metrics.csv: three lines of heads (node, metric, statistic),
// then a line a time.
func (k *kind) readRows(path string) ([]sample, error) {
	rows, err := readCSV(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(rows[0]))
	for i := 1; i < len(names); i++ {
		names[i] = k.component(rows[0][i]) + "." + seriesName(rows[1][i], rows[2][i])
	}
	var out []sample
	for _, r := range rows[3:] {
		at, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			continue // the line that names the index
		}
		s := sample{int64(at), map[string]float64{}}
		for i, cell := range r[1:] {
			if v, err := strconv.ParseFloat(cell, 64); err == nil {
				s.values[names[i+1]] = v
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func seriesName(metric, statistic string) string {
	if metric == "requests" {
		return "requests"
	}
	return metric + "." + strings.ToLower(statistic)
}

func (k *kind) add(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var t struct {
		Target struct {
			Node, Metric, Agg string
			Timestamp         int64
		}
		Cause struct{ Node string } `json:"root_cause"`
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	rows, err := k.readRows(strings.TrimSuffix(path, "target.json") + "metrics.csv")
	k.issues = append(k.issues, &issue{
		name:  strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "dataset__"), "__target.json"),
		cause: k.component(t.Cause.Node), fault: t.Target.Metric,
		target: k.component(t.Target.Node) + "." + seriesName(t.Target.Metric, t.Target.Agg),
		began:  t.Target.Timestamp, rows: rows,
	})
	return err
}

// mostPast is how many rows of the past stand before an issue: three hours.
const mostPast = 36

// past are the rows before an issue, oldest first.
func (k *kind) past(i *issue) []sample {
	var out []sample
	out = append(out, k.quiet...)
	for _, o := range k.issues {
		if o != i {
			out = append(out, o.before()...)
		}
	}
	out = append(out, i.before()...)
	return out[max(0, len(out)-mostPast):]
}

// before are the rows that ended before the issue began. A row tells of the
// five minutes that follow its time.
func (i *issue) before() []sample {
	return slices.DeleteFunc(slices.Clone(i.rows), func(s sample) bool { return s.at+petsStep > i.began+60 })
}

func (k *kind) incidents() []*incident {
	var out []*incident
	for _, i := range k.issues {
		past := k.past(i)
		after := i.rows[len(i.before()):]
		if len(after) == 0 {
			continue
		}
		began := after[0].at
		w := newWorld()
		w.links = k.links
		for n, s := range past {
			w.add(s, began-int64(len(past)-n)*petsStep)
		}
		for n, s := range after {
			w.add(s, began+int64(n)*petsStep)
		}
		out = append(out, &incident{
			name: "petshop " + i.name, set: "petshop " + k.traffic, fault: i.fault, cause: i.cause, world: w,
			first: strings.Contains(i.name, "__train__"),
			ask: why.Ask{
				Targets: []string{i.target}, Now: time.Unix(began+86400, 0),
				Window: timerange.Range{From: began * 1e9, Until: (began + int64(len(after))*petsStep) * 1e9},
				Base:   timerange.Range{From: (began - int64(len(past))*petsStep) * 1e9, Until: began * 1e9},
			},
		})
	}
	return out
}

// add puts a row at a time.
func (w *world) add(s sample, at int64) {
	for _, name := range sortedKeys(s.values) {
		w.put(name, at, petsStep, s.values[name])
		c, _, _ := strings.Cut(name, ".")
		w.components = append(w.components, c)
	}
}

func readCSV(path string) ([][]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func parse(cell string) (float64, bool) {
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil
}
