package hostbuild_test

import (
	"os"
	"testing"

	"github.com/vessux/openlock/internal/lab/labtest"
)

func TestMain(m *testing.M) { os.Exit(labtest.Checked(m).Run()) }
