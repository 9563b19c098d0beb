package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// ours begins the import paths of this repository.
const ours = "github.com/vessux/openlock/"

// library is what the layers above may import of it.
var library = []string{
	"sandbox", "sandbox/base", "sandbox/builder", "sandbox/engine", "sandbox/engine/engines", "sandbox/leg", "sandbox/lint",
	"sandbox/registry", "sandbox/signature", "sandbox/tag",
}

// leaves import nothing of this repository but other leaves.
var leaves = []string{
	"internal/access",
	"internal/buildenv",
	"internal/containerfile",
	"internal/cosign",
	"internal/diagnose",
	"internal/github",
	"internal/hostbuild",
	"internal/label",
	"internal/layout",
	"internal/limit",
	"internal/lock",
	"internal/login",
	"internal/owned",
	"internal/platform",
	"internal/poll",
	"internal/process",
	"internal/record",
	"internal/registriesconf",
	"internal/sanitize",
	"internal/smallfile",
	"internal/userdir",
}

// layer is what packages may import.
type layer struct {
	packages string   // a package, or a tree of packages (…/...)
	own      []string // of this repository
	modules  []string // third-party modules
}

// layers says, for each package or tree of packages (…/...), what it may import
// of this repository and from which third-party modules. The first row that
// fits holds. Imports point down: no row names one above it, but for tests.
var layers = []layer{
	{"internal/cosign", leaves, nil},
	{"internal/label", []string{"sandbox/tag"}, nil},
	{"internal/poll", leaves, []string{"github.com/cenkalti/backoff"}},
	{"internal/lock", leaves, []string{"golang.org/x/sys"}},
	{"internal/registriesconf", leaves, []string{"github.com/pelletier/go-toml/v2"}},
	{"internal/access", leaves, nil},
	{"internal/layout", leaves, []string{"github.com/google/go-containerregistry"}},
	{"sandbox/tag", nil, nil},
	{"sandbox/registry", append([]string{"sandbox/tag"}, leaves...), []string{
		"github.com/cenkalti/backoff", "github.com/google/go-containerregistry/pkg/v1", "golang.org/x/net",
	}},
	{"sandbox/lint", leaves, []string{"github.com/google/go-containerregistry", "github.com/moby/buildkit"}},
	{"internal/epoch", leaves, []string{"github.com/moby/buildkit"}},
	{"sandbox/signature", append([]string{"sandbox/registry", "sandbox/tag"}, leaves...), nil},
	{"sandbox/engine/enginetest", append([]string{"sandbox/engine", "sandbox/tag"}, leaves...), []string{"github.com/google/go-containerregistry"}},
	{"sandbox/engine", append([]string{"sandbox/engine/..."}, leaves...), nil},
	{"sandbox/engine/internal/docker", append([]string{"sandbox/engine", "sandbox/engine/..."}, leaves...), []string{"golang.org/x/net"}},
	{"sandbox/engine/...", append([]string{"sandbox/engine", "sandbox/engine/..."}, leaves...), nil},
	{"sandbox/leg", nil, nil},
	{"sandbox/builder", append([]string{"internal/epoch", "sandbox/engine", "sandbox/engine/engines", "sandbox/leg", "sandbox/registry"}, leaves...), []string{"github.com/google/go-containerregistry", "golang.org/x/sync"}},
	{"sandbox", append([]string{"sandbox/engine", "sandbox/engine/engines", "sandbox/leg", "sandbox/registry", "sandbox/signature", "sandbox/tag"}, leaves...), nil},
	{"sandbox/base", []string{"sandbox"}, nil},
	{"internal/reproduce", append([]string{"sandbox/leg"}, leaves...), []string{"github.com/google/go-containerregistry"}},
	{"internal/cli", append(slices.Clone(leaves), "sandbox", "sandbox/base", "sandbox/engine", "sandbox/engine/engines", "sandbox/registry", "sandbox/signature", "sandbox/tag"), []string{
		"github.com/pelletier/go-toml/v2", "github.com/spf13/cobra", "github.com/spf13/pflag",
	}},
	{"internal/ci", append(append(slices.Clone(leaves), "internal/cli", "internal/reproduce"), library...), []string{"github.com/google/go-containerregistry"}},
	{"tools/openlock", []string{"internal/cli"}, nil},
	{"magefiles", []string{"magefiles/..."}, nil},
	{"internal/dev/launch", nil, []string{"github.com/magefile/mage"}},
	{"magefiles/base", []string{"internal/cli", "internal/ci", "internal/github", "internal/process"}, []string{"github.com/magefile/mage"}},
	{"magefiles/...", append([]string{"internal/cli", "internal/decisions", "internal/dev/...", "internal/lab"}, library...), []string{"github.com/magefile/mage"}},
	{"internal/lab/...", append(append(slices.Clone(leaves), "internal/lab", "internal/lab/..."), library...), []string{
		"github.com/adrg/xdg", "github.com/gofrs/flock", "github.com/google/go-containerregistry", "github.com/rogpeppe/go-internal", "golang.org/x/net/http2", "golang.org/x/sync", "golang.org/x/sys", "golang.org/x/term",
	}},
	{"internal/lab", append(append(slices.Clone(leaves), "internal/lab", "internal/lab/..."), library...), []string{
		"github.com/adrg/xdg", "github.com/gofrs/flock", "github.com/google/go-containerregistry", "github.com/rogpeppe/go-internal", "golang.org/x/sync", "golang.org/x/sys", "golang.org/x/term",
	}},
	{"internal/...", append(append(slices.Clone(leaves), "internal/..."), library...), []string{
		"github.com/cenkalti/backoff", "github.com/google/go-containerregistry", "go.yaml.in/yaml", "golang.org/x/mod", "golang.org/x/sync", "golang.org/x/sys",
	}},
}

// goPackage is what `go list -json` tells of a package.
type goPackage struct {
	ImportPath string
	Name       string
	Standard   bool
	Imports    []string
	ForTest    string
}

func listPackages(t *testing.T, dir string, args ...string) []goPackage {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Standard,Imports,ForTest"}, args...)...)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(dir))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestLayers keeps the imports pointing down, and each layer's share of
// third-party code as it is: what the library links costs every program that
// imports it, at every start.
func TestLayers(t *testing.T) {
	for _, p := range listPackages(t, "", "-tags=mage", "./...") {
		name := strings.TrimPrefix(p.ImportPath, ours)
		i := slices.IndexFunc(layers, func(l layer) bool { return within(name, []string{l.packages}) })
		var mayImport, modules []string
		if i >= 0 {
			mayImport, modules = layers[i].own, layers[i].modules
		} else if slices.Contains(leaves, name) {
			mayImport = leaves
		} else {
			t.Errorf("%s belongs to no layer", name)
			continue
		}
		for _, imported := range p.Imports {
			switch rest, own := strings.CutPrefix(imported, ours); {
			case own && !within(rest, mayImport):
				t.Errorf("%s must not import %s", name, rest)
			case !own && strings.Contains(strings.Split(imported, "/")[0], ".") && !slices.ContainsFunc(modules, func(m string) bool {
				return imported == m || strings.HasPrefix(imported, m+"/")
			}):
				t.Errorf("%s must not import %s", name, imported)
			}
		}
	}
}

// within reports whether a package is one of a list, of which an entry that
// ends in /... is all below it.
func within(name string, list []string) bool {
	return slices.ContainsFunc(list, func(l string) bool {
		tree, isTree := strings.CutSuffix(l, "/...")
		return name == l || isTree && strings.HasPrefix(name, tree+"/")
	})
}

// TestLinked: what the host binary links, and what importers of the library
// do, by way of whatever packages.
func TestLinked(t *testing.T) {
	for program, forbidden := range map[string][]string{
		"./tools/openlock": {
			"github.com/moby/", "github.com/magefile/", "github.com/sigstore/", "testing",
			// What these prepare at every start takes as long as the work of tag.
			"github.com/google/go-containerregistry/pkg/name", "github.com/google/go-containerregistry/pkg/authn", "github.com/google/go-containerregistry/pkg/v1/remote/",
			"github.com/docker/", "github.com/sirupsen/", "github.com/opencontainers/", "github.com/BurntSushi/", "github.com/adrg/",
			ours + "internal/lab", ours + "internal/ci", ours + "internal/reproduce", ours + "internal/cosign", ours + "sandbox/builder", ours + "sandbox/lint",
		},
		"./sandbox": {"github.com/spf13/", "github.com/google/go-containerregistry/pkg/v1/remote/", "github.com/docker/", "github.com/opencontainers/", "github.com/moby/", ours + "sandbox/base", "testing"},
		// Publish calls a builder, so a builder is below it.
		"./sandbox/builder": {"github.com/spf13/", ours + "sandbox", ours + "sandbox/base", "testing"},
	} {
		for _, p := range listPackages(t, "", "-deps", program) {
			for _, f := range forbidden {
				if p.ImportPath == f || strings.HasSuffix(f, "/") && strings.HasPrefix(p.ImportPath, f) {
					t.Errorf("%s links %s", program, p.ImportPath)
				}
			}
		}
	}
}

// TestLayout: what other modules can import is the library and the targets, and
// nothing else by accident.
func TestLayout(t *testing.T) {
	for _, dir := range []string{"", lab.VerifyModule} {
		for _, p := range listPackages(t, dir, "-tags=mage", "./...") {
			name := strings.TrimPrefix(p.ImportPath, ours)
			public := strings.HasPrefix(name, "sandbox/") || name == "sandbox" || strings.HasPrefix(name, "magefiles/")
			internal := strings.HasPrefix(name, "internal/") || strings.Contains(name, "/internal/")
			if !public && !internal && p.Name != "main" {
				t.Errorf("%s is importable, and is neither the library nor a target: move it below internal", name)
			}
		}
	}
}
