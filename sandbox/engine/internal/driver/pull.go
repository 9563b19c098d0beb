package driver

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"time"

	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox/engine"
)

// Pull runs an engine's pull within the limits of the options.
func Pull(ctx context.Context, p process.Program, o engine.PullOptions, env []string, args ...string) error {
	work := func(ctx context.Context, out io.Writer) error {
		p.Output = out
		return p.Work(ctx, cmp.Or(o.Timeout, PullTimeout), env, args...)
	}
	if o.BeginTimeout <= 0 {
		return work(ctx, p.Output)
	}
	return begun(ctx, o.BeginTimeout, p.Output, work)
}

// begun ends a pull that has printed of no layer within the limit.
func begun(ctx context.Context, limit time.Duration, out io.Writer, pull func(context.Context, io.Writer) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limit, func() { cancel(&process.LimitError{What: "no layer begun", Limit: limit}) })
	defer timer.Stop()
	return pull(ctx, &layerWatch{out: out, seen: func() { timer.Stop() }})
}

// layerWords are those by which podman and docker tell that a layer begins, or
// that they have it. Both have found the image by then.
var layerWords = [][]byte{
	[]byte("Copying blob"), []byte("Copying config"),
	[]byte("Pulling fs layer"), []byte("Already exists"), []byte("Downloading"), []byte("Image is up to date"),
}

// longestWord is that of [layerWords], in bytes.
const longestWord = len("Image is up to date")

// layerWatch passes on what an engine prints, and tells of the first layer.
type layerWatch struct {
	out  io.Writer // nil: it is dropped
	seen func()
	tail []byte // of what was written, since a word may come in parts; nil after the first layer
	done bool
}

func (w *layerWatch) Write(b []byte) (int, error) {
	if !w.done {
		w.look(b)
	}
	if w.out == nil {
		return len(b), nil
	}
	return w.out.Write(b)
}

func (w *layerWatch) look(b []byte) {
	text := append(w.tail, b...)
	for _, word := range layerWords {
		if bytes.Contains(text, word) {
			w.done, w.tail = true, nil
			w.seen()
			return
		}
	}
	w.tail = text[max(0, len(text)-longestWord+1):]
}
