package decisions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/vessux/openlock/internal/lab"
)

// Update plays every cell, measures the script, and writes docs/decisions.md.
// A cell that is not as the table says is an error, and nothing is written.
func Update(ctx context.Context, out io.Writer) (err error) {
	p, end, err := Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	var wrong []error
	places := Places()
	fmt.Fprintf(out, "%d cells\n", len(places))
	p.Play(ctx, places, func(at Place, seen *Seen, err error) {
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s: %w", at, err))
		case seen.Cell != at.Want[at.Column]:
			wrong = append(wrong, fmt.Errorf("%s: %+v, want %+v", at, seen.Cell, at.Want[at.Column]))
		}
	})
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	fmt.Fprintf(out, "the script in %d cases\n", len(Cases()))
	b, err := p.Measure(ctx)
	if err != nil {
		return err
	}
	return write(b)
}

func write(b Baseline) error {
	root, err := lab.Root()
	if err != nil {
		return err
	}
	figures, err := json.MarshalIndent(b, "", "\t")
	if err != nil {
		return err
	}
	var doc bytes.Buffer
	if err := Markdown(&doc, b); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(root, "internal", "decisions", "baseline.json"), append(figures, '\n'), 0o644),
		os.WriteFile(filepath.Join(root, filepath.FromSlash(Document)), doc.Bytes(), 0o644),
	)
}

// Document is the path of what Update writes, from the root of the repository.
const Document = "docs/decisions.md"
