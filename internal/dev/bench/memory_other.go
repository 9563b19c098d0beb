//go:build !linux

package bench

import (
	"context"
	"errors"
)

// peakMemory can be measured on Linux only.
func (c command) peakMemory(context.Context) (int64, error) { return 0, errors.ErrUnsupported }
