package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// daemon is a process that serves on a socket until it is stopped.
type daemon struct {
	run   string // directory of its socket and state
	cmd   *exec.Cmd
	ended chan struct{}
}

// startDaemon starts a program, with more environment, and waits until its
// socket answers.
func startDaemon(ctx context.Context, run, socket string, env []string, command ...string) (*daemon, error) {
	log, err := os.Create(filepath.Join(run, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d := &daemon{run: run, cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{})}
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.Env = append(os.Environ(), env...)
	// A process group of its own: a Ctrl-C at the terminal is for us, and we
	// end the daemon in order.
	ownGroup(d.cmd)
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.cmd.Wait()
		close(d.ended)
	}()
	said, err := os.Open(log.Name())
	if err != nil {
		return nil, err
	}
	defer said.Close()
	if err := waitForSocket(ctx, socket, d.ended, said); err != nil {
		d.stop()
		return nil, fmt.Errorf("%s: %w", filepath.Base(command[0]), err)
	}
	return d, nil
}

// stop asks the daemon to end, and kills it where it does not.
func (d *daemon) stop() error {
	d.cmd.Process.Signal(os.Interrupt)
	select {
	case <-d.ended:
		return nil
	case <-time.After(daemonStart):
		d.cmd.Process.Kill()
		<-d.ended
		return fmt.Errorf("%s did not end within %s and was killed", filepath.Base(d.cmd.Path), daemonStart)
	}
}
