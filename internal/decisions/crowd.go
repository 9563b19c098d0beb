package decisions

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Crowd is what many starts of ensure at once came to.
type Crowd struct {
	Printed []string       // by each of those that succeeded
	Failed  []string       // what each of the others said
	Ref     string         // the canonical one
	Blobs   map[string]int // how often the mirror sent each blob
}

// PlayCrowd starts ensure n times at once on a machine of its own.
func (p Parts) PlayCrowd(ctx context.Context, s Setting, n int) (c Crowd, err error) {
	home, err := os.MkdirTemp(p.Dir, "machine-")
	if err != nil {
		return c, err
	}
	m := newMachine(home, "crowd "+s.Name)
	defer m.end()
	file := filepath.Join(home, "base.Containerfile")
	if err := errors.Join(s.set(m), os.WriteFile(file, m.file, 0o600)); err != nil {
		return c, err
	}
	store, end, err := p.store(ctx, m, s.Engine)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, end(), os.RemoveAll(home)) }()
	m.env = append(append(store, m.env...), "OPENLOCK_BASE_CONTAINERFILE="+file, "OPENLOCK_BASE_REPOSITORY="+m.repository, "OPENLOCK_RUNTIME="+s.Engine)
	c.Ref = m.ref().String()
	var all sync.WaitGroup
	var mu sync.Mutex
	for range n {
		all.Go(func() {
			out, said, ok := m.run(ctx, p.Openlock, "ensure", "--build", "never")
			mu.Lock()
			defer mu.Unlock()
			if ok {
				c.Printed = append(c.Printed, strings.TrimSpace(out))
			} else {
				c.Failed = append(c.Failed, said)
			}
		})
	}
	all.Wait()
	c.Blobs = map[string]int{}
	for _, r := range m.mirror.Requests() {
		if r.Method == http.MethodGet && r.Status == http.StatusOK && strings.Contains(r.Path, "/blobs/sha256:") {
			c.Blobs[r.Path]++
		}
	}
	return c, ctx.Err()
}
