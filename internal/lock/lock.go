// Package lock lets one process at a time fetch or build an image.
//
// It is a kernel lock (flock) on a file that is never removed. The kernel ends
// it with its holder, however that dies, so there are no stale locks and no
// process IDs to judge. What the file holds is only for people: who has it.
package lock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/owned"
	"github.com/vessux/openlock/internal/sanitize"
)

// Wait is how a waiting process looks for the lock, and how often it says so.
const (
	pollInterval   = 50 * time.Millisecond
	noticeInterval = 10 * time.Second
)

// maxNote is the longest note about a holder that is read, in bytes.
const maxNote = 64

// A Lock is held until Release.
type Lock struct{ f *os.File }

// Error tells that the lock's file cannot be used.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("lock %s: %v", e.Path, e.Err) }

// Hint returns the remedy.
func (e *Error) Hint() string {
	return "make the directory writable and this user's own, or choose another with XDG_CACHE_HOME"
}

// Unwrap returns the system's error.
func (e *Error) Unwrap() error { return e.Err }

// WaitError tells that another process has held the lock for too long.
type WaitError struct {
	Holder string // as [Acquire] reports it
	Limit  time.Duration
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("gave up after %s of waiting for %s, which is getting the same image", e.Limit, e.Holder)
}

// Hint returns the remedy.
func (e *WaitError) Hint() string {
	return "stop that process if it hangs, or allow more with --wait-timeout"
}

// Unwrap returns [context.DeadlineExceeded].
func (e *WaitError) Unwrap() error { return context.DeadlineExceeded }

// Acquire takes the lock for key in directory dir, which it makes when it is
// missing, and waits while another process holds it, up to limit. onWait is
// called when the waiting begins and every 10 s from then on, with what the
// holder wrote down of itself, fit to print, and how long it has been waited
// for. The error is [*Error], [*WaitError], or the cause of ctx.
func Acquire(ctx context.Context, dir, key string, limit time.Duration, onWait func(holder string, waited time.Duration)) (*Lock, error) {
	sum := sha256.Sum256([]byte(key))
	path := filepath.Join(dir, hex.EncodeToString(sum[:8])+".lock")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	var noticed time.Time
	for start := time.Now(); ; {
		l, holder, err := try(path)
		if err != nil {
			return nil, &Error{Path: path, Err: plain(err)}
		}
		if l != nil {
			l.note()
			return l, nil
		}
		waited := time.Since(start)
		if waited >= limit {
			return nil, &WaitError{Holder: holder, Limit: limit}
		}
		if time.Since(noticed) >= noticeInterval && onWait != nil {
			noticed = time.Now()
			onWait(holder, waited)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// try takes the lock, or tells who holds it. Where others can write to the
// directory, they can put anything in place of the file at any time. So the
// file is opened once, it must be ours alone, and what is read, written and
// locked is what was opened.
func try(path string) (*Lock, string, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|owned.NoFollow|owned.NoWait, 0o600)
	if err != nil {
		return nil, "", err
	}
	holder, err := take(f, path)
	if err != nil || holder != "" {
		f.Close()
		return nil, holder, err
	}
	return &Lock{f: f}, "", nil
}

// take takes the lock of an open file. The holder is empty where we hold it.
func take(f *os.File, path string) (holder string, err error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	// A second name could be that of any other file of ours.
	if !owned.ByUs(info) || names(info) > 1 {
		return "", errNotOurs
	}
	held, err := flock(f)
	if err != nil {
		return "", err
	}
	if !held {
		return describe(f), nil
	}
	// Another file may have got the name meanwhile, and another process its lock.
	if now, err := os.Lstat(path); err != nil || !os.SameFile(info, now) {
		return unknown, nil
	}
	return "", nil
}

var errNotOurs = errors.New("is not a regular file that only this user can write to")

// Release ends the lock. The file stays: to remove it would let two processes
// lock two files of one name.
func (l *Lock) Release() error { return l.f.Close() }

// note writes down the holder, for those who wait. It is no part of the
// locking, so nothing depends on its success.
func (l *Lock) note() {
	text := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().Format(time.TimeOnly))
	if l.f.Truncate(0) == nil {
		_, _ = l.f.WriteAt([]byte(text), 0)
	}
}

// unknown is a holder that has written down nothing.
const unknown = "another process"

// noteForm is what note writes. It is compiled where it is needed, which is not
// at every start.
const noteForm = `^process [0-9]{1,10} since [0-9:]{8}$`

// describe reads what the holder wrote down. What note did not write is quoted.
func describe(f *os.File) string {
	b := make([]byte, maxNote)
	n, _ := f.ReadAt(b, 0)
	line, _, _ := strings.Cut(string(b[:n]), "\n")
	if line == "" {
		return unknown
	}
	if ours, _ := regexp.MatchString(noteForm, line); ours {
		return line
	}
	return fmt.Sprintf("%s that calls itself %q", unknown, sanitize.Line(line))
}

// plain drops the path that the system's error repeats.
func plain(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
