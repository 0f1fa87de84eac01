package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/timerange"
	"patou/internal/why"
)

// quietCase is a window in which nothing is known to have happened.
type quietCase struct {
	set, name string
	world     *world
	ask       why.Ask
}

// quietWindows asks over quiet windows and counts the answers that are not
// "nothing stands out".
func quietWindows(ctx context.Context, data, half string, verbose bool) error {
	var all []quietCase
	for _, read := range []func(string) ([]quietCase, error){quietPets, quietNezha, quietNAB} {
		cases, err := read(data)
		if err != nil {
			return err
		}
		all = append(all, cases...)
	}
	asked, found, rows := map[string]int{}, map[string]int{}, map[string]int{}
	for i, c := range all {
		if half != "all" && (i%3 == 0) != (half == "first") {
			continue
		}
		a, err := c.world.engine().Why(ctx, c.ask)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		asked[c.set]++
		if !a.Quiet {
			found[c.set]++
			rows[c.set] += len(a.Rows)
			if verbose {
				fmt.Printf("%s %s: %s (%s)\n", c.name, a.From, a.Rows[0].Sentence, a.Rows[0].ChanceText)
			}
		}
	}
	fmt.Print("| quiet windows of | asked | with a finding | rows |\n|---|---|---|---|\n")
	for _, set := range sortedKeys(asked) {
		fmt.Printf("| %s | %d | %d | %d |\n", set, asked[set], found[set], rows[set])
	}
	return nil
}

// quietPets are windows of twenty minutes of the file without issues.
func quietPets(data string) ([]quietCase, error) {
	k, err := readKind(filepath.Join(data, "incidents", "petshop"), "low_traffic")
	if err != nil {
		return nil, err
	}
	w := newWorld()
	w.links = k.links
	for _, s := range k.quiet {
		w.add(s, s.at-s.at%petsStep)
	}
	first, last := k.quiet[0].at, k.quiet[len(k.quiet)-1].at
	var out []quietCase
	for n := range 80 {
		from := first + 4*3600 + int64(n)*(last-first-5*3600)/80
		from -= from % petsStep
		target := []string{"petsite.latency.average", "petsite.availability.average"}[n%2]
		out = append(out, quietCase{"petshop low_traffic", "petshop", w, why.Ask{
			Targets: []string{target}, Now: time.Unix(last+3600, 0),
			Window: timerange.Range{From: from * 1e9, Until: (from + 4*petsStep) * 1e9},
			Base:   timerange.Range{From: (from - mostPast*petsStep) * 1e9, Until: from * 1e9},
		}})
	}
	return out, nil
}

// quietNezha are windows of three minutes with no fault in the ten minutes
// before or within.
func quietNezha(data string) ([]quietCase, error) {
	dir := filepath.Join(data, "incidents", "nezha")
	w, err := nezhaWorld(dir)
	if err != nil {
		return nil, err
	}
	faults, err := nezhaFaults(dir)
	if err != nil {
		return nil, err
	}
	var injected []time.Time
	for _, f := range faults {
		at, err := time.Parse("2006-01-02 15:04:05", f.Time)
		if err != nil {
			return nil, fmt.Errorf("inject_time %q: %w", f.Time, err)
		}
		injected = append(injected, at)
	}
	var out []quietCase
	day := time.Date(2023, 1, 29, 11, 50, 0, 0, time.UTC)
	for at := day; at.Before(day.Add(10*time.Hour)) && len(out) < 80; at = at.Add(7 * time.Minute) {
		if !slices.ContainsFunc(injected, func(t time.Time) bool { return at.After(t.Add(-4*time.Minute)) && at.Before(t.Add(10*time.Minute)) }) {
			out = append(out, quietCase{"nezha", "nezha", w, nezhaAsk(at)})
		}
	}
	return out, nil
}

// quietNAB are windows of an hour outside of the labelled anomalies of each
// file, asked about the file's own series.
func quietNAB(data string) ([]quietCase, error) {
	dir := filepath.Join(data, "metrics", "nab")
	text, err := os.ReadFile(filepath.Join(dir, "combined_windows.json"))
	if err != nil {
		return nil, err
	}
	var labelled map[string][][2]string
	if err := json.Unmarshal(text, &labelled); err != nil {
		return nil, fmt.Errorf("combined_windows.json: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return nil, err
	}
	var out []quietCase
	for _, path := range paths {
		cases, err := quietFile(path, labelled)
		if err != nil {
			return nil, err
		}
		out = append(out, cases...)
	}
	return out, nil
}

func quietFile(path string, labelled map[string][][2]string) ([]quietCase, error) {
	rows, err := readCSV(path)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(path)
	w, c := newWorld(), component.Node(strings.TrimSuffix(base, ".csv"))
	w.components = []string{c}
	var first, last int64
	for _, r := range rows[1:] {
		at, err := time.Parse("2006-01-02 15:04:05", r[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		v, ok := parse(r[1])
		if t := at.Unix() - at.Unix()%petsStep; ok {
			w.put(c+".value", t, petsStep, v)
			last = t
			if first == 0 {
				first = t
			}
		}
	}
	var windows []timerange.Range
	for _, l := range labelled[strings.Replace(base, "__", "/", 1)] {
		from, _ := time.Parse("2006-01-02 15:04:05.000000", l[0])
		until, _ := time.Parse("2006-01-02 15:04:05.000000", l[1])
		windows = append(windows, timerange.Of(from.Add(-6*time.Hour), until.Add(6*time.Hour)))
	}
	var out []quietCase
	for n := range 12 {
		from := (first + 2*86400 + int64(n)*(last-first-3*86400)/12) / petsStep * petsStep
		r := timerange.Range{From: from * 1e9, Until: (from + 3600) * 1e9}
		if slices.ContainsFunc(windows, func(l timerange.Range) bool { return l.From < r.Until && r.From < l.Until }) {
			continue
		}
		out = append(out, quietCase{"NAB", c, w, why.Ask{Component: c, Window: r, Now: time.Unix(last+3600, 0)}})
	}
	return out, nil
}
