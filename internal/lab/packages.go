package lab

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// manager is a system's package manager. Its command never removes a package:
// where there is no other way, it does nothing and fails.
type manager struct {
	name    string
	refresh []string // command that gets the list of packages; may be nil
	command []string // installs the packages that follow
	engine  []string // packages of a container engine
	// simulate prints what command would do were it allowed to remove packages,
	// as apt-get does; nil: command itself names what it refuses to remove.
	simulate []string
}

// Debian's podman recommends crun, which cannot start containers where
// cgroups are in hybrid mode; with runc in the same transaction it is not
// installed.
var debianEngine = []string{"podman", "runc", "uidmap", "fuse-overlayfs", "netavark", "ca-certificates"}

var managers = []manager{
	{
		name: "apt-get", refresh: []string{"apt-get", "update"},
		// --no-auto-remove: apt's configuration can have it remove what nothing
		// depends on any more.
		command:  []string{"apt-get", "install", "-y", "--no-install-recommends", "--no-remove", "--no-auto-remove"},
		simulate: []string{"apt-get", "install", "--simulate", "--no-install-recommends", "--no-auto-remove"},
		engine:   debianEngine,
	},
	// dnf removes nothing that conflicts unless it gets --allowerasing.
	{name: "dnf", command: []string{"dnf", "install", "-y"}, engine: []string{"podman"}},
	// Older versions of zypper, and its configuration, may force a resolution:
	// to remove whatever is in the way. Without that, it would ask, and
	// --non-interactive answers no.
	{name: "zypper", command: []string{"zypper", "--non-interactive", "install", "--no-force-resolution"}, engine: []string{"podman"}},
	// pacman asks whether to remove what conflicts; --noconfirm is the default
	// answer, no.
	{name: "pacman", command: []string{"pacman", "-S", "--noconfirm", "--needed"}, engine: []string{"podman"}},
	// apk keeps every package that was asked for before, or fails.
	{name: "apk", command: []string{"apk", "add"}, engine: []string{"podman"}},
}

// install installs what is missing of the packages and does not conflict with
// what is installed, and returns what it has left out for that.
func (m manager) install(ctx context.Context, in io.Reader, out io.Writer, wanted []string) ([]conflict, error) {
	missing, conflicts, err := m.agree(ctx, in, out, wanted)
	if err != nil {
		return conflicts, err
	}
	return conflicts, m.add(ctx, out, missing)
}

// agree returns what is missing of the packages, once the user agrees to
// install that, and what conflicts with what is installed.
func (m manager) agree(ctx context.Context, in io.Reader, out io.Writer, wanted []string) (missing []string, conflicts []conflict, err error) {
	installed, err := installedPackages(ctx)
	if err != nil {
		return nil, nil, err
	}
	missing, conflicts = choose(wanted, installed)
	for _, c := range conflicts {
		fmt.Fprintln(out, c)
	}
	if len(missing) == 0 {
		return nil, conflicts, nil
	}
	return missing, conflicts, confirm(ctx, in, out, m.name, missing)
}

// add installs packages.
func (m manager) add(ctx context.Context, out io.Writer, packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	if m.refresh != nil {
		if err := asRoot(ctx, out, m.refresh...); err != nil {
			return err
		}
	}
	if err := asRoot(ctx, out, slices.Concat(m.command, packages)...); err != nil {
		return m.explain(ctx, packages, err)
	}
	return nil
}

// explain adds to a failure the packages that would have had to be removed.
func (m manager) explain(ctx context.Context, packages []string, err error) error {
	if m.simulate == nil || ctx.Err() != nil {
		return err
	}
	args := slices.Concat(m.simulate, packages)
	said, _ := exec.CommandContext(ctx, args[0], args[1:]...).Output() // it has nothing to add where it fails too
	var inTheWay []string
	for line := range strings.Lines(string(said)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Remv" {
			inTheWay = append(inTheWay, f[1])
		}
	}
	if len(inTheWay) == 0 {
		return err
	}
	slices.Sort(inTheWay)
	names := strings.Join(inTheWay, " ")
	return fmt.Errorf("%w: %s would have to remove %s, so nothing was installed: if you do not need them, remove them with `%s remove %s` and run this again",
		err, m.name, names, m.name, names)
}

// installedPackage is what dpkg tells of a package that is installed.
type installedPackage struct {
	name      string
	conflicts []string // packages that cannot be installed beside it, in any version
}

// installedPackages asks dpkg; without dpkg there are none to tell of.
func installedPackages(ctx context.Context) ([]installedPackage, error) {
	const program = "dpkg-query"
	if _, err := exec.LookPath(program); err != nil {
		return nil, nil
	}
	said, err := exec.CommandContext(ctx, program, "--show",
		"--showformat=${db:Status-Status}\t${Package}\t${Conflicts}, ${Breaks}\n").Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return parseInstalled(string(said)), nil
}

// parseInstalled reads lines of status, name and relations, with tabs between.
func parseInstalled(text string) []installedPackage {
	var all []installedPackage
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 || f[0] != "installed" {
			continue
		}
		p := installedPackage{name: f[1]}
		for relation := range strings.SplitSeq(f[2], ",") {
			// One with a version is about packages older than any that is offered.
			if relation = strings.TrimSpace(relation); relation != "" && !strings.Contains(relation, "(") {
				name, _, _ := strings.Cut(relation, ":")
				p.conflicts = append(p.conflicts, name)
			}
		}
		all = append(all, p)
	}
	return all
}

// conflict is a package that cannot be installed beside another.
type conflict struct{ wanted, installed string }

func (c conflict) String() string {
	return fmt.Sprintf("%s is not installed: it conflicts with %s, which is", c.wanted, c.installed)
}

// dependencies are packages that come with another, where other makers'
// packages replace them.
var dependencies = map[string][]string{"docker.io": {"containerd", "runc"}}

// choose returns what is missing of the packages, and apart from that what
// conflicts with an installed one. With Docker CE, for example, dockerd is on
// the machine already, and runc too, in its package containerd.io.
func choose(wanted []string, installed []installedPackage) (missing []string, conflicts []conflict) {
	for _, name := range wanted {
		if slices.ContainsFunc(installed, func(p installedPackage) bool { return p.name == name }) {
			continue
		}
		names := append([]string{name}, dependencies[name]...)
		i := slices.IndexFunc(installed, func(p installedPackage) bool {
			return slices.ContainsFunc(names, func(n string) bool { return n != p.name && slices.Contains(p.conflicts, n) })
		})
		if i < 0 {
			missing = append(missing, name)
			continue
		}
		conflicts = append(conflicts, conflict{wanted: name, installed: installed[i].name})
	}
	return missing, conflicts
}
