//go:build unix

package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script is a shell script as a program.
func script(t *testing.T, text string) Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return Program{Name: "program", Path: path}
}

// started waits until the program has made the file.
func started(t *testing.T, path string) {
	t.Helper()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the program did not start")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestInterruptComesFirst: a program that handles SIGINT can clean up, and its
// end by itself is not followed by anything.
func TestInterruptComesFirst(t *testing.T) {
	dir := t.TempDir()
	ready, cleaned := filepath.Join(dir, "ready"), filepath.Join(dir, "cleaned")
	p := script(t, "trap 'echo > "+cleaned+"; exit 0' INT\necho > "+ready+"\nwhile :; do sleep 0.01; done")
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Work(ctx, time.Minute, nil) }()
	started(t, ready)
	cancel(stop)
	if err := <-ended; !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(cleaned); err != nil {
		t.Errorf("the program could not clean up: %v", err)
	}
}

// TestKillComesSecond: a program that ignores the interrupt ends all the same.
func TestKillComesSecond(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	p := script(t, "trap '' INT\necho > "+ready+"\nwhile :; do sleep 0.01; done")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Work(ctx, time.Minute, nil) }()
	started(t, ready)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestTailIsBounded: an error holds the end of the output, and no more.
func TestTailIsBounded(t *testing.T) {
	const long = "i=0; while [ $i -lt 300 ]; do echo 'line of the output that is long enough' >&2; i=$((i+1)); done; echo the end >&2; exit 3"
	p := script(t, long)
	_, asked := p.Ask(t.Context(), "question")
	worked := p.Work(t.Context(), time.Minute, nil, "work")
	for name, err := range map[string]error{"Ask": asked, "Work": worked} {
		e := new(Error)
		if !errors.As(err, &e) || ExitCode(err) != 3 {
			t.Fatalf("%s: %v", name, err)
		}
		if len(e.Tail) != tailSize || !strings.HasSuffix(e.Tail, "the end\n") {
			t.Errorf("%s keeps %d bytes: …%q", name, len(e.Tail), e.Tail[max(0, len(e.Tail)-20):])
		}
	}
	if got := asked.Error(); got != "program question: the end" {
		t.Errorf("%q", got)
	}
}

// TestLimit: a program that takes too long is stopped, and that is the error.
func TestLimit(t *testing.T) {
	p := script(t, "while :; do sleep 0.01; done")
	limit := new(LimitError)
	if err := p.Work(t.Context(), 20*time.Millisecond, nil, "pull"); !errors.As(err, &limit) || err.Error() != "program pull: not finished within 20ms" {
		t.Errorf("%v", err)
	}
	if _, err := p.AskWithin(t.Context(), 20*time.Millisecond, "info"); !errors.As(err, &limit) || err.Error() != "program info: no answer within 20ms" {
		t.Errorf("%v", err)
	}
}

// TestWordsOfFailures: an error has the program's own words, and one of a limit
// only where they tell a failure.
func TestWordsOfFailures(t *testing.T) {
	const retrying = `echo 'time="x" level=warning msg="Failed, retrying in 2s ... (1/3). Error: connection refused"'`
	for _, row := range []struct{ script, want, hint string }{
		{"echo STEP 1; echo 'Error: no space left on device'; exit 125", "program pull: exit status 125: no space left on device", "disk space"},
		{"exit 125", "program pull: exit status 125", ""},
		{"echo pulling; kill -KILL $$", "program pull: signal: killed", ""},
		{retrying + "; while :; do sleep 0.01; done", "program pull: not finished within 1s: Failed, retrying in 2s ... (1/3). Error: connection refused", "cannot be reached"},
		{"echo pulling; while :; do sleep 0.01; done", "program pull: not finished within 1s", ""},
	} {
		err := script(t, row.script).Work(t.Context(), time.Second, nil, "pull")
		e := new(Error)
		if !errors.As(err, &e) || err.Error() != row.want || !strings.Contains(e.Hint(), row.hint) || row.hint == "" != (e.Hint() == "") {
			t.Errorf("%v, hint %q; want %q", err, e.Hint(), row.want)
		}
	}
}

// TestFinishedIsFinished: a program that has ended well is finished, though what
// it started holds its output; that goes on.
func TestFinishedIsFinished(t *testing.T) {
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	p := script(t, "sleep 1000 & echo $! > "+pid+"; echo the answer")
	out, err := p.Ask(t.Context(), "question")
	if err != nil || string(out) != "the answer\n" {
		t.Errorf("%q, %v", out, err)
	}
	end(t, pid)
	if err := p.Work(t.Context(), time.Minute, nil, "work"); err != nil {
		t.Error(err)
	}
	end(t, pid)
	p = script(t, "sleep 1000 & echo $! > "+pid+"; exit 3")
	if _, err := p.Ask(t.Context(), "question"); ExitCode(err) != 3 {
		t.Errorf("%v", err)
	}
}

// end ends a process that is named by a file, and has to run.
func end(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("what the program left: %v", err)
	}
}
