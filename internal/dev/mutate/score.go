package mutate

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// report is what gremlins writes about the files of one package.
type report struct {
	Files []struct {
		Name      string   `json:"file_name"`
		Mutations []mutant `json:"mutations"`
	} `json:"files"`
}

type mutant struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// survivor is an entry of accepted.json: a mutation that no test has to see.
type survivor struct {
	File   string // from the root of the repository, with slashes
	Type   string // as gremlins names it
	Line   string // the text of the line, without the space around it
	Reason string // why no test has to see it
}

// score counts the mutants of a package.
type score struct {
	killed, lived, uncovered int
	timedOut                 int // neither killed nor alive: the tests did not end
	// blind are conditions of a case and constants: a coverage profile holds no
	// statement for them, so gremlins does not try them.
	blind    int
	accepted int
	alive    []string // file:line:column, kind and status of those that count
}

func (s *score) add(t score) {
	s.killed += t.killed
	s.lived += t.lived
	s.uncovered += t.uncovered
	s.timedOut += t.timedOut
	s.blind += t.blind
	s.accepted += t.accepted
	s.alive = append(s.alive, t.alive...)
}

// percent is killed / (killed + lived + not covered), without what was accepted
// and what gremlins is blind to; 100 where there is nothing.
func (s score) percent() float64 { return percent(s.killed, s.lived+s.uncovered) }

// strict is the same where every mutant counts that was not killed.
func (s score) strict() float64 {
	return percent(s.killed, s.lived+s.uncovered+s.blind+s.accepted)
}

func percent(killed, others int) float64 {
	if killed+others == 0 {
		return 100
	}
	return 100 * float64(killed) / float64(killed+others)
}

func (s score) String() string {
	return fmt.Sprintf("%.1f %% (%d killed, %d lived, %d not covered; %d timed out; %d accepted, %d not tried; all counted: %.1f %%)",
		s.percent(), s.killed, s.lived, s.uncovered, s.timedOut, s.accepted, s.blind, s.strict())
}

// count reads a report about the package in a directory, from root.
func count(root, dir string, text []byte, accepted []survivor) (score, error) {
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return score{}, fmt.Errorf("gremlins' report on %s: %w", dir, err)
	}
	var s score
	for _, f := range r.Files {
		file := dir + "/" + f.Name
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return score{}, err
		}
		unseen, err := blindLines(src)
		if err != nil {
			return score{}, err
		}
		lines := strings.Split(string(src), "\n")
		for _, m := range f.Mutations {
			if m.Line < 1 || m.Line > len(lines) {
				return score{}, fmt.Errorf("gremlins' report on %s is about another version of %s", dir, f.Name)
			}
			s.take(m, file, strings.TrimSpace(lines[m.Line-1]), unseen(m), accepted)
		}
	}
	return s, nil
}

func (s *score) take(m mutant, file, line string, blind bool, accepted []survivor) {
	switch m.Status {
	case "KILLED":
		s.killed++
		return
	case "TIMED OUT":
		s.timedOut++
		return
	case "LIVED", "NOT COVERED":
	default:
		return // it does not compile, or was not asked for
	}
	for _, a := range accepted {
		if a.File == file && a.Type == m.Type && a.Line == line {
			s.accepted++
			return
		}
	}
	switch {
	case m.Status == "LIVED":
		s.lived++
	case blind:
		s.blind++
		return
	default:
		s.uncovered++
	}
	s.alive = append(s.alive, fmt.Sprintf("%s:%d:%d %s %s: %s", file, m.Line, m.Column, m.Type, m.Status, line))
}

// blindLines returns whether a mutant of a file lies in the condition of a case
// or outside of every function.
func blindLines(src []byte) (func(mutant) bool, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	type span struct{ from, to token.Position }
	var bodies, cases []span
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			bodies = append(bodies, span{set.Position(n.Pos()), set.Position(n.End())})
		case *ast.FuncLit:
			bodies = append(bodies, span{set.Position(n.Pos()), set.Position(n.End())})
		case *ast.CaseClause:
			cases = append(cases, span{set.Position(n.Case), set.Position(n.Colon)})
		}
		return true
	})
	within := func(m mutant, all []span) bool {
		for _, s := range all {
			after := m.Line > s.from.Line || m.Line == s.from.Line && m.Column >= s.from.Column
			before := m.Line < s.to.Line || m.Line == s.to.Line && m.Column < s.to.Column
			if after && before {
				return true
			}
		}
		return false
	}
	return func(m mutant) bool { return within(m, cases) || !within(m, bodies) }, nil
}
