package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pages(t, func(path, text string) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			target := path
			if to != "" {
				target = filepath.Join(filepath.Dir(path), to)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			} else if anchor != "" && !hasAnchor(t, target, anchor) {
				t.Errorf("%s links to %s, a heading that is not there", path, m[1])
			}
		}
	})
}

// hasAnchor reports whether a page has the heading, written as GitHub does.
func hasAnchor(t *testing.T, path, anchor string) bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			name := dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			if strings.ReplaceAll(name, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}

// TestPagesShowCommandsThatExist asks the program itself for the help of each
// command, and for each long flag, that a line of an example begins with.
func TestPagesShowCommandsThatExist(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "patou")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/patou")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	example := regexp.MustCompile(`(?m)^\s*(?:\$ |sudo )?(?:\./|go run \./cmd/)?patou (.+)$`)
	helps := map[string]string{}
	pages(t, func(path, text string) {
		for _, block := range fenced(text) {
			for _, m := range example.FindAllStringSubmatch(block, -1) {
				checkExample(t, binary, path, m[1], helps)
			}
		}
	})
	if len(helps) < 5 {
		t.Errorf("the pages show only %d commands: are they still found?", len(helps))
	}
}

// fenced is what stands between pairs of ``` lines.
func fenced(text string) []string {
	var out []string
	for i, part := range strings.Split(text, "\n```") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

func checkExample(t *testing.T, binary, path, example string, helps map[string]string) {
	t.Helper()
	word := regexp.MustCompile(`^[a-z][a-z-]*$`)
	quoted := regexp.MustCompile(`'[^']*'|"[^"]*"`)
	example, _, _ = strings.Cut(quoted.ReplaceAllString(example, "…"), "#")
	words := strings.Fields(example)
	var command []string
	for len(words) > 0 && len(command) < 2 && word.MatchString(words[0]) {
		command, words = append(command, words[0]), words[1:]
	}
	help := helpOf(t, binary, command, helps)
	if !strings.Contains(help, "patou "+strings.Join(command[:min(1, len(command))], " ")) {
		t.Errorf("%s shows patou %s: no such command", path, strings.Join(command, " "))
	}
	for _, w := range words {
		flag, _, _ := strings.Cut(w, "=")
		if strings.HasPrefix(flag, "--") && !strings.Contains(help, flag+" ") && !strings.Contains(help, flag+"\n") {
			t.Errorf("%s shows patou %s %s: no such flag", path, strings.Join(command, " "), flag)
		}
	}
}

func helpOf(t *testing.T, binary string, command []string, helps map[string]string) string {
	t.Helper()
	key := strings.Join(command, " ")
	if help, ok := helps[key]; ok {
		return help
	}
	out, err := exec.CommandContext(t.Context(), binary, append(command, "--help")...).CombinedOutput()
	if err != nil {
		t.Logf("patou %s --help: %v", key, err)
	}
	helps[key] = string(out)
	return helps[key]
}

func TestDecisionsAreListed(t *testing.T) {
	dir := filepath.Join(root(t), "docs", "adr")
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "[0-9]*.md"))
	if err != nil || len(all) == 0 {
		t.Fatalf("decisions: %d, %v", len(all), err)
	}
	for _, path := range all {
		if !strings.Contains(string(index), "("+filepath.Base(path)+")") {
			t.Errorf("docs/adr/README.md does not list %s", filepath.Base(path))
		}
	}
}

// pages visits the Markdown of the repository.
func pages(t *testing.T, visit func(path, text string)) {
	t.Helper()
	walkAll(t, root(t), func(path string) {
		if filepath.Ext(path) != ".md" {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		visit(path, string(text))
	})
}
