package process

import (
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		text string
		want process
		ok   bool
	}{
		{"12 (a b) c) S 7 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n", process{12, 7, "4711"}, true},
		{"12 (sh) S 7", process{}, false},
		{"", process{}, false},
		{"x (sh) S 7 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1", process{}, false},
	} {
		if got, ok := parseStat([]byte(c.text)); ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %+v, %t", c.text, got, ok)
		}
	}
}

func TestProcessesHoldUs(t *testing.T) {
	for _, p := range processes() {
		if p.pid == os.Getpid() {
			if p.parent != os.Getppid() || p.start == "" {
				t.Errorf("%+v, want parent %d", p, os.Getppid())
			}
			return
		}
	}
	t.Error("this process is not listed")
}
