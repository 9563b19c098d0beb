package lab

import (
	"context"
	"errors"
	"io"
)

// LabPackages are what [Install] wants.
var LabPackages = labPackages

// InstallPackages has apt install the packages, as [Install] and [Setup] do.
func InstallPackages(ctx context.Context, in io.Reader, out io.Writer, wanted []string) error {
	_, err := managers[0].install(ctx, in, out, wanted)
	return err
}

// Choose decides by what dpkg-query prints. The conflicts are as people see
// them.
func Choose(wanted []string, dpkg string) (missing, conflicts []string) {
	missing, all := choose(wanted, parseInstalled(dpkg))
	for _, c := range all {
		conflicts = append(conflicts, c.String())
	}
	return missing, conflicts
}

// StillMissing is how [Install] ends without dockerd.
func StillMissing(wanted []string, dpkg string) error {
	_, conflicts := choose(wanted, parseInstalled(dpkg))
	return stillMissing([]error{errors.New("dockerd is missing")}, conflicts)
}

// Confirm asks.
var Confirm = confirm

// ManagerCommands returns how each package manager installs.
func ManagerCommands() map[string][]string {
	all := map[string][]string{}
	for _, m := range managers {
		all[m.name] = m.command
	}
	return all
}

// Builds returns the names of the programs that each run of the go command
// builds, and the packages, by name.
func Builds() (runs [][]string, pkgs map[string]string) {
	pkgs = map[string]string{}
	for _, group := range builds(programs) {
		var names []string
		for _, p := range group {
			names = append(names, p.name)
			pkgs[p.name] = p.module + " " + p.pkg
		}
		runs = append(runs, names)
	}
	return runs, pkgs
}

// Together does things side by side.
var Together = together
