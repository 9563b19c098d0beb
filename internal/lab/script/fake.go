package script

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vessux/openlock/internal/lab/fakeengine"
	"github.com/vessux/openlock/sandbox/tag"
)

// fake is a script's fake engine. The command "engine" is for it:
//
//	engine image FILE PLATFORM [LABEL]  puts an image under the ref of a
//	                                    Containerfile into the store; without a
//	                                    label, with the right one
//	engine empty                        takes every image away
//	engine WAY [N]                      misbehaves, see package fakeengine
//	engine no WAY                       behaves again
//	engine elsewhere PLATFORM           is on another machine, of that platform
//	engine stop                         is there and does not answer
//	engine gone                         is not installed
//	engine log FILE                     writes what it was asked since the last time
type fake struct {
	name  string
	store fakeengine.Store
	bin   string // directory of its program
	stop  func() error
}

// FakeEngines are the commands for testscript.Main. They have names of their
// own, so that the tests of real engines do not find them.
func FakeEngines() map[string]func() {
	return map[string]func(){"fakepodman": fakeengine.Main, "fakedocker": fakeengine.Main}
}

// WithFake returns a setup whose scripts have a fake podman or docker, and the
// programs whose paths are given.
func WithFake(name string, programs ...string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		if err := Setup(env); err != nil {
			return err
		}
		dir := filepath.Join(env.WorkDir, ".engine")
		f := &fake{name: name, store: fakeengine.Store(dir), bin: filepath.Join(env.WorkDir, ".bin"), stop: func() error { return nil }}
		for _, d := range []string{dir, f.bin} {
			if err := os.Mkdir(d, 0o700); err != nil {
				return err
			}
		}
		if err := f.install(name); err != nil {
			return err
		}
		if err := closePath(f.bin, programs); err != nil {
			return err
		}
		// Paths of sockets may not be longer than about 100 bytes.
		run, err := os.MkdirTemp("", "ols")
		if err != nil {
			return err
		}
		env.Defer(func() { f.stop(); os.RemoveAll(run) })
		if name == "docker" {
			host, stop, err := fakeengine.Serve(f.store, "unix", filepath.Join(run, "docker.sock"))
			if err != nil {
				return err
			}
			f.stop = stop
			env.Setenv("DOCKER_HOST", host)
		}
		// Only what the scripts need is in reach: a real engine of the machine
		// would be found where a script takes the fake away.
		env.Setenv("PATH", f.bin)
		env.Setenv("ENGINE", name)
		env.Setenv("ARCH", runtime.GOARCH)
		env.Setenv(fakeengine.DirVariable, dir)
		env.Values[key{}].(*stage).fake = f
		return nil
	}
}

// install puts a program of the engine's name into the script's path.
func (f *fake) install(name string) error {
	program, err := exec.LookPath("fake" + name)
	if err != nil {
		return err
	}
	// testscript tells its commands apart by the name they are called by.
	return os.WriteFile(filepath.Join(f.bin, name), []byte("#!/bin/sh\nexec "+program+" \"$@\"\n"), 0o700)
}

// closePath links what scripts may use into bin.
func closePath(bin string, programs []string) error {
	for _, name := range []string{"openlock", "sh", "cat", "cut", "sha256sum", "mkfifo", "head", "grep", "wc", "tail"} {
		if path, err := exec.LookPath(name); err == nil {
			programs = append(programs, path)
		}
	}
	for _, path := range programs {
		if err := os.Symlink(path, filepath.Join(bin, filepath.Base(path))); err != nil {
			return err
		}
	}
	return nil
}

func engine(ts *testscript.TestScript, neg bool, args []string) {
	f := of(ts).fake
	if f == nil {
		ts.Fatalf("this suite has no fake engine")
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: see internal/lab/script/fake.go")
	}
	state := func(name string) string { return filepath.Join(string(f.store), name) }
	switch {
	case args[0] == "image" && len(args) >= 3:
		ts.Check(f.put(ts, args[1:]))
	case args[0] == "empty":
		remove(ts, state("images.json"))
	case args[0] == "no" && len(args) == 2:
		remove(ts, state(args[1]))
	case args[0] == "elsewhere" && len(args) == 2:
		ts.Check(os.WriteFile(state("platform"), []byte(args[1]), 0o600))
		ts.Check(f.elsewhere(ts))
	case args[0] == "gone":
		remove(ts, filepath.Join(f.bin, f.name))
	case args[0] == "stop" && f.name == "podman":
		ts.Check(os.WriteFile(state("down"), nil, 0o600))
	case args[0] == "stop":
		ts.Check(f.stop())
	case args[0] == "log" && len(args) == 2:
		b, err := os.ReadFile(state("log"))
		if !os.IsNotExist(err) {
			ts.Check(err)
			remove(ts, state("log"))
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
	default:
		n := ""
		if len(args) == 2 {
			n = args[1]
		}
		ts.Check(os.WriteFile(state(args[0]), []byte(n), 0o600))
	}
}

// elsewhere reaches the engine by an address that is not a local socket's.
func (f *fake) elsewhere(ts *testscript.TestScript) error {
	if f.name == "podman" {
		ts.Setenv("CONTAINER_HOST", "tcp://127.0.0.1:1") // the fake does not dial it
		return nil
	}
	host, stop, err := fakeengine.Serve(f.store, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	before := f.stop
	f.stop = func() error { return errors.Join(before(), stop()) }
	ts.Setenv("DOCKER_HOST", host)
	return nil
}

func remove(ts *testscript.TestScript, path string) {
	if err := os.Remove(path); !os.IsNotExist(err) {
		ts.Check(err)
	}
}

// put is "engine image": with no label given, the right one.
func (f *fake) put(ts *testscript.TestScript, args []string) error {
	file, err := os.ReadFile(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	ref, err := tag.New(ts.Getenv("REPO"), file)
	if err != nil {
		return err
	}
	label := tag.Identity(file)
	if len(args) > 2 {
		label = args[2]
	}
	i := fakeengine.Image{ID: "sha256:" + tag.Identity([]byte(args[1]+label)), Platform: args[1]}
	if label != "" {
		i.Labels = map[string]string{tag.Label: label}
	}
	return f.store.Put(ref.String(), i)
}
