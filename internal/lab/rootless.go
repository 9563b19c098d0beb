package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
)

// Rootless runs programs as a user without privileges, whom podman takes for
// one with subordinate IDs: every program has files of them in a mount
// namespace of its own. The machine's are left as they are.
type Rootless struct {
	uid, gid int
	ids      string // a file of subordinate IDs
}

// rootlessUser is on every machine.
const rootlessUser = "nobody"

// asUser binds a file of subordinate IDs, and becomes the user.
const asUser = `mount --bind "$1" /etc/subuid
mount --bind "$1" /etc/subgid
id=$2 group=$3
shift 3
exec setpriv --reuid="$id" --regid="$group" --clear-groups -- "$@"`

// NewRootless prepares the user; its files are in dir, which every user has to
// be able to enter. It fails where podman does not work for such a user.
func NewRootless(ctx context.Context, dir string) (*Rootless, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("another user needs root")
	}
	u, err := user.Lookup(rootlessUser)
	if err != nil {
		return nil, err
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	r := &Rootless{uid: uid, gid: gid, ids: filepath.Join(dir, "subordinate-ids")}
	if err := errors.Join(uidErr, gidErr, os.WriteFile(r.ids, []byte(rootlessUser+":100000:65536\n"), 0o644)); err != nil {
		return nil, err
	}
	store, err := NewPodman(filepath.Join(dir, "rootless"))
	if err != nil {
		return nil, err
	}
	if err = store.As(r, filepath.Join(dir, "rootless", "home")); err == nil {
		_, err = store.Run(ctx, "unshare", "true")
	}
	return r, errors.Join(err, store.Close())
}

// Command is that of a program that runs as the user.
func (r *Rootless) Command(ctx context.Context, path string, args ...string) *exec.Cmd {
	command := r.command(path, args...)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = filepath.Dir(r.ids) // the user may not be able to enter that of the test
	return cmd
}

// command is a program with its arguments, as the user.
func (r *Rootless) command(path string, args ...string) []string {
	return append([]string{"unshare", "--mount", "--propagation", "private", "sh", "-ec", asUser, "sh", r.ids, strconv.Itoa(r.uid), strconv.Itoa(r.gid), path}, args...)
}

// give makes the user the owner of directories and all that is in them.
func (r *Rootless) give(dirs ...string) error {
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, r.uid, r.gid))
		})
		if err != nil {
			return fmt.Errorf("owner of %s: %w", dir, err)
		}
	}
	return nil
}
