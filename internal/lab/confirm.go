package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// errDeclined tells that the user does not want the packages.
var errDeclined = errors.New("stopped: nothing was installed")

// confirm asks before packages are installed, where in is a terminal. Anywhere
// else, such as in CI, the command itself is the user's word.
func confirm(ctx context.Context, in io.Reader, out io.Writer, manager string, packages []string) error {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	fmt.Fprintf(out, "to be installed with %s, along with what they depend on:\n  %s\ncontinue? [y/N] ", manager, strings.Join(packages, " "))
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(f).ReadString('\n') // where it fails, the answer is no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		return errDeclined
	}
}
