package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The ratchet: sizes beyond which a reader loses the thread. Lower a number when
// the code has become better; never raise one without a reason in the commit.
const (
	maxFunction     = 100  // lines, in code that is not a test
	maxFunctionP95  = 50   // lines
	maxMedian       = 10   // lines
	maxLongShare    = 0.03 // functions over 60 lines
	maxFile         = 500  // lines
	maxPackage      = 6000 // lines
	minCommentShare = 0.10
)

type figures struct {
	functions []int
	longest   string
	packages  map[string]int
	code      int
	comments  int
}

func TestSizesStayReadable(t *testing.T) {
	f := measure(t)
	slices.Sort(f.functions)
	n := len(f.functions)
	if n == 0 {
		t.Fatal("no functions found")
	}
	over := 0
	for _, lines := range f.functions {
		if lines > 60 {
			over++
		}
	}
	median, p95, most := f.functions[n/2], f.functions[n*95/100], f.functions[n-1]
	share := float64(f.comments) / float64(f.comments+f.code)
	t.Logf("%d functions: median %d, p95 %d, longest %d lines (%s), %d over 60; %d lines of code, %.0f %% comments",
		n, median, p95, most, f.longest, over, f.code, share*100)
	check := func(ok bool, format string, args ...any) {
		t.Helper()
		if !ok {
			t.Errorf(format, args...)
		}
	}
	check(most <= maxFunction, "%s has %d lines, at most %d", f.longest, most, maxFunction)
	check(p95 <= maxFunctionP95, "one function in twenty has over %d lines: %d", maxFunctionP95, p95)
	check(median <= maxMedian, "the median function has %d lines, at most %d", median, maxMedian)
	check(float64(over) <= maxLongShare*float64(n), "%d of %d functions have over 60 lines", over, n)
	check(share >= minCommentShare, "%.1f %% of lines are comments, at least %.0f %%", share*100, minCommentShare*100)
	for dir, lines := range f.packages {
		check(lines <= maxPackage, "package %s has %d lines, at most %d", dir, lines, maxPackage)
	}
}

func measure(t *testing.T) *figures {
	t.Helper()
	f := &figures{packages: map[string]int{}}
	top := root(t)
	walk(t, top, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		f.add(t, top, path)
	})
	return f
}

func (f *figures) add(t *testing.T, top, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := filepath.Rel(top, path)
	lines := strings.Count(string(text), "\n")
	if lines > maxFile {
		t.Errorf("%s has %d lines, at most %d", name, lines, maxFile)
	}
	f.packages[filepath.Dir(name)] += lines
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "//"):
			f.comments++
		case line != "":
			f.code++
		}
	}
	f.addFunctions(t, name, text)
}

func (f *figures) addFunctions(t *testing.T, name string, text []byte) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			n := files.Position(d.End()).Line - files.Position(d.Pos()).Line + 1
			if len(f.functions) == 0 || n > slices.Max(f.functions) {
				f.longest = name + " " + d.Name.Name
			}
			f.functions = append(f.functions, n)
			checkFunction(t, name, d)
		case *ast.GenDecl:
			checkGlobals(t, name, d)
		}
	}
}

func checkFunction(t *testing.T, name string, d *ast.FuncDecl) {
	if d.Name.Name == "init" && d.Recv == nil {
		t.Errorf("%s: init registers behind the reader's back: call it from app", name)
	}
	if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
		t.Errorf("%s: %s has no comment", name, d.Name.Name)
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	e := d.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if index, ok := e.(*ast.IndexExpr); ok {
		e = index.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
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

func walk(t *testing.T, top string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
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
