package lab

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
)

// program is built from a module below internal/lab that pins its version,
// apart from those of openlock itself.
type program struct {
	name   string
	module string // directory
	pkg    string
}

// programs begin with what takes longest.
var programs = []program{
	{"buildkitd", "parts", "github.com/moby/buildkit/cmd/buildkitd"},
	{"buildx", "parts", "github.com/docker/buildx/cmd/buildx"},
	{"crane", "parts", "github.com/google/go-containerregistry/cmd/crane"},
	{"staticcheck", "parts", "honnef.co/go/tools/cmd/staticcheck"},
	// Modules of their own, since they need other versions than the rest.
	{"cosign-v2", "parts/cosign", "github.com/sigstore/cosign/v2/cmd/cosign"},
	{"cosign-v3", "parts/cosign", "github.com/sigstore/cosign/v3/cmd/cosign"},
	{"actionlint", "parts/actionlint", "github.com/rhysd/actionlint/cmd/actionlint"},
	{"govulncheck", "parts/govulncheck", "golang.org/x/vuln/cmd/govulncheck"},
}

// modules lists the modules of the programs, sorted.
func modules() []string {
	var all []string
	for _, p := range programs {
		all = append(all, p.module)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// buildPrograms builds every program that is missing. One run of the go command
// builds as many as it can, which share what they have in common, and two runs
// go side by side: a linker keeps one processor busy, a download none.
func buildPrograms(ctx context.Context, out io.Writer) error {
	root, err := Root()
	if err != nil {
		return err
	}
	dir, err := BinDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var missing []program
	for _, p := range programs {
		if _, err := os.Stat(filepath.Join(dir, p.name)); err != nil {
			missing = append(missing, p)
		}
	}
	var runs []func() error
	for _, group := range builds(missing) {
		runs = append(runs, func() error { return buildGroup(ctx, out, root, dir, group) })
	}
	return together(runs...)
}

// builds groups programs by what one run of the go command can build: of one
// module, into a directory, where each gets the name of its package.
func builds(all []program) [][]program {
	var groups [][]program
	for _, p := range all {
		i := slices.IndexFunc(groups, func(g []program) bool {
			return g[0].module == p.module && g[0].named() && p.named()
		})
		if i < 0 {
			groups = append(groups, []program{p})
		} else {
			groups[i] = append(groups[i], p)
		}
	}
	return groups
}

// named tells whether the go command gives the program its name.
func (p program) named() bool { return path.Base(p.pkg) == p.name }

// compilerFlags save a third of the time: these programs are not debugged, and
// those that are not measured may be a little slower. Benchmarks compare openlock
// with programs of the first module.
func compilerFlags(module string) string {
	if module == programs[0].module {
		return "-gcflags=all=-dwarf=false"
	}
	return "-gcflags=all=-dwarf=false -l"
}

// buildGroup builds programs beside their place and moves them there, so that
// one that is there is whole. Without cgo, none needs a C compiler; without
// symbols, they are linked sooner.
func buildGroup(ctx context.Context, out io.Writer, root, dir string, group []program) error {
	partial := filepath.Join(dir, "partial-"+group[0].name)
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	to := partial + string(filepath.Separator)
	if !group[0].named() {
		to = filepath.Join(partial, group[0].name)
	}
	args := []string{"env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags=-s -w", compilerFlags(group[0].module), "-o", to}
	for _, p := range group {
		args = append(args, p.pkg)
	}
	if err := show(ctx, out, filepath.Join(root, "internal", "lab", group[0].module), args...); err != nil {
		return err
	}
	for _, p := range group {
		if err := os.Rename(filepath.Join(partial, p.name), filepath.Join(dir, p.name)); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many things [together] does at once.
const atOnce = 2

// together does things side by side and returns what fails of them.
func together(all ...func() error) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
		free = make(chan struct{}, atOnce)
	)
	for _, do := range all {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if err := do(); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// lineWriter passes on what several programs print at once.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
