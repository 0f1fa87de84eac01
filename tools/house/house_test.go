// Package house checks the rules of the house that a compiler does not: which
// package may import which, and how large things may grow. docs/ARCHITECTURE.md
// gives the reasons.
package house

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors lists the rooms from the ground up. A room imports only rooms of lower
// floors. A name that ends in "/..." stands for a whole tree, whose packages may
// import each other only where siblings says so.
func floors() [][]string {
	return [][]string{
		{"internal/metric", "internal/entry", "internal/event", "internal/host", "internal/component", "internal/timerange",
			"internal/fsx", "internal/clock", "internal/lifecycle", "internal/config", "internal/telemetry", "internal/token"},
		{"internal/wal", "internal/codec", "internal/parse/...", "internal/record", "internal/listen", "internal/mask", "internal/pattern", "internal/procfs"},
		{"internal/store/...", "internal/chunk"},
		{"internal/ingest/...", "internal/pipeline", "internal/query/...", "internal/herd", "internal/agent/..."},
		{"internal/why/..."},
		{"internal/httpapi", "internal/cli", "web"},
		{"internal/app"},
		{"internal/demo/..."},
		{"cmd/patou"},
	}
}

// siblings are the imports on one floor that are allowed, each with its reason.
func siblings() map[string]string {
	return map[string]string{}
}

// bans are imports that a tree may not have, directly.
func bans() []ban {
	pure := "bytes in, nouns out: nothing here may depend on a machine, so that it can be fuzzed and replayed"
	return []ban{
		{"internal/parse/", []string{"os", "net", "net/http"}, pure},
		{"internal/codec", []string{"os", "net", "net/http", "time"}, pure},
		{"internal/record", []string{"os", "net", "net/http", "time"}, pure},
		{"internal/chunk", []string{"os", "net", "net/http", "time"}, pure},
		{"internal/mask", []string{"os", "net", "net/http", "time"}, pure},
		{"internal/pattern", []string{"os", "net", "net/http"}, pure},
		{"internal/why", []string{"os", "net", "net/http"}, "an answer follows from question, source and time alone"},
		{"internal/query/", []string{"os", "net", "net/http"}, "an answer follows from question, source and time alone"},
		{"internal/store/metrics", []string{"os"}, "files that must survive a crash go through fsx"},
		{"internal/store/logs", []string{"os"}, "files that must survive a crash go through fsx"},
		{"internal/wal", []string{"os"}, "files that must survive a crash go through fsx"},
		{"internal/pipeline", []string{"os", "net", "net/http"}, pure},
	}
}

type ban struct {
	tree    string
	imports []string
	reason  string
}

type pkg struct {
	ImportPath string
	Imports    []string
	Dir        string
	Doc        string
	GoFiles    []string
}

const module = "patou/"

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		own, ok := floorOf(from)
		if !ok {
			if !strings.HasPrefix(from, "tools/") && !strings.HasPrefix(from, "test/") {
				t.Errorf("%s stands on no floor: add it to floors", from)
			}
			continue
		}
		for _, imp := range p.Imports {
			to, internal := strings.CutPrefix(imp, module)
			if !internal {
				continue
			}
			floor, _ := floorOf(to)
			if floor < own || siblings()[from+" -> "+to] != "" || sameRoom(from, to) {
				continue
			}
			t.Errorf("%s imports %s, which is not below it", from, to)
		}
	}
}

// sameRoom allows a package the parts of its own tree, such as ingest's
// receivers, but not the reverse: parts do not know each other.
func sameRoom(from, to string) bool {
	return strings.HasPrefix(to, from+"/")
}

func TestPureTreesImportNoMachine(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, b := range bans() {
			if !strings.HasPrefix(from, b.tree) {
				continue
			}
			for _, imp := range b.imports {
				if slices.Contains(p.Imports, imp) {
					t.Errorf("%s imports %s: %s", from, imp, b.reason)
				}
			}
		}
	}
}

func TestPackagesSayWhatTheyOwn(t *testing.T) {
	banned := []string{"util", "utils", "common", "helper", "helpers", "types", "misc"}
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if slices.Contains(banned, filepath.Base(p.ImportPath)) {
			t.Errorf("%s: the name says nothing", p.ImportPath)
		}
	}
}

func floorOf(name string) (int, bool) {
	for i, rooms := range floors() {
		for _, room := range rooms {
			tree, whole := strings.CutSuffix(room, "/...")
			if name == tree || whole && strings.HasPrefix(name, tree+"/") {
				return i, true
			}
		}
	}
	return 0, false
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Dir,Doc,GoFiles", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
