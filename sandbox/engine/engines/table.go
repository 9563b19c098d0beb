package engines

import (
	"github.com/vessux/openlock/sandbox/engine/internal/docker"
	"github.com/vessux/openlock/sandbox/engine/internal/driver"
	"github.com/vessux/openlock/sandbox/engine/internal/podman"
)

// table holds the engines, the preferred one first. To add one, write a folder
// beside theirs whose engine passes package enginetest, and a row here.
var table = []driver.Driver{
	podman.Driver,
	docker.Driver,
}
