package buildenv

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/vessux/openlock/internal/smallfile"
)

// Docker returns variables for docker's build of a Containerfile. Where that
// names proxies, docker finds a configuration without any: it would make them
// build arguments. Call remove after the build.
func Docker(containerfile []byte) (env []string, remove func(), err error) {
	if !namesProxy(containerfile) {
		return nil, func() {}, nil
	}
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, func() {}, nil // docker has no configuration either
		}
		dir = filepath.Join(home, ".docker")
	}
	var config map[string]json.RawMessage
	b, err := smallfile.Read(filepath.Join(dir, "config.json"))
	if err == nil {
		err = json.Unmarshal(b, &config)
	}
	if _, has := config["proxies"]; err != nil || !has {
		return nil, func() {}, nil // docker itself complains of what it cannot read
	}
	delete(config, "proxies")
	own, err := os.MkdirTemp("", "openlock-docker-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { os.RemoveAll(own) }
	if err := link(dir, own, config); err != nil {
		remove()
		return nil, nil, err
	}
	return []string{"DOCKER_CONFIG=" + own}, remove, nil
}

// link makes own a directory like dir, with another config.json. What stands in
// dir stays there: builders and contexts are written through the links.
func link(dir, own string, config map[string]json.RawMessage) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "config.json" {
			continue
		}
		if err := os.Symlink(filepath.Join(dir, e.Name()), filepath.Join(own, e.Name())); err != nil {
			return err
		}
	}
	b, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(own, "config.json"), b, 0o600)
}
