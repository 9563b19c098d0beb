// Package diagnose reads what engines and builders print when they fail: the
// words that tell why, and what to do about the failures that are common.
package diagnose

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/vessux/openlock/internal/sanitize"
)

// Limits on words, in runes.
const (
	maxLine  = 220
	maxError = 160 // of the program's own error, where a step's words follow
	maxStep  = 120
)

// patterns are compiled on first use: most starts of the program need none.
var patterns = sync.OnceValue(func() (p struct{ stamp, noise, isError, isStep, log *regexp.Regexp }) {
	// BuildKit's number of the step and the time in it.
	p.stamp = regexp.MustCompile(`^(#\d+ )?(\d+\.\d+ )?`)
	p.noise = regexp.MustCompile(`^(-+>?|=+|\[?\d*\]?|View build details.*|exit status \d+|(Error: )?exit status \d+|\S+:\d+|\s*\d+ \|.*|See .*--help.*|Run .*--help.*|For more help.*|Learn more.*|STEP \d+.*|--> .*|#\d+ (DONE|CACHED|CANCELED).*|> \[.*)$`)
	p.isError = regexp.MustCompile(`^(ERROR|Error|error|FATAL|fatal)\b`)
	p.isStep = regexp.MustCompile(`did not complete successfully|while running runtime|building at STEP|executor failed running|returned a non-zero code`)
	p.log = regexp.MustCompile(`^time="[^"]*" level=(\w+) msg="?(.*?)"?$`)
	return p
})

// prefixes tell nothing of why a build failed.
var prefixes = []string{
	"ERROR: ", "Error: ", "failed to build: ", "failed to solve: ", "rpc error: code = Unknown desc = ",
	"failed to solve with frontend dockerfile.v0: ", "failed to create LLB definition: ", "creating build container: ",
}

// Words returns the last meaningful words of a program's output, in one line
// that is fit to print and holds no secret; empty where there are none. Where a
// step of a build failed, the step's own last words are added.
func Words(output string) string {
	p := patterns()
	var kept []string // the last ones, without noise
	failed := -1
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if m := p.log.FindStringSubmatch(line); m != nil {
			// Podman tells in a warning why it tries again; where it is stopped
			// meanwhile, it tells nothing else.
			if m[1] != "error" && m[1] != "fatal" && !strings.Contains(m[2], "retrying in") {
				continue
			}
			line = m[2]
		}
		line = p.stamp.ReplaceAllString(line, "")
		if line == "" || p.noise.MatchString(line) {
			continue
		}
		kept = append(kept, line)
		if p.isError.MatchString(line) {
			failed = len(kept) - 1
		}
	}
	switch {
	case len(kept) == 0:
		return ""
	case failed < 0:
		return sanitize.Line(redact(cut(kept[len(kept)-1], maxLine)))
	}
	text := kept[failed]
	for stripped := ""; stripped != text; {
		stripped = text
		for _, prefix := range prefixes {
			text = strings.TrimPrefix(text, prefix)
		}
	}
	if p.isStep.MatchString(text) && failed > 0 && !p.isError.MatchString(kept[failed-1]) {
		text = cut(text, maxError) + ": " + cut(kept[failed-1], maxStep)
	}
	return sanitize.Line(redact(cut(text, maxLine)))
}

// cut shortens a text in its middle, since both its ends tell something.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2:])
}

// secrets are the forms in which programs print them: a login in a URL, a
// header, a parameter.
var secrets = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(://)[^/\s@]+@|((?:authorization: *)?\b(?:bearer|basic) +)[a-z0-9._~+/=-]{8,}|((?:password|passwd|token|secret|signature|sig|credential|accesskey|access_key|api_key)[a-z_-]*(?:=|": *"))[^\s&"',]+`)
})

func redact(text string) string {
	return secrets().ReplaceAllStringFunc(text, func(s string) string {
		m := secrets().FindStringSubmatch(s)
		if m[1] != "" {
			return m[1] + "***@"
		}
		return m[2] + m[3] + "***"
	})
}
