package registry

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
)

// loginFile is a file in which an engine keeps logins.
type loginFile struct {
	path string
	old  bool // docker's format before config.json: the logins alone
}

// surroundings are what the engines' places depend on.
type surroundings struct {
	getenv func(name string) string
	home   string // empty: none
	uid    int
	goos   string
}

func hostSurroundings() surroundings {
	home, _ := os.UserHomeDir()
	return surroundings{os.Getenv, home, os.Getuid(), runtime.GOOS}
}

// loginFiles lists the files in which podman and docker keep logins, in the
// order in which they are asked.
func (s surroundings) loginFiles() []loginFile {
	var files []loginFile
	add := func(elem ...string) {
		if elem[0] != "" { // the directory: a variable that is set, or a home
			files = append(files, loginFile{path: filepath.Join(elem...)})
		}
	}
	below := func(name string) string {
		if s.home == "" {
			return ""
		}
		return filepath.Join(s.home, name)
	}
	add(s.getenv("REGISTRY_AUTH_FILE"))
	add(cmp.Or(s.getenv("DOCKER_CONFIG"), below(".docker")), "config.json")
	switch run := s.getenv("XDG_RUNTIME_DIR"); {
	case s.goos != "linux":
		add(below(".config"), "containers", "auth.json") // whatever XDG_CONFIG_HOME says
	case run != "":
		add(run, "containers", "auth.json")
	default:
		add("/run/containers", strconv.Itoa(s.uid), "auth.json")
	}
	add(cmp.Or(s.getenv("XDG_CONFIG_HOME"), below(".config")), "containers", "auth.json")
	if old := below(".dockercfg"); old != "" {
		files = append(files, loginFile{path: old, old: true})
	}
	return slices.Compact(files)
}
