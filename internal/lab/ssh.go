package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SSH makes a directory under dir with a program ssh that reaches this machine
// alone, whatever host is named: OpenSSH's own, joined with a server by a pipe.
// Commands get the environment there. It returns the directory, for PATH.
func SSH(ctx context.Context, dir string, env ...string) (bin string, err error) {
	server, err := exec.LookPath("sshd")
	if err != nil {
		return "", err
	}
	client, err := exec.LookPath("ssh")
	if err != nil {
		return "", err
	}
	bin = filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return "", err
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where the server, as root, keeps nothing
			return "", err
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, key := range []string{"host", "user"} {
		if _, err := runWith(ctx, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(key)); err != nil {
			return "", err
		}
	}
	files := map[string]string{
		"sshd_config": fmt.Sprintf("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSetEnv %s\n",
			at("host"), at("user.pub"), strings.Join(env, " ")),
		"ssh_config": fmt.Sprintf("Host *\nProxyCommand %s -i -f %s\nIdentityFile %s\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n",
			server, at("sshd_config"), at("user")),
		"bin/ssh": fmt.Sprintf("#!/bin/sh\nexec '%s' -F '%s' \"$@\"\n", client, at("ssh_config")),
	}
	for name, text := range files {
		if err := os.WriteFile(at(name), []byte(text), 0o700); err != nil {
			return "", err
		}
	}
	return bin, nil
}
