package diagnose_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vessux/openlock/internal/diagnose"
)

// TestWords reads what podman 4.3, Docker 20.10, buildx and BuildKit print.
func TestWords(t *testing.T) {
	for _, row := range []struct{ name, output, want string }{
		{"buildx, a step", "#5 [2/2] RUN [\"/bin/seed\", \"fail\", \"no luck\"]\n#5 0.052 seed: no luck\n#5 ERROR: process \"/bin/seed fail no luck\" did not complete successfully: exit code: 1\n------\n > [2/2] RUN [\"/bin/seed\", \"fail\", \"no luck\"]:\n0.052 seed: no luck\n------\nContainerfile:2\n--------------------\n   1 |     FROM x\n   2 | >>> RUN [\"/bin/seed\", \"fail\", \"no luck\"]\n--------------------\nERROR: failed to build: failed to solve: process \"/bin/seed fail no luck\" did not complete successfully: exit code: 1\n\nView build details: docker-desktop://x\n",
			`process "/bin/seed fail no luck" did not complete successfully: exit code: 1: seed: no luck`},
		{"podman, a step", "STEP 3/3: RUN x\nseed: no luck\nError: building at STEP \"RUN x\": while running runtime: exit status 1\n", `building at STEP "RUN x": while running runtime: exit status 1: seed: no luck`},
		{"podman ends by a runtime's exit", "Error: no space left on device\nexit status 125\n", "no space left on device"},
		{"BuildKit's chain", "ERROR: failed to build: failed to solve: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: failed to create LLB definition: pulling failed: 429", "pulling failed: 429"},
		{"warnings of podman", "Error: no such thing\ntime=\"2026-01-01T00:00:00Z\" level=warning msg=\"no CNI\"\n", "no such thing"},
		{"stopped while it tries again", "Trying to pull x...\ntime=\"2026-01-01T00:00:00Z\" level=warning msg=\"Failed, retrying in 2s ... (1/3). Error: connection refused\"\n", "Failed, retrying in 2s ... (1/3). Error: connection refused"},
		{"docker without a plugin", "docker: 'buildx' is not a docker command.\nSee 'docker --help'.\n", "docker: 'buildx' is not a docker command."},
		{"a log's error", "time=\"x\" level=fatal msg=\"cannot open the store\"\n", "cannot open the store"},
		{"a login in a URL", "Error: Get \"https://me:hunter2@host/v2/\": refused", `Get "https://***@host/v2/": refused`},
		{"a header", "Error: sent Authorization: Bearer abcdefghijk.lmn", "sent Authorization: Bearer ***"},
		{"a signed address", "Error: GET https://x/y?X-Amz-Signature=0123abcd&z=1", "GET https://x/y?X-Amz-Signature=***&z=1"},
		{"no secret", "Error: failed to fetch anonymous token: 500", "failed to fetch anonymous token: 500"},
		{"a terminal's characters", "Error: a\x1b[2Jb\n", "a [2Jb"},
		{"nothing", "\n------\n", ""},
	} {
		if got := diagnose.Words(row.output); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	long := diagnose.Words("Error: begin " + strings.Repeat("x", 1000) + " end")
	if utf8.RuneCountInString(long) > 300 || !strings.HasPrefix(long, "begin") || !strings.HasSuffix(long, " end") {
		t.Errorf("%d: %q", len(long), long)
	}
}

func TestHint(t *testing.T) {
	for output, want := range map[string]string{
		"write /var/lib/x: no space left on device":                                        "free some disk space",
		"docker: 'buildx' is not a docker command.\nSee 'docker --help'":                   "buildx plugin",
		"standard_init_linux.go:228: exec user process caused: exec format error":          "QEMU",
		"ERROR: failed to solve: failed to compute cache key: \"/x\" not found: not found": "no context",
		"toomanyrequests: You have reached your pull rate limit":                           "limits how much",
		"error getting credentials - err: exec: \"docker-credential-desktop\": not found":  "credential helper",
		"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?":  "start the engine",
		"net/http: TLS handshake timeout":                                                  "slow or out of reach",
		"dial tcp: i/o timeout":                                                            "slow or out of reach",
		"http: server gave HTTP response to HTTPS client":                                  "plain HTTP",
		"tls: failed to verify certificate: x509: certificate signed by unknown authority": "certs.d",
		"dial tcp: lookup ghcr.example on 127.0.0.53:53: no such host":                     "(DNS)",
		"dial tcp 127.0.0.1:1: connect: connection refused":                                "cannot be reached",
		"reading manifest latest in x: unauthorized: authentication required":              "sign in",
		"potentially insufficient UIDs or GIDs available in user namespace":                "/etc/subuid",
		"process \"x\" did not complete successfully: exit code: 137":                      "more memory",
		"proxyconnect tcp: EOF":                                             "the proxy",
		"reading manifest sha256:1 in x: manifest unknown":                  "FROM names",
		"unknown flag: --provenance":                                        "podman 4.3 or later",
		"connection refused\nno space left on device\nError: exit status 1": "free some disk space",
		"connection refused" + strings.Repeat("\nfine", 40):                 "",
		"seed: no luck sha256:401401401":                                    "",
	} {
		got := diagnose.Hint(output)
		if want == "" != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", output, got, want)
		}
	}
}
