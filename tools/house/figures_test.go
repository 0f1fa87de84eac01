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

// figures is what the sizes of the code are judged by. Only source counts, not
// tests, except where a name says so.
type figures struct {
	functions, branches []size // lines; 1 + if, for, case, && and ||
	testFunctions       []size
	files, packages     []size // lines
	exported            []size // names of a package
	methods             []size // of an interface
	depth               []size // of a package: the longest chain of imports of ours below it
	thin                []size // comment share of a package in thousandths
	goStatements        []string
	undocumented        []string // exported names without a comment
	direct              int      // dependencies that go.mod asks for
	code, comments      int      // lines
	source, tests       int      // lines
}

// size is a number and what has it.
type size struct {
	n    int
	what string
}

// spread gives the median, the 95th of a hundred and the largest.
func spread(all []size) (median, p95, most size) {
	slices.SortFunc(all, func(a, b size) int { return a.n - b.n })
	if len(all) == 0 {
		return size{}, size{}, size{}
	}
	return all[len(all)/2], all[len(all)*95/100], all[len(all)-1]
}

func measure(t *testing.T) *figures {
	t.Helper()
	f, top := &figures{}, root(t)
	byDir := map[string]*shelf{}
	walk(t, top, func(path string) {
		name, _ := filepath.Rel(top, path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			f.addTest(t, name, text)
			return
		}
		dir := filepath.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &shelf{}
		}
		f.addFile(t, byDir[dir], name, text)
	})
	for dir, s := range byDir {
		f.addShelf(dir, s)
	}
	f.addDepths(packages(t))
	f.addDependencies(t, top)
	return f
}

// shelf is what is added up over the files of a package.
type shelf struct{ lines, code, comments, exported int }

func (f *figures) addShelf(dir string, s *shelf) {
	f.packages = append(f.packages, size{s.lines, dir})
	f.exported = append(f.exported, size{s.exported, dir})
	f.code += s.code
	f.comments += s.comments
	if !strings.HasPrefix(dir, "tools/") { // what only measures may be terser
		f.thin = append(f.thin, size{1000 * s.comments / max(1, s.code+s.comments), dir})
	}
}

func (f *figures) addTest(t *testing.T, name string, text []byte) {
	f.tests += strings.Count(string(text), "\n")
	files, tree := parse(t, name, text)
	for _, d := range tree.Decls {
		if d, ok := d.(*ast.FuncDecl); ok {
			f.testFunctions = append(f.testFunctions, size{lines(files, d), name + " " + d.Name.Name})
		}
	}
}

func (f *figures) addFile(t *testing.T, s *shelf, name string, text []byte) {
	n := strings.Count(string(text), "\n")
	f.files = append(f.files, size{n, name})
	s.lines += n
	if strings.HasPrefix(name, "test/") {
		f.tests += n // what starts servers for tests, and asks them
	} else {
		f.source += n
	}
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "//"):
			s.comments++
		case line != "":
			s.code++
		}
	}
	files, tree := parse(t, name, text)
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.addFunction(s, files, name, d)
		case *ast.GenDecl:
			f.addNames(s, name, d)
			checkGlobals(t, name, d)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.goStatements = append(f.goStatements, name)
		case *ast.TypeSpec:
			if door, ok := n.Type.(*ast.InterfaceType); ok && contracts()[name+" "+n.Name.Name] == "" {
				f.methods = append(f.methods, size{len(door.Methods.List), name + " " + n.Name.Name})
			}
		}
		return true
	})
	checkInit(t, name, tree)
}

func parse(t *testing.T, name string, text []byte) (*token.FileSet, *ast.File) {
	t.Helper()
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return files, tree
}

func lines(files *token.FileSet, n ast.Node) int {
	return files.Position(n.End()).Line - files.Position(n.Pos()).Line + 1
}

func (f *figures) addFunction(s *shelf, files *token.FileSet, name string, d *ast.FuncDecl) {
	what := name + " " + d.Name.Name
	f.functions = append(f.functions, size{lines(files, d), what})
	f.branches = append(f.branches, size{branches(d), what})
	if !d.Name.IsExported() || d.Recv != nil && !exportedReceiver(d) {
		return
	}
	if d.Recv == nil {
		s.exported++
	}
	f.wantDoc(what, d.Doc)
}

func branches(d *ast.FuncDecl) int {
	n := 1
	ast.Inspect(d, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.CommClause:
			n++
		case *ast.CaseClause:
			if node.List != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

// addNames asks each exported type, constant and variable for a comment: its
// own, beside it, or that of the block it stands in.
func (f *figures) addNames(s *shelf, name string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				s.exported++
				f.wantDoc(name+" "+spec.Name.Name, d.Doc, spec.Doc, spec.Comment)
			}
		case *ast.ValueSpec:
			for _, id := range spec.Names {
				if id.IsExported() {
					s.exported++
					f.wantDoc(name+" "+id.Name, d.Doc, spec.Doc, spec.Comment)
				}
			}
		}
	}
}

func (f *figures) wantDoc(what string, docs ...*ast.CommentGroup) {
	if !slices.ContainsFunc(docs, func(c *ast.CommentGroup) bool { return c != nil }) {
		f.undocumented = append(f.undocumented, what)
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

// addDepths counts a package that imports nothing of ours as 0.
func (f *figures) addDepths(all []pkg) {
	byPath, depths := map[string]pkg{}, map[string]int{}
	for _, p := range all {
		byPath[p.ImportPath] = p
	}
	var depth func(path string) int
	depth = func(path string) int {
		if n, ok := depths[path]; ok {
			return n
		}
		n := 0
		for _, imp := range byPath[path].Imports {
			if strings.HasPrefix(imp, module) {
				n = max(n, 1+depth(imp))
			}
		}
		depths[path] = n
		return n
	}
	for _, p := range all {
		f.depth = append(f.depth, size{depth(p.ImportPath), p.ImportPath})
	}
}

func (f *figures) addDependencies(t *testing.T, top string) {
	text, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "require "))
		if strings.Contains(line, " v") && !strings.HasPrefix(line, "//") && !strings.Contains(line, "// indirect") {
			f.direct++
		}
	}
}

func walk(t *testing.T, top string, visit func(path string)) {
	t.Helper()
	walkAll(t, top, func(path string) {
		if strings.HasSuffix(path, ".go") {
			visit(path)
		}
	})
}

// walkAll visits what is ours to read: nothing fetched, built or made up for
// tests.
func walkAll(t *testing.T, top string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", "testdata", "dist", "bin", ".git"}, d.Name()):
			return filepath.SkipDir
		case !d.IsDir():
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
