package pattern

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"patou/test/shared"
)

// labelled are the systems of the labelled samples, 2,000 lines each.
func labelled() []string {
	return []string{"Android", "Apache", "BGL", "HDFS", "Hadoop", "HealthApp", "Linux", "OpenStack", "Proxifier", "Windows", "Zookeeper"}
}

// readLabelled gives messages and the name of the template each has by hand.
func readLabelled(t testing.TB, system string) (messages, templates []string) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(shared.Read(t, "logs", "loghub", system+"_2k.log_structured.csv")))
	r.LazyQuotes = true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(system, err)
	}
	content, event := slices.Index(rows[0], "Content"), slices.Index(rows[0], "EventId")
	for _, row := range rows[1:] {
		messages = append(messages, row[content])
		templates = append(templates, row[event])
	}
	return messages, templates
}

// accuracy is the share of lines in groups that are exactly right, and the F1
// of the groups themselves, as the parsers' papers have it.
func accuracy(truth []string, got []int) (lines, groups float64) {
	want, have := map[string][]int{}, map[int]int{}
	for i := range truth {
		want[truth[i]] = append(want[truth[i]], i)
		have[got[i]]++
	}
	rightLines, right := 0, 0
	for _, members := range want {
		first := got[members[0]]
		if have[first] == len(members) && !slices.ContainsFunc(members, func(i int) bool { return got[i] != first }) {
			right++
			rightLines += len(members)
		}
	}
	return float64(rightLines) / float64(len(truth)), 2 * float64(right) / float64(len(have)+len(want))
}

// The figures of docs/log-patterns.md. They may get better.
func TestTemplatesOfLabelledLogsAreFound(t *testing.T) {
	var table strings.Builder
	var lines, groups float64
	for _, system := range labelled() {
		messages, truth := readLabelled(t, system)
		m := New(Options{})
		refs := make([]Ref, len(messages))
		for i, one := range messages {
			refs[i] = m.Add(one)
		}
		r := m.Result()
		got := make([]int, len(messages))
		for i, ref := range refs {
			got[i] = r.Of(ref)
		}
		l, g := accuracy(truth, got)
		lines, groups = lines+l, groups+g
		fmt.Fprintf(&table, "| %s | %.3f | %.3f | %d | %d |\n", system, l, g, len(r.Templates), distinct(truth))
	}
	n := float64(len(labelled()))
	fmt.Fprintf(&table, "| mean | %.3f | %.3f | | |", lines/n, groups/n)
	t.Log("\n" + table.String())
	if lines/n < 0.9 || groups/n < 0.9 {
		t.Errorf("lines %.3f, groups %.3f: wanted 0.9 of both", lines/n, groups/n)
	}
}
func distinct(all []string) int {
	all = slices.Clone(all)
	slices.Sort(all)
	return len(slices.Compact(all))
}
