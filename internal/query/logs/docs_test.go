package logs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The queries that the documentation teaches must be read as queries.
func TestTheDocumentedQueriesAreRead(t *testing.T) {
	page, err := os.ReadFile("../../../docs/log-queries.md")
	if err != nil {
		t.Fatal(err)
	}
	span := regexp.MustCompile("`([^`]+)`")
	column, n := -1, 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|")
		switch {
		case len(cells) != 4:
			column = -1
			continue
		case strings.TrimSpace(cells[1]) == "write":
			column = 1
			continue
		case strings.TrimSpace(cells[2]) == "Patou":
			column = 2
			continue
		case column < 0 || strings.HasPrefix(cells[1], "---"):
			continue
		}
		for _, found := range span.FindAllStringSubmatch(cells[column], -1) {
			q := strings.ReplaceAll(found[1], "\x00", "|")
			q = strings.TrimSuffix(strings.TrimPrefix(q, "patou logs -f '"), "'")
			if strings.HasPrefix(q, "--") {
				continue
			}
			n++
			if _, err := Parse(q); err != nil {
				t.Errorf("%s: %v", q, err)
			}
		}
	}
	if n < 70 {
		t.Errorf("only %d queries were found on the page", n)
	}
}
