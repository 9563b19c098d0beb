package lab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vessux/openlock/internal/lab"
)

// terminal opens a pseudo-terminal: what is written to the user's side is
// typed on the other.
func terminal(t *testing.T) (user, tty *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return user, tty
}

// TestAsksOnTerminal: on a terminal, nothing is run before the user agrees.
func TestAsksOnTerminal(t *testing.T) {
	for answer, agreed := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "why\n": false, "\x04": false} {
		t.Run(fmt.Sprintf("%q", answer), func(t *testing.T) {
			m := newAptMachine(t)
			user, tty := terminal(t)
			if _, err := user.WriteString(answer); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err := lab.InstallPackages(t.Context(), tty, &out, []string{"podman", "runc"})
			if agreed != (err == nil) || !agreed && err.Error() != "stopped: nothing was installed" {
				t.Errorf("%v\n%s", err, &out)
			}
			if !strings.HasPrefix(out.String(), "to be installed with apt-get, along with what they depend on:\n  podman runc\ncontinue? [y/N] ") {
				t.Errorf("%s", &out)
			}
			if m.installed(t)["podman"] != agreed || strings.Contains(out.String(), "+ ") != agreed {
				t.Errorf("%s", &out)
			}
		})
	}
}

// TestAsksOnlyOnTerminal: a file, even a device, that is no terminal does not
// have to answer. Neither does a terminal where there is nothing to install.
func TestAsksOnlyOnTerminal(t *testing.T) {
	m := newAptMachine(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var out bytes.Buffer
	if err := lab.InstallPackages(t.Context(), null, &out, []string{"runc"}); err != nil || !m.installed(t)["runc"] {
		t.Fatalf("%v\n%s", err, &out)
	}
	_, tty := terminal(t)
	out.Reset()
	if err := lab.InstallPackages(t.Context(), tty, &out, []string{"runc"}); err != nil || out.Len() > 0 {
		t.Errorf("%v\n%s", err, &out)
	}
}

// TestInterruptedQuestion: a question ends with its context.
func TestInterruptedQuestion(t *testing.T) {
	newAptMachine(t)
	user, tty := terminal(t)
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	// dpkg-query would not start in a context that has ended, so the question
	// is asked directly.
	if err := lab.Confirm(ctx, tty, &bytes.Buffer{}, "apt-get", []string{"runc"}); !errors.Is(err, cause) {
		t.Error(err)
	}
	user.Close()
}
