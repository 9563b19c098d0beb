package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// figure is a measurement that is not a ratio.
type figure struct {
	name, value, bound string
	kept               bool
}

type report struct {
	machine []string
	results []result
	figures []figure
}

func (r report) markdown() string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\nWritten by `go tool mage bench`, which measures it again on any machine that has the\nlab. The two programs of a row took turns in one run; the figures are medians.\n\n")
	for _, m := range r.machine {
		fmt.Fprintf(&b, "- %s\n", m)
	}
	b.WriteString("\n| what | openlock | compared with | | ratio | promised |\n|---|--:|---|--:|--:|--:|\n")
	for _, p := range r.results {
		fmt.Fprintf(&b, "| %s | %.1f ms | `%s` | %.1f ms | %.2f | at most %.1f%s |\n",
			p.name, ms(p.oursMedian.Microseconds()), p.other.name, ms(p.otherMedian.Microseconds()), p.ratio, p.bound, mark(p.ratio <= p.bound))
	}
	b.WriteString("\n| what | measured | promised |\n|---|--:|--:|\n")
	for _, f := range r.figures {
		fmt.Fprintf(&b, "| %s | %s | at most %s%s |\n", f.name, f.value, f.bound, mark(f.kept))
	}
	return b.String()
}

func ms(us int64) float64 { return float64(us) / 1000 }

func mark(kept bool) string {
	if kept {
		return ""
	}
	return ", **not kept**"
}

// broken names the promises that were not kept.
func (r report) broken() error {
	var errs []error
	for _, p := range r.results {
		if p.ratio > p.bound {
			errs = append(errs, fmt.Errorf("%s: ratio %.2f, promised at most %.1f", p.name, p.ratio, p.bound))
		}
	}
	for _, f := range r.figures {
		if !f.kept {
			errs = append(errs, fmt.Errorf("%s: %s, promised at most %s", f.name, f.value, f.bound))
		}
	}
	return errors.Join(errs...)
}

// machine tells what was measured on, without telling whose machine it is.
func machine(ctx context.Context, b *bench) []string {
	lines := []string{fmt.Sprintf("%s/%s, %d cores%s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu()), runtime.Version()}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"podman", []string{"podman", "version", "--format", "{{.Client.Version}}"}},
		{"docker program", []string{"docker", "version", "--format", "{{.Client.Version}}"}},
		{"docker daemon", []string{"docker", "version", "--format", "{{.Server.Version}}"}},
		{"crane", []string{"go", "version", "-m", b.crane}},
		{"sha256sum", []string{"sha256sum", "--version"}},
	} {
		cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
		cmd.Env = append(os.Environ(), b.docker.Env...)
		out, err := cmd.Output()
		if err == nil {
			lines = append(lines, c.name+" "+version(string(out)))
		}
	}
	return lines
}

// version is the version in what a program says of itself.
func version(said string) string {
	for _, line := range strings.Split(said, "\n") {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "mod" {
			return f[2] // of `go version -m`
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	if i := strings.LastIndex(line, ") "); i >= 0 {
		line = line[i+2:]
	}
	return line
}

// cpu is the processor's name, where the system tells.
func cpu() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(b), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return " of " + strings.TrimSpace(value)
		}
	}
	return ""
}
