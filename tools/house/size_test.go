package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// The ratchet: sizes beyond which a reader loses the thread. Lower a number when
// the code has become better; never raise one without a reason in the commit.
// Lines are those of source, a function's from first to last.
const (
	maxFunction     = 45
	maxFunctionP95  = 30
	maxMedian       = 10
	maxTestFunction = 40 // of 95 in a hundred
	maxBranches     = 22
	maxBranchesP95  = 9
	maxFile         = 420
	maxPackage      = 5800
	maxExportedP95  = 45 // names
	maxMethods      = 8
	maxDirect       = 12 // dependencies
	maxDepth        = 6  // imports of ours in a row
	minComments     = 115
	minCommentsEach = 95 // thousandths of a package's lines
	minTests        = 40 // lines of tests, for 100 of source
)

func TestSizesStayReadable(t *testing.T) {
	f := measure(t)
	if len(f.functions) == 0 {
		t.Fatal("no functions found")
	}
	table := &table{t: t}
	median, p95, most := spread(f.functions)
	table.atMost("function lines, median", median, maxMedian)
	table.atMost("function lines, p95", p95, maxFunctionP95)
	table.atMost("function lines, longest", most, maxFunction)
	_, p95, _ = spread(f.testFunctions)
	table.atMost("test function lines, p95", p95, maxTestFunction)
	_, p95, most = spread(f.branches)
	table.atMost("branches, p95", p95, maxBranchesP95)
	table.atMost("branches, most", most, maxBranches)
	_, _, most = spread(f.files)
	table.atMost("file lines, longest", most, maxFile)
	_, _, most = spread(f.packages)
	table.atMost("package lines, most", most, maxPackage)
	_, p95, _ = spread(f.exported)
	table.atMost("exported names of a package, p95", p95, maxExportedP95)
	_, _, most = spread(f.methods)
	table.atMost("interface methods, most", most, maxMethods)
	_, _, most = spread(f.depth)
	table.atMost("import depth", most, maxDepth)
	table.atMost("direct dependencies", size{n: f.direct}, maxDirect)
	table.atMost("exported names without a comment", size{len(f.undocumented), strings.Join(f.undocumented, ", ")}, 0)
	table.atLeast("comment lines of 1000", size{n: 1000 * f.comments / (f.comments + f.code)}, minComments)
	spread(f.thin)
	table.atLeast("comment lines of 1000, fewest", f.thin[0], minCommentsEach)
	table.atLeast("test lines for 100 of source", size{n: 100 * f.tests / f.source}, minTests)
	t.Logf("%d functions, %d lines of source, %d of tests\n%s", len(f.functions), f.source, f.tests, table.rows.String())
}

// table writes a figure a row and fails the test for those beyond their limit.
type table struct {
	t    *testing.T
	rows strings.Builder
}

func (b *table) atMost(what string, got size, limit int) {
	b.row(what, got, "<=", limit, got.n <= limit)
}

func (b *table) atLeast(what string, got size, limit int) {
	b.row(what, got, ">=", limit, got.n >= limit)
}

func (b *table) row(what string, got size, sign string, limit int, ok bool) {
	fmt.Fprintf(&b.rows, "%-34s %6d  %s %-5d %s\n", what, got.n, sign, limit, got.what)
	if !ok {
		b.t.Errorf("%s: %d, wanted %s %d: %s", what, got.n, sign, limit, got.what)
	}
}

// contracts lists the interfaces that may have more methods than maxMethods, each
// with the reason. A narrow door is easy to stand in for; these are no doors.
func contracts() map[string]string {
	return map[string]string{
		"internal/fsx/fsx.go FS":            "a file system whole, so that each call that touches the disk can be made to fail",
		"internal/entry/columns.go Columns": "the columns of a run, each a method, so that a question opens only those it asks for",
	}
}

// starts lists the places that say go, each with who stops it and waits. All
// else goes through lifecycle.Group or a sync.WaitGroup that its owner waits for.
func starts() map[string]string {
	return map[string]string{
		"internal/lifecycle/group.go": "Group.Stop, which waits for each part until its patience ends",
		"internal/listen/listen.go":   "Server.Stop: it turns the end of a wait into a channel",
		"test/apptest/apptest.go":     "Server.Kill: it ends with the process that it reads from",
	}
}

func TestGoroutinesHaveOwners(t *testing.T) {
	f := measure(t)
	for _, name := range f.goStatements {
		if starts()[name] == "" {
			t.Errorf("%s says go: let a lifecycle.Group or a WaitGroup own it, or name its owner in starts", name)
		}
	}
	for name := range starts() {
		if !slices.Contains(f.goStatements, name) {
			t.Errorf("%s says go no more: take it from starts", name)
		}
	}
}

func checkInit(t *testing.T, name string, tree *ast.File) {
	for _, d := range tree.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Name.Name == "init" && d.Recv == nil {
			t.Errorf("%s: init registers behind the reader's back: call it from app", name)
		}
	}
}

// checkGlobals allows variables of a package only where nothing changes them:
// errors to compare with, embedded files, and compiled tables in upper case.
func checkGlobals(t *testing.T, name string, d *ast.GenDecl) {
	if d.Tok != token.VAR || d.Doc != nil && strings.Contains(d.Doc.Text(), "never changes") || embedded(d) {
		return
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for _, id := range v.Names {
			if id.Name != "_" && !strings.HasPrefix(id.Name, "Err") && !strings.HasPrefix(id.Name, "err") {
				t.Errorf("%s: the package variable %s: hand it in, or say in its comment that it never changes", name, id.Name)
			}
		}
	}
}

func embedded(d *ast.GenDecl) bool {
	return d.Doc != nil && slices.ContainsFunc(d.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

func TestTestsDoNotSleep(t *testing.T) {
	walk(t, root(t), func(path string) {
		if !strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "size_test.go") {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "time.Sleep(") {
			t.Errorf("%s sleeps: use a manual clock, a channel or testing/synctest", path)
		}
	})
}
