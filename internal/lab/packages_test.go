package lab_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vessux/openlock/internal/lab"
)

// TestNothingIsRemoved: with the real apt and dpkg, whatever is installed
// before is installed afterwards, and what does not conflict with it is added.
func TestNothingIsRemoved(t *testing.T) {
	for _, c := range []struct {
		name      string
		installed []string
		added     []string
		absent    []string
	}{
		{"nothing", nil, []string{"docker.io", "runc", "podman", "gcc"}, []string{"crun"}},
		{
			"Docker CE", []string{"docker-ce", "docker-ce-cli", "containerd.io"},
			[]string{"podman", "crun", "gcc"}, []string{"docker.io", "runc", "containerd"},
		},
		{"containerd.io alone", []string{"containerd.io"}, []string{"podman", "crun"}, []string{"docker.io", "runc"}},
		{"podman-docker", []string{"podman-docker", "podman", "crun"}, []string{"runc", "gcc"}, []string{"docker.io"}},
		{"left over", []string{"left-over"}, []string{"docker.io", "podman"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newAptMachine(t, c.installed...)
			var out bytes.Buffer
			if err := lab.InstallPackages(t.Context(), nil, &out, lab.LabPackages); err != nil {
				t.Errorf("%v\n%s", err, &out)
			}
			after := m.installed(t)
			for _, name := range slices.Concat(c.installed, c.added) {
				if !after[name] {
					t.Errorf("%s is not installed\n%s", name, &out)
				}
			}
			for _, name := range c.absent {
				if after[name] {
					t.Errorf("%s is installed\n%s", name, &out)
				}
			}
		})
	}
}

// TestRefusedByApt: a conflict that only apt sees changes nothing, and the
// error says which package is in the way.
func TestRefusedByApt(t *testing.T) {
	m := newAptMachine(t, "docker-ce-rootless-extras")
	before := m.installed(t)
	var out bytes.Buffer
	err := lab.InstallPackages(t.Context(), nil, &out, []string{"docker.io", "gcc"})
	const want = "would have to remove docker-ce-rootless-extras, so nothing was installed: if you do not need them, remove them with `apt-get remove docker-ce-rootless-extras`"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\n%s", err, &out)
	}
	if after := m.installed(t); !maps.Equal(after, before) {
		t.Errorf("installed are %v, before %v", after, before)
	}
}

// TestAptFails: a failure with another cause is reported as it is.
func TestAptFails(t *testing.T) {
	newAptMachine(t)
	var out bytes.Buffer
	err := lab.InstallPackages(t.Context(), nil, &out, []string{"no-such-package"})
	if err == nil || strings.Contains(err.Error(), "would have to") || !strings.HasSuffix(err.Error(), "exit status 100") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestChoose(t *testing.T) {
	const (
		dockerCE   = "installed\tdocker-ce\tdocker (<< 1.5~), docker-engine, docker.io, \n"
		containerd = "installed\tcontainerd.io\tcontainerd, runc, \n"
	)
	for _, c := range []struct {
		name, dpkg         string
		wanted             []string
		missing, conflicts []string
	}{
		{"nothing", "", []string{"docker.io", "runc"}, []string{"docker.io", "runc"}, nil},
		{"both", "installed\tdocker.io\t, \ninstalled\trunc\t, \n", []string{"docker.io", "runc"}, nil, nil},
		{"removed", "config-files\tdocker-ce\tdocker.io, \n", []string{"docker.io"}, []string{"docker.io"}, nil},
		{
			"Docker CE", dockerCE + containerd, []string{"docker.io", "runc", "podman"}, []string{"podman"},
			[]string{
				"docker.io is not installed: it conflicts with docker-ce, which is",
				"runc is not installed: it conflicts with containerd.io, which is",
			},
		},
		{
			"a dependency", containerd, []string{"docker.io"}, nil,
			[]string{"docker.io is not installed: it conflicts with containerd.io, which is"},
		},
		{"a version", "installed\tcontainerd\tx, docker.io (<< 1.12)\n", []string{"docker.io"}, []string{"docker.io"}, nil},
		{
			"an architecture", "installed\told\trunc:amd64, \n", []string{"runc"}, nil,
			[]string{"runc is not installed: it conflicts with old, which is"},
		},
		{
			"a break", "installed\told\t, podman\n", []string{"podman"}, nil,
			[]string{"podman is not installed: it conflicts with old, which is"},
		},
		{"itself", "installed\tcontainerd\tcontainerd, \n", []string{"docker.io"}, []string{"docker.io"}, nil},
	} {
		missing, conflicts := lab.Choose(c.wanted, c.dpkg)
		if !slices.Equal(missing, c.missing) || !slices.Equal(conflicts, c.conflicts) {
			t.Errorf("%s: %q, %q; want %q, %q", c.name, missing, conflicts, c.missing, c.conflicts)
		}
	}
}

// TestStillMissing: the lab says what stands in the way of a part.
func TestStillMissing(t *testing.T) {
	err := lab.StillMissing([]string{"docker.io"}, "installed\tpodman-docker\tdocker.io, \n")
	const want = "dockerd is missing\ndocker.io is not installed: it conflicts with podman-docker, which is: if you do not need podman-docker, remove it and run this again"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

// TestManagersRemoveNothing pins the options of the managers that are tried on
// no machine of their own here.
func TestManagersRemoveNothing(t *testing.T) {
	for name, command := range lab.ManagerCommands() {
		for _, option := range []string{"--allowerasing", "--force-resolution", "--allow-remove", "--ask", "--overwrite", "--force"} {
			if slices.Contains(command, option) {
				t.Errorf("%s has %s", name, option)
			}
		}
	}
	if !slices.Contains(lab.ManagerCommands()["zypper"], "--no-force-resolution") {
		t.Error("zypper may remove what is in the way")
	}
}
