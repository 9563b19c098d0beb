// Package api lists the exported surface of this repository, so that every
// change of what others can rely on is seen in review.
package api

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// roots hold the packages that other modules can import.
var roots = []string{"sandbox", "magefiles"}

// Listing returns one line for each exported identifier and method of the
// public packages below dir, the root of a checkout: "package: declaration",
// sorted. Fields are not listed.
func Listing(dir string) ([]string, error) {
	var lines []string
	for _, root := range roots {
		err := filepath.WalkDir(filepath.Join(dir, root), func(at string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if name := d.Name(); name == "internal" || name == "testdata" {
				return fs.SkipDir
			}
			name, err := filepath.Rel(dir, at)
			if err != nil {
				return err
			}
			found, err := listPackage(at, filepath.ToSlash(name))
			lines = append(lines, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(lines)
	return lines, nil
}

func listPackage(dir, name string) ([]string, error) {
	files := token.NewFileSet()
	var parsed []*ast.File
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if f.Name.Name != "main" {
			parsed = append(parsed, f)
		}
	}
	if len(parsed) == 0 {
		return nil, nil
	}
	pkg, err := doc.NewFromFiles(files, parsed, path.Join("github.com/vessux/openlock", name))
	if err != nil {
		return nil, err
	}
	l := &lister{files: files, name: name}
	l.values(pkg.Consts)
	l.values(pkg.Vars)
	l.funcs(pkg.Funcs)
	for _, t := range pkg.Types {
		l.typ(t)
	}
	return l.lines, nil
}

type lister struct {
	files *token.FileSet
	name  string
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, l.name+": "+fmt.Sprintf(format, args...))
}

func (l *lister) values(all []*doc.Value) {
	for _, v := range all {
		for _, n := range v.Names {
			if token.IsExported(n) {
				l.add("%s %s", v.Decl.Tok, n)
			}
		}
	}
}

func (l *lister) funcs(all []*doc.Func) {
	for _, f := range all {
		l.add("%s", l.signature(f.Decl))
	}
}

func (l *lister) typ(t *doc.Type) {
	l.values(t.Consts)
	l.values(t.Vars)
	l.funcs(t.Funcs)
	l.funcs(t.Methods)
	for _, s := range t.Decl.Specs {
		spec := s.(*ast.TypeSpec)
		switch of := spec.Type.(type) {
		case *ast.StructType:
			l.add("type %s struct", t.Name)
		case *ast.InterfaceType:
			l.add("type %s interface", t.Name)
			for _, m := range of.Methods.List {
				for _, n := range m.Names {
					l.add("method %s.%s%s", t.Name, n.Name, strings.TrimPrefix(l.print(m.Type), "func"))
				}
			}
		default:
			l.add("type %s %s", t.Name, l.print(spec.Type))
		}
	}
}

// signature is a function's declaration without its body, on one line.
func (l *lister) signature(f *ast.FuncDecl) string {
	bare := *f
	bare.Body, bare.Doc = nil, nil
	return l.print(&bare)
}

func (l *lister) print(node any) string {
	var b bytes.Buffer
	if err := format.Node(&b, l.files, node); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
