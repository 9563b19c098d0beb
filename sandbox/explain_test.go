package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lock"
	"github.com/vessux/openlock/internal/process"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/engine"
	"github.com/vessux/openlock/sandbox/engine/engines"
	"github.com/vessux/openlock/sandbox/leg"
	"github.com/vessux/openlock/sandbox/registry"
	"github.com/vessux/openlock/sandbox/signature"
)

func TestExplain(t *testing.T) {
	state := func(s registry.State) error { return &sandbox.StateError{State: s, Reason: "why", Remedy: "do"} }
	podman := &engine.UnavailableError{Engine: "podman", Reason: "broken", Remedy: "fix it"}
	docker := &engine.UnavailableError{Engine: "docker", Reason: "down", Remedy: "start it"}
	for _, c := range []struct {
		name            string
		err             error
		code            int
		messages, hints []string
	}{
		{"nothing", nil, 0, nil, nil},
		{"anything", errors.New("x"), 1, []string{"x"}, nil},
		{"input", &sandbox.InputError{Err: errors.New("x"), Remedy: "y"}, 2, []string{"x"}, []string{"y"}},
		{"wrapped", fmt.Errorf("a: %w", &sandbox.InputError{Err: errors.New("x")}), 2, []string{"a: x"}, nil},
		{"builder", &leg.Error{Reason: "x", Remedy: "y"}, 2, []string{"x"}, []string{"y"}},
		{"lock", &lock.Error{Path: "p", Err: syscall.EACCES}, 2, []string{"lock p: permission denied"}, []string{(&lock.Error{}).Hint()}},
		{"no engine", &engines.NotInstalledError{Runtime: "podman"}, 2, []string{"container engine podman is not installed: no such program in PATH"}, []string{"install podman or docker"}},
		{"one engine down", podman, 2, []string{"podman does not answer: broken"}, []string{"fix it"}},
		{"engines down", errors.Join(podman, docker), 2, []string{podman.Error(), docker.Error()}, []string{"fix it", "start it"}},
		{"complete and not pulled", state(registry.StateComplete), 1, []string{"why"}, []string{"do"}},
		{"absent", state(registry.StateAbsent), 3, []string{"why"}, []string{"do"}},
		{"incomplete", state(registry.StateIncomplete), 4, []string{"why"}, []string{"do"}},
		{"denied", state(registry.StateDenied), 5, []string{"why"}, []string{"do"}},
		{"unreachable", state(registry.StateUnreachable), 6, []string{"why"}, []string{"do"}},
		{"throttled", state(registry.StateThrottled), 6, []string{"why"}, []string{"do"}},
		{"invalid", state(registry.StateInvalid), 7, []string{"why"}, []string{"do"}},
		{"registry", &registry.Error{State: registry.StateDenied, Reason: "x", Remedy: "y"}, 5, []string{"x"}, []string{"y"}},
		{"not verified", &signature.Error{Reason: "x", Remedy: "y"}, 7, []string{"x"}, []string{"y"}},
		{"no program that verifies", &signature.Error{Reason: "x", Remedy: "y", Unable: true, Missing: true}, 2, []string{"x"}, []string{"y"}},
		{"another program by that name", &signature.Error{Reason: "x", Unable: true}, 7, []string{"x"}, nil},
		{"interrupted", fmt.Errorf("x: %w", context.Canceled), 130, []string{"interrupted"}, nil},
		{"a state caused by an interrupted question", &sandbox.StateError{State: registry.StateDenied, Reason: "why", Err: context.Canceled}, 5, []string{"why"}, nil},
		{"a state caused by an engine", &sandbox.StateError{State: registry.StateAbsent, Reason: "why", Err: podman}, 3, []string{"why"}, []string{"fix it"}},
	} {
		got := sandbox.Explain(c.err)
		if got.ExitCode != c.code || !slices.Equal(got.Messages, c.messages) || !slices.Equal(got.Hints, c.hints) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestCauses: what a caller needs to know of a failure is behind the error.
func TestCauses(t *testing.T) {
	down := lab.StartRegistry()
	down.Close()
	b := toPublish(down)
	m := newMemory()
	o := m.options(t)
	o.Build = sandbox.PolicyNever
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a refused connection: %v", err)
	}
	if _, err := sandbox.CheckPublic(t.Context(), b, sandbox.PublishOptions{Registry: registry.Options{Retry: quickRetry}}); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a refused connection of an anonymous client: %v", err)
	}
	res, err := sandbox.Exists(t.Context(), b, nil, registry.Options{Retry: quickRetry})
	if err != nil || !errors.Is(res.Err, syscall.ECONNREFUSED) {
		t.Errorf("asked: %v, %+v", err, res)
	}

	unheard, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer unheard.Close()
	silent := b
	silent.Repository = unheard.Addr().String() + "/vessux/openlock-base"
	o.Registry = registry.Options{HeaderTimeout: 50 * time.Millisecond, Timeout: 100 * time.Millisecond, Retry: quickRetry}
	var timeout net.Error
	if _, err := sandbox.Ensure(t.Context(), silent, o); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a silent registry: %v", err)
	}

	b, _, _ = published(t)
	failed := exec.Command("sh", "-c", "exit 3").Run()
	m.pullErr = []error{failed, failed}
	o = m.options(t)
	o.Build = sandbox.PolicyNever
	var exit *exec.ExitError
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("a failed pull: %v", err)
	}
	m.pullErr = []error{fmt.Errorf("memory pull: %w", new(process.LimitError))}
	if _, err := sandbox.Ensure(t.Context(), b, o); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(sandbox.Explain(err).Hints), "--pull-timeout") {
		t.Errorf("a pull that took too long: %v, %q", err, sandbox.Explain(err).Hints)
	}
	m.pullErr, m.buildErr = nil, fmt.Errorf("memory build: %w", new(process.LimitError))
	o.Build = sandbox.PolicyAlways
	if _, err := sandbox.Ensure(t.Context(), b, o); !strings.Contains(fmt.Sprint(sandbox.Explain(err).Hints), "--build-timeout") {
		t.Errorf("a build that took too long: %v, %q", err, sandbox.Explain(err).Hints)
	}
}
