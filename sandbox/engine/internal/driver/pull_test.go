package driver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vessux/openlock/internal/process"
)

// TestPullThatBegins: the words of engines, in parts too, let a pull go on; it
// is stopped where none of them comes in time.
func TestPullThatBegins(t *testing.T) {
	for text, begins := range map[string]bool{
		"Trying to pull r/a:b...\nGetting image source signatures\n":  false,
		"Getting image source signatures\nCopying blob sha256:00\n":   true,
		"Copying config sha256:00\n":                                  true,
		"b: Pulling from a\n":                                         false,
		"b: Pulling from a\n00ff: Pulling fs layer\n":                 true,
		"00ff: Already exists\n":                                      true,
		"Status: Image is up to date for r/a:b\n":                     true,
		strings.Repeat("Getting image source signatures\n", 3) + "Co": false,
	} {
		for _, size := range []int{1, 7, len(text)} {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				err := begun(t.Context(), time.Second, &out, func(ctx context.Context, w io.Writer) error {
					for rest := text; rest != ""; {
						n := min(size, len(rest))
						w.Write([]byte(rest[:n]))
						rest = rest[n:]
					}
					select {
					case <-ctx.Done():
						return context.Cause(ctx)
					case <-time.After(time.Minute):
						return nil
					}
				})
				limit := new(process.LimitError)
				if stopped := errors.As(err, &limit); stopped == begins || out.String() != text {
					t.Errorf("%q by %d: %v, printed %q", text, size, err, &out)
				}
			})
		}
	}
}
