package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/entry"
	"patou/internal/timerange"
	"patou/internal/why"
)

// nezhaStep is the distance of two points of the Nezha data.
const nezhaStep = 60

// fault is a line of the list of faults.
type fault struct {
	Time string `json:"inject_time"`
	Pod  string `json:"inject_pod"`
	Type string `json:"inject_type"`
}

// readNezha reads the pods' metrics as series of their services, the entries
// of the minutes that there are, and each fault as a case: three minutes from
// its injection against the hour before. There are no links in this data.
func readNezha(data string) ([]*incident, error) {
	dir := filepath.Join(data, "incidents", "nezha")
	w, err := nezhaWorld(dir)
	if err != nil {
		return nil, err
	}
	faults, err := nezhaFaults(dir)
	if err != nil {
		return nil, err
	}
	var out []*incident
	for _, f := range faults {
		at, err := time.Parse("2006-01-02 15:04:05", f.Time)
		if err != nil {
			return nil, fmt.Errorf("inject_time %q: %w", f.Time, err)
		}
		out = append(out, &incident{
			name: "nezha " + f.Time[11:], set: "nezha", fault: f.Type, cause: service(f.Pod), world: w,
			first: at.Hour() < 10, ask: nezhaAsk(at),
		})
	}
	return out, nil
}

func nezhaAsk(at time.Time) why.Ask {
	from := at.UnixNano()
	return why.Ask{
		Targets: []string{"frontend.LatencyP90"}, Now: at.Add(24 * time.Hour),
		Window: timerange.Range{From: from, Until: from + int64(3*time.Minute)},
		Base:   timerange.Range{From: from - int64(time.Hour), Until: from},
	}
}

func nezhaFaults(dir string) ([]fault, error) {
	text, err := os.ReadFile(filepath.Join(dir, "2023-01-29-fault_list.json"))
	if err != nil {
		return nil, err
	}
	var byHour map[string][]fault
	if err := json.Unmarshal(text, &byHour); err != nil {
		return nil, fmt.Errorf("the list of faults: %w", err)
	}
	var out []fault
	for _, hour := range sortedKeys(byHour) {
		out = append(out, byHour[hour]...)
	}
	return out, nil
}

// service is a pod's name without what its replica set added.
func service(pod string) string {
	nodes := strings.Split(pod, "-")
	if len(nodes) > 3 {
		nodes = nodes[:len(nodes)-2]
	}
	return component.Node(strings.Join(nodes, "-"))
}

func nezhaWorld(dir string) (*world, error) {
	w := newWorld()
	paths, err := filepath.Glob(filepath.Join(dir, "*__metric__*.csv"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no metrics in %s: %w", dir, err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := w.addPod(path); err != nil {
			return nil, err
		}
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*_log.csv"))
	if err != nil {
		return nil, err
	}
	for _, path := range logs {
		if err := w.addLines(path); err != nil {
			return nil, err
		}
	}
	for _, list := range w.entries {
		slices.SortStableFunc(list, func(a, b entry.Entry) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	}
	return w, nil
}

// addPod reads a file of metrics: a line a minute. What is measured of the
// node tells of no component and is left out.
func (w *world) addPod(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return err
	}
	unit := regexp.MustCompile(`\(.*\)`)
	for _, r := range rows[1:] {
		at, err := strconv.ParseInt(r[1], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		c := service(r[2])
		w.components = append(w.components, c)
		for i := 3; i < len(r); i++ {
			if v, err := strconv.ParseFloat(r[i], 64); err == nil && !strings.HasPrefix(rows[0][i], "Node") {
				name := c + "." + unit.ReplaceAllString(rows[0][i], "")
				w.put(name, at-at%nezhaStep, nezhaStep, v)
			}
		}
	}
	return nil
}

// addLines reads a file of log lines, JSON around the text that the service
// wrote.
func (w *world) addLines(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return err
	}
	trace := regexp.MustCompile(`TraceID: \S+ SpanID: \S+ `)
	for _, r := range rows[1:] {
		at, err := strconv.ParseInt(r[1], 10, 64)
		if err != nil || len(r) < 8 {
			continue
		}
		var line struct{ Log string }
		if json.Unmarshal([]byte(r[7]), &line) != nil {
			line.Log = r[7]
		}
		text := trace.ReplaceAllString(strings.TrimSpace(line.Log), "")
		if len(text) > 13 && text[2] == ':' {
			text = text[13:]
		}
		level := entry.Info
		if word, rest, ok := strings.Cut(text, " "); ok {
			if l, known := entry.ParseLevel(word); known {
				level, text = l, strings.TrimSpace(rest)
			}
		}
		c := service(r[3])
		w.components = append(w.components, c)
		w.entries[c] = append(w.entries[c], entry.Entry{Time: at, Component: c, Level: level, Message: text})
	}
	return nil
}
