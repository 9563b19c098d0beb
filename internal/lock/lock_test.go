package lock_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vessux/openlock/internal/lab/labtest"
	"github.com/vessux/openlock/internal/lock"
)

// TestMain lets the test binary be the other process.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCK_TEST_HOLD"); dir != "" {
		if _, err := lock.Acquire(context.Background(), dir, "key", time.Minute, nil); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	os.Exit(labtest.Checked(m).Run())
}

// hold starts a process that holds the lock and returns once it has it.
func hold(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOCK_TEST_HOLD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("holder said %q, %v", line, err)
	}
	return cmd
}

func TestNextInLineGoesOnWhenTheHolderIsKilled(t *testing.T) {
	dir := t.TempDir()
	holder := hold(t, dir)
	waiting := make(chan string, 1)
	got := make(chan error, 1)
	go func() {
		l, err := lock.Acquire(t.Context(), dir, "key", time.Minute, func(h string, _ time.Duration) { waiting <- h })
		if err == nil {
			err = l.Release()
		}
		got <- err
	}()
	if h := <-waiting; !strings.HasPrefix(h, "process ") {
		t.Errorf("waits for %q, want the holder's process", h)
	}
	select {
	case err := <-got:
		t.Fatalf("did not wait for the holder: %v", err)
	default:
	}
	holder.Process.Kill()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestWaitingCanBeInterrupted(t *testing.T) {
	dir := t.TempDir()
	hold(t, dir)
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := lock.Acquire(ctx, dir, "key", time.Minute, func(string, time.Duration) { cancel(stop) })
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause of the interruption", err)
	}
}

// TestWaitingHasALimit, which says for whom it was waited.
func TestWaitingHasALimit(t *testing.T) {
	dir := t.TempDir()
	hold(t, dir)
	_, err := lock.Acquire(t.Context(), dir, "key", time.Nanosecond, nil)
	e := new(lock.WaitError)
	if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "waiting for process ") || e.Hint() == "" {
		t.Errorf("%v", err)
	}
}

func TestOtherKeysDoNotWait(t *testing.T) {
	dir := t.TempDir()
	hold(t, dir)
	l, err := lock.Acquire(t.Context(), dir, "another key", time.Minute, func(string, time.Duration) { t.Error("waited") })
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
}

func TestUnusablePathsAreNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var lockErr *lock.Error
	if _, err := lock.Acquire(t.Context(), filepath.Join(file, "locks"), "key", time.Minute, nil); !errors.As(err, &lockErr) {
		t.Errorf("directory below a file: error %v", err)
	}

	dir := t.TempDir()
	l, err := lock.Acquire(t.Context(), dir, "key", time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	path := filepath.Join(dir, entries[0].Name())
	if err := errors.Join(os.Remove(path), os.Symlink(file, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Acquire(t.Context(), dir, "key", time.Minute, nil); !errors.As(err, &lockErr) {
		t.Errorf("symbolic link in place of the lock: error %v", err)
	}
}
