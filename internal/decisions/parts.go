package decisions

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/vessux/openlock/internal/lab"
)

// Parts are the real programs and daemons that the table is proved on.
type Parts struct {
	Openlock, Mage string // paths of the programs
	Podman         *lab.PodmanStore
	Docker         *lab.DockerDaemon
	Builder        *lab.Builder
	Dir            string        // for the cells' own files
	User           *lab.Rootless // who runs podman on machines of settings; nil: the test's own user
}

// Start starts the real parts. End stops them and removes all that they had.
func Start(ctx context.Context) (p Parts, end func() error, err error) {
	dir, err := os.MkdirTemp("", "openlock-lab-")
	if err != nil {
		return p, nil, err
	}
	var ends []func() error
	end = func() error {
		var errs []error
		for _, e := range ends {
			errs = append(errs, e())
		}
		return errors.Join(append(errs, os.RemoveAll(dir))...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	p.Dir = dir
	if p.Openlock, err = lab.BuildOpenlock(ctx, dir); err != nil {
		return p, end, err
	}
	if p.Mage, err = lab.BuildMage(ctx, dir); err != nil {
		return p, end, err
	}
	if p.Podman, err = lab.NewPodman(filepath.Join(dir, "podman")); err != nil {
		return p, end, err
	}
	ends = append(ends, p.Podman.Close)
	if p.Docker, err = lab.StartDocker(ctx, filepath.Join(dir, "docker")); err != nil {
		return p, end, err
	}
	ends = append(ends, p.Docker.Close)
	if p.Builder, err = lab.StartBuildkitd(ctx, filepath.Join(dir, "buildkit")); err != nil {
		return p, end, err
	}
	ends = append(ends, p.Builder.Close)
	return p, end, nil
}
