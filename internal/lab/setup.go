package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"time"
)

// answerTimeout is what an engine has to show that it works.
const answerTimeout = 15 * time.Second

// Setup has a container engine on this machine when it returns without an
// error. It does nothing where one answers; else it installs podman with the
// system's package manager, and prints every command before it runs. No package
// is removed. Where in is a terminal, it asks first.
func Setup(ctx context.Context, in io.Reader, out io.Writer) error {
	name, why := answering(ctx)
	if name != "" {
		fmt.Fprintf(out, "%s answers: nothing to set up\n", name)
		return nil
	}
	for _, w := range why {
		fmt.Fprintln(out, w)
	}
	m, err := findManager()
	if err != nil {
		return err
	}
	if _, err := m.install(ctx, in, out, m.engine); err != nil {
		return err
	}
	if name, why = answering(ctx); name == "" {
		return fmt.Errorf("an engine is installed and does not answer: %w", errors.Join(why...))
	}
	fmt.Fprintf(out, "%s answers\n", name)
	return nil
}

// answering returns the first engine that answers, or why each does not.
func answering(ctx context.Context) (string, []error) {
	var why []error
	for _, e := range [][]string{{"podman", "info"}, {"docker", "version"}} {
		if _, err := exec.LookPath(e[0]); err != nil {
			why = append(why, fmt.Errorf("%s is not installed", e[0]))
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		err := exec.CommandContext(ctx, e[0], e[1:]...).Run()
		cancel()
		if err == nil {
			return e[0], nil
		}
		why = append(why, fmt.Errorf("%s is installed and does not answer: `%s %s` failed: %w", e[0], e[0], e[1], err))
	}
	return "", why
}

// byHand is what to do where the engine comes with a virtual machine, whose
// size and life are the user's to decide.
var byHand = map[string]string{
	"darwin":  "install one by hand: `brew install podman && podman machine init && podman machine start`, or Docker Desktop",
	"windows": "install one by hand: `winget install RedHat.Podman` and then `podman machine init` and `podman machine start`, or Docker Desktop",
}

func findManager() (manager, error) {
	if text := byHand[runtime.GOOS]; text != "" {
		return manager{}, errors.New("no container engine answers: " + text)
	}
	for _, m := range managers {
		if _, err := exec.LookPath(m.name); err == nil {
			return m, nil
		}
	}
	return manager{}, errors.New("no container engine answers, and no package manager is known here: install podman by hand, see podman.io")
}
