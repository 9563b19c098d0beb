package lab_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/labtest"
)

// aptMachine is a machine of its own for the real apt and dpkg: a directory in
// place of /, and a repository in files. Nothing outside of it is touched.
type aptMachine struct {
	root string
	repo bytes.Buffer // the repository's list of packages
}

// stand-ins for the packages that replace each other, with the relations that
// Docker, Inc. and Debian give them.
var standIns = map[string]string{
	"docker-ce":     "Depends: containerd.io, docker-ce-cli\nConflicts: docker (<< 1.5~), docker-engine, docker.io\n",
	"docker-ce-cli": "Conflicts: docker (<< 1.5~), docker-engine, docker.io\n",
	"containerd.io": "Conflicts: containerd, runc\nReplaces: containerd, runc\nProvides: containerd, runc\n",
	"docker.io":     "Depends: containerd (>= 1.4~), runc (>= 1.0.0~rc8~)\nConflicts: docker-ce, docker-ce-cli, docker-ce-rootless-extras\n",
	"containerd":    "Depends: runc (>= 0.1.0~)\n",
	"podman":        "Depends: crun | runc (>= 1.0.0~rc92~)\n",
	"podman-docker": "Depends: podman\nConflicts: docker.io\n",
	"crun":          "",
	"runc":          "",
	// It leaves it to docker.io to tell of their conflict.
	"docker-ce-rootless-extras": "",
	"left-over":                 "",
}

// newAptMachine has apt, dpkg and dpkg-query use a machine of its own where
// the packages are installed, until the test ends.
func newAptMachine(t *testing.T, installed ...string) *aptMachine {
	t.Helper()
	labtest.NeedProgram(t, "apt-get", "dpkg", "dpkg-deb", "dpkg-query")
	m := &aptMachine{root: t.TempDir()}
	for _, dir := range []string{
		"var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial",
		"var/log/apt", "etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d", "repo", "bin",
	} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.write(t, "var/lib/dpkg/status", 0o644, "")
	m.write(t, "etc/apt/sources.list", 0o644, "deb [trusted=yes] file:"+m.root+"/repo ./\n")
	m.write(t, "apt.conf", 0o644, strings.ReplaceAll(`Dir "ROOT";
Dir::State "ROOT/var/lib/apt";
Dir::State::status "ROOT/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
Dir::Bin::methods "/usr/lib/apt/methods";
APT::Sandbox::User "root";
APT::Get::AutomaticRemove "true";
DPkg::Options { "--root=ROOT"; "--force-not-root"; "--log=ROOT/var/log/dpkg.log"; };
`, "ROOT", m.root))
	// Every command is run as whoever the test is.
	m.write(t, "bin/sudo", 0o755, "#!/bin/sh\nexec \"$@\"\n")
	t.Setenv("PATH", filepath.Join(m.root, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("APT_CONFIG", filepath.Join(m.root, "apt.conf"))
	t.Setenv("DPKG_ADMINDIR", filepath.Join(m.root, "var/lib/dpkg"))
	for name, fields := range standIns {
		m.add(t, name, fields)
	}
	for _, name := range lab.LabPackages {
		if _, ok := standIns[name]; !ok {
			m.add(t, name, "")
		}
	}
	m.write(t, "repo/Packages", 0o644, m.repo.String())
	if len(installed) == 0 {
		return m
	}
	args := []string{"--root=" + m.root, "--force-not-root", "--log=" + m.root + "/var/log/dpkg.log", "--install"}
	for _, name := range installed {
		args = append(args, filepath.Join(m.root, "repo", name+".deb"))
	}
	if out, err := exec.Command("dpkg", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Nothing depends on it, and apt may think that nobody wants it.
	m.write(t, "var/lib/apt/extended_states", 0o644, "Package: left-over\nArchitecture: all\nAuto-Installed: 1\n\n")
	return m
}

func (m *aptMachine) write(t *testing.T, path string, mode os.FileMode, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.root, path), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// add puts a package into the repository.
func (m *aptMachine) add(t *testing.T, name, fields string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	control := fmt.Sprintf("Package: %s\nVersion: 9\nArchitecture: all\nMaintainer: test <test@example.com>\nDescription: a stand-in\n%s", name, fields)
	if err := os.MkdirAll(filepath.Join(dir, "DEBIAN"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "DEBIAN", "control"), []byte(control), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(m.root, "repo", name+".deb")
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "-Znone", "--build", dir, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	deb, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&m.repo, "%sFilename: ./%s.deb\nSize: %d\nSHA256: %x\n\n", control, name, len(deb), sha256.Sum256(deb))
}

// installed tells which packages are installed.
func (m *aptMachine) installed(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.Command("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "installed "); ok {
			all[name] = true
		}
	}
	return all
}
