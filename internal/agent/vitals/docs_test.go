package vitals

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// emitted are the series of the example machine, with <n> and <name> in the
// place of what a host names itself.
func emitted(t *testing.T) []string {
	m := exampleMachine(t)
	m.read(0)
	for path, text := range example(t) {
		if path == "proc/diskstats" || path == "proc/stat" { // some time must have passed
			m.write(path, regexp.MustCompile(`(\d)( |$)`).ReplaceAllString(text, "${1}1$2"))
		}
	}
	own := regexp.MustCompile(`^(cpu\.core)\d+|^(disk|filesystem|network)\.[^.]+`)
	var out []string
	for name := range m.read(time.Second) {
		name = own.ReplaceAllStringFunc(name, func(s string) string {
			if kind, _, ok := strings.Cut(s, "."); ok && kind != "cpu" {
				return kind + ".<name>"
			}
			return "cpu.core<n>"
		})
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestThePageListsTheSeriesThatThereAre(t *testing.T) {
	page, err := os.ReadFile("../../../docs/vitals.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(page)) {
		if columns := strings.Split(line, "|"); len(columns) > 4 {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(columns[1], -1) {
				listed = append(listed, m[1])
			}
		}
	}
	slices.Sort(listed)
	if got := emitted(t); !slices.Equal(got, listed) {
		t.Errorf("emitted:\n%s\nlisted:\n%s", strings.Join(got, "\n"), strings.Join(listed, "\n"))
	}
}
