package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// asRoot prints a command and runs it as root: as it is where that is who we
// are, else through sudo. What it prints goes to out as it comes.
func asRoot(ctx context.Context, out io.Writer, args ...string) error {
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("sudo"); err != nil {
			return fmt.Errorf("root is needed, and there is no sudo: run this as root: %s", strings.Join(args, " "))
		}
		args = append([]string{"sudo"}, args...)
	}
	return show(ctx, out, "", args...)
}

// show prints a command and runs it in dir.
func show(ctx context.Context, out io.Writer, dir string, args ...string) error {
	fmt.Fprintf(out, "+ %s\n", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	// sudo asks for the password on the terminal itself.
	cmd.Stdin = os.Stdin
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) && args[0] == "sudo" {
			return fmt.Errorf("%s: %w; as root it may go further", strings.Join(args, " "), err)
		}
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return nil
}
