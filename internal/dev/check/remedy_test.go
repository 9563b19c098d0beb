package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// noRemedy begins a comment that says why an error has no remedy.
const noRemedy = "no remedy: "

// TestRemedies walks every error type of the library and the verbs, and every
// place that makes one of a type with a remedy. Each has a remedy, or a comment
// that says why it has none, on the line or before it.
func TestRemedies(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, fset: token.NewFileSet(), hints: map[string]bool{}, remedies: map[string]bool{}}
	for _, dir := range []string{"sandbox", "internal", "magefiles", "tools"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			developers := strings.Contains(path, "internal/lab") || strings.Contains(path, "internal/dev") || strings.Contains(path, "internal/decisions") || strings.Contains(path, "enginetest")
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || developers {
				return err
			}
			f, err := parser.ParseFile(w.fset, path, nil, parser.ParseComments)
			w.files = append(w.files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.types()
	made := 0
	for _, f := range w.files {
		made += w.literals(f)
	}
	if len(w.hints) < 5 || made < 40 {
		t.Errorf("%d types and %d places: the walk misses some", len(w.hints), made)
	}
}

// walk is what the test has read.
type walk struct {
	t        *testing.T
	fset     *token.FileSet
	files    []*ast.File
	hints    map[string]bool // types with a method Hint
	remedies map[string]bool // those with a field Remedy
}

// types checks every type with a method Error for a method Hint.
func (w *walk) types() {
	docs, isError := map[string]string{}, map[string]token.Pos{}
	for _, f := range w.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				for _, s := range n.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						docs[f.Name.Name+"."+s.Name.Name] = n.Doc.Text()
						w.field(f.Name.Name+"."+s.Name.Name, s)
					}
				}
			case *ast.FuncDecl:
				if n.Recv == nil {
					break
				}
				name := f.Name.Name + "." + typeName(n.Recv.List[0].Type)
				switch n.Name.Name {
				case "Hint":
					w.hints[name] = true
				case "Error":
					if n.Type.Params.NumFields() == 0 {
						isError[name] = n.Pos()
					}
				}
			}
			return true
		})
	}
	for name, pos := range isError {
		if !w.hints[name] && !strings.Contains(strings.ToLower(strings.ReplaceAll(docs[name], "\n", " ")), noRemedy) {
			w.t.Errorf("%s: %s has no method Hint, and its comment does not say %q", w.fset.Position(pos), name, noRemedy)
		}
	}
}

// field notes a type with a field Remedy.
func (w *walk) field(name string, s *ast.TypeSpec) {
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			w.remedies[name] = w.remedies[name] || n.Name == "Remedy"
		}
	}
}

// literals checks every place of a file that makes an error with a remedy.
func (w *walk) literals(f *ast.File) (made int) {
	excused := map[int]bool{} // lines
	for _, g := range f.Comments {
		if strings.Contains(g.Text(), noRemedy) {
			excused[w.fset.Position(g.End()).Line] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		c, ok := n.(*ast.CompositeLit)
		if !ok || c.Type == nil {
			return true
		}
		name := typeName(c.Type)
		if !strings.Contains(name, ".") {
			name = f.Name.Name + "." + name
		}
		name = strings.Replace(name, "cli.UsageError", "sandbox.InputError", 1)
		if !w.remedies[name] || !w.hints[name] {
			return true
		}
		made++
		line := w.fset.Position(c.Pos()).Line
		for _, e := range c.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Remedy" {
				return true
			}
		}
		if !excused[line] && !excused[line-1] {
			w.t.Errorf("%s: a %s without a Remedy, and without a comment %q", w.fset.Position(c.Pos()), name, noRemedy)
		}
		return true
	})
	return made
}

// typeName is the name of a type in an expression, with its package where that
// is another.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
