package decisions

import (
	"fmt"
	"io"
	"strings"

	"github.com/vessux/openlock/internal/lab/fault"
)

// transports writes the sections on what a registry is reached over.
func transports(out io.Writer) {
	cells := map[string]string{}
	for _, c := range Transports() {
		e := c.Want[Exists]
		cells[c.String()] = fmt.Sprintf("%s, %d", e.State, e.Exit)
	}
	cell := func(step, name, over string) string {
		if text, found := cells[Case{Step: step, Name: name, Over: over}.String()]; found {
			return text
		}
		return "–"
	}

	fmt.Fprint(out, `
## Over TLS, and over HTTP/2

What the probe and `+"`exists`"+` say, with the exit code, of the same answers over the
transports of hosted registries. All that follows from a state is as above.

| step | answer | TLS, HTTP/1.1 | TLS, HTTP/2 |
|---|---|---|---|
`)
	for _, c := range Cases() {
		if cells[Case{Step: c.Step, Name: c.Name, Over: OverTLS}.String()] != "" {
			fmt.Fprintf(out, "| %s | %s | %s | %s |\n", c.Step, c.Says, cell(c.Step, c.Name, OverTLS), cell(c.Step, c.Name, OverHTTP2))
		}
	}

	fmt.Fprint(out, `
## Faults of HTTP/2 itself

The server breaks the protocol in place of an answer at a step. A body is nothing
that a ping waits for. net/http asks again by itself after REFUSED_STREAM and after a
GOAWAY that names no stream, and all waits together are the probe's 8 s at most.

`)
	var titles []string
	for _, s := range FrameSteps {
		titles = append(titles, string(s))
	}
	fmt.Fprintf(out, "| answer | %s |\n|---|%s\n", strings.Join(titles, " | "), strings.Repeat("---|", len(titles)))
	for _, f := range FrameFaults() {
		fmt.Fprintf(out, "| %s |", f.Fault.Says)
		for _, s := range FrameSteps {
			fmt.Fprintf(out, " %s |", cell(string(s), f.Fault.Name, OverHTTP2))
		}
		fmt.Fprintln(out)
	}

	fmt.Fprint(out, `
## Proxies

A proxy fails so. The reason names the proxy and the variable or setting that it comes
from, and never its login.

| proxy | request in the clear | CONNECT |
|---|---|---|
`)
	for _, f := range fault.ProxyTable {
		fmt.Fprintf(out, "| %s | %s | %s |\n", f.Says, cell("proxy", f.Name, ByRelay), cell("proxy", f.Name, ByTunnel))
	}
}
