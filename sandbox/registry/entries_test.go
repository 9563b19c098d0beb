package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/registry"
)

// TestOddEntries: an index entry that no required platform can be does not
// spoil the others, wherever it stands; one that may be is refused.
func TestOddEntries(t *testing.T) {
	manifest, nested := string(types.OCIManifestSchema1), string(types.OCIImageIndex)
	sum := "sha256:" + strings.Repeat("1", 64)
	entry := func(mediaType, digest, platform string) string {
		if platform != "" {
			platform = `,"platform":` + platform
		}
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":2%s}`, mediaType, digest, platform)
	}
	riscv := `{"os":"linux","architecture":"riscv64"}`
	harmless := map[string]string{
		"empty platform":        entry(manifest, sum, `{"os":"","architecture":""}`),
		"platform without os":   entry(manifest, sum, `{"architecture":"amd64"}`),
		"platform of no form":   entry(manifest, sum, `{"os":"a/b","architecture":"c/d"}`),
		"escape sequences":      entry(manifest, sum, `{"os":"linux\u001b[2J","architecture":"amd64"}`),
		"null platform":         entry(manifest, sum, `null`),
		"nested, another's":     entry(nested, sum, riscv),
		"nested, no platform":   entry(nested, sum, ""),
		"nested, attestation":   entry(nested, sum, `{"os":"unknown","architecture":"unknown"}`),
		"another's, SHA-512":    entry(manifest, "sha512:"+strings.Repeat("1", 128), riscv),
		"another's, no digest":  entry(manifest, "", riscv),
		"another's, bad digest": entry(manifest, "sha256:1", riscv),
		"artefact, no digest":   entry("application/json", "", ""),
		"null entry":            "null",
	}
	s := start(t)
	s.push(t, children(t)...)
	for name, odd := range harmless {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/first=%t", name, first), func(t *testing.T) {
				s.behind(withEntry(s.real, odd, first))
				res := s.probe(t, registry.Options{})
				expect(t, res, registry.StateComplete)
				for _, p := range res.Platforms {
					if p != both[0] && p != both[1] && p != "linux/riscv64" {
						t.Errorf("platform %q is said to be offered", p)
					}
				}
			})
		}
	}
	for name, odd := range map[string]string{
		"nested":     entry(nested, sum, `{"os":"linux","architecture":"amd64"}`),
		"SHA-512":    entry(manifest, "sha512:"+strings.Repeat("1", 128), `{"os":"linux","architecture":"amd64"}`),
		"bad digest": entry(manifest, "sha256:1", `{"os":"linux","architecture":"amd64"}`),
	} {
		t.Run("required/"+name, func(t *testing.T) {
			s.behind(withEntry(s.real, odd, true))
			expect(t, s.probe(t, registry.Options{}), registry.StateInvalid)
		})
	}
}

// withEntry puts an entry into every index that the registry gives by a tag.
func withEntry(inner http.Handler, entry string, first bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault.StepOf(r) != fault.Manifest {
			inner.ServeHTTP(w, r)
			return
		}
		with := changedBody{ResponseWriter: w, change: func(body string) string {
			if first {
				return strings.Replace(body, `"manifests":[`, `"manifests":[`+entry+",", 1)
			}
			return strings.Replace(body, `]}`, ","+entry+`]}`, 1)
		}}
		inner.ServeHTTP(with, r)
	})
}

// changedBody changes an answer's body.
type changedBody struct {
	http.ResponseWriter
	change func(string) string
}

func (c changedBody) WriteHeader(status int) {
	c.Header().Del("Content-Length")
	c.Header().Del("Docker-Content-Digest")
	c.ResponseWriter.WriteHeader(status)
}

func (c changedBody) Write(b []byte) (int, error) {
	_, err := c.ResponseWriter.Write([]byte(c.change(string(b))))
	return len(b), err
}
