// Package lock lets one process at a time fetch or build an image.
//
// It is a kernel lock (flock) on a file that is never removed. The kernel ends
// it with its holder, however that dies, so there are no stale locks and no
// process IDs to judge. What the file holds is only for people: who has it.
package lock

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Wait is how a waiting process looks for the lock, and how often it says so.
const (
	pollInterval   = 50 * time.Millisecond
	noticeInterval = 10 * time.Second
)

// maxNote is the longest note about a holder that is read, in bytes.
const maxNote = 256

// A Lock is held until Release.
type Lock struct{ f *flock.Flock }

// Error tells that the lock's file cannot be used.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("lock %s: %v", e.Path, e.Err) }

// Hint returns the remedy.
func (e *Error) Hint() string {
	return "make the directory writable, or choose another with XDG_CACHE_HOME"
}

// Unwrap returns the system's error.
func (e *Error) Unwrap() error { return e.Err }

// Acquire takes the lock for key in directory dir, which it makes when it is
// missing, and waits while another process holds it. onWait is called when
// the waiting begins and every 10 s from then on, with what the holder wrote
// down of itself and how long it has been waited for. The error is *Error, or
// the cause of ctx.
func Acquire(ctx context.Context, dir, key string, onWait func(holder string, waited time.Duration)) (*Lock, error) {
	sum := sha256.Sum256([]byte(key))
	path := filepath.Join(dir, hex.EncodeToString(sum[:8])+".lock")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	// A symbolic link in place of the file would let somebody else choose
	// which file is created and written to.
	f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
	var noticed time.Time
	for start := time.Now(); ; {
		held, err := f.TryLock()
		if err != nil {
			f.Close()
			return nil, &Error{Path: path, Err: plain(err)}
		}
		if held {
			l := &Lock{f: f}
			l.note()
			return l, nil
		}
		if time.Since(noticed) >= noticeInterval && onWait != nil {
			noticed = time.Now()
			onWait(holder(path), time.Since(start))
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// Release ends the lock. The file stays: to remove it would let two processes
// lock two files of one name.
func (l *Lock) Release() error { return l.f.Close() }

// note writes down the holder, for those who wait. It is no part of the
// locking, so nothing depends on its success.
func (l *Lock) note() {
	text := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().Format(time.TimeOnly))
	_ = os.WriteFile(l.f.Path(), []byte(text), 0o600)
}

func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "another process"
	}
	defer f.Close()
	b := make([]byte, maxNote)
	n, _ := f.Read(b)
	line, _, _ := bytes.Cut(b[:n], []byte("\n"))
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(line))
	if s == "" {
		return "another process"
	}
	return s
}

// plain drops the path that the system's error repeats.
func plain(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
