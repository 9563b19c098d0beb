package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/platform"
	"github.com/vessux/openlock/internal/sanitize"
)

// checkDigest compares the bytes with the digest they were asked by and with
// the one the registry claims for them.
func checkDigest(body []byte, identifier, claimed, what string) (v1.Hash, error) {
	digest, _, err := v1.SHA256(bytes.NewReader(body))
	if err != nil {
		return v1.Hash{}, err
	}
	for _, want := range []string{identifier, claimed} {
		if h, err := v1.NewHash(want); err == nil && h.Algorithm == "sha256" && h != digest {
			return v1.Hash{}, &failure{state: StateInvalid, reason: fmt.Sprintf("%s: the bytes have digest %s, not %s", what, digest, h)}
		}
	}
	return digest, nil
}

// checkMediaType tells what kind of manifest the bytes are: by the
// Content-Type, which must not contradict the manifest's own mediaType.
func checkMediaType(body []byte, contentType, what string) (types.MediaType, error) {
	invalid := func(why string) error {
		return &failure{state: StateInvalid, reason: what + ": " + why}
	}
	header := mediaTypeOf(contentType)
	if isHTML(body, contentType) {
		return "", &failure{state: StateInvalid, reason: what + ": the answer is an HTML page, not a manifest",
			hint: "a captive portal or a proxy answers in place of the registry; sign in to the network, or set HTTPS_PROXY"}
	}
	var inner struct {
		SchemaVersion int             `json:"schemaVersion"`
		MediaType     types.MediaType `json:"mediaType"`
		Manifests     json.RawMessage `json:"manifests"`
		Config        json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(body, &inner); err != nil {
		return "", invalid("the answer is not a manifest in JSON (truncated?)")
	}
	mt := inner.MediaType
	if mt == "" {
		switch { // OCI leaves the field optional
		case inner.Manifests != nil:
			mt = types.OCIImageIndex
		case inner.Config != nil:
			mt = types.OCIManifestSchema1
		}
	}
	switch {
	case inner.SchemaVersion == 1 || header == types.DockerManifestSchema1 || header == types.DockerManifestSchema1Signed:
		return "", invalid("it is a Docker schema 1 manifest, which has no digest of its own")
	case inner.SchemaVersion != 2 || !mt.IsIndex() && !mt.IsImage():
		return "", invalid(fmt.Sprintf("the answer is not an image index or manifest (media type %q)", sanitize.Line(string(mt))))
	case (header.IsIndex() || header.IsImage()) && header != mt:
		return "", invalid(fmt.Sprintf("the Content-Type %q contradicts the manifest's media type %q", sanitize.Line(string(header)), sanitize.Line(string(mt))))
	}
	return mt, nil
}

// mediaTypeOf reads a Content-Type header without its parameters.
func mediaTypeOf(contentType string) types.MediaType {
	mt, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return types.MediaType(mt)
}

// isHTML tells a web page, such as a captive portal's, from a registry's words.
func isHTML(body []byte, contentType string) bool {
	return mediaTypeOf(contentType) == "text/html" || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// indexManifest is the part of an index that a probe looks at. Digests are
// text: a bad one spoils its own entry only.
type indexManifest struct {
	Manifests []struct {
		MediaType types.MediaType `json:"mediaType"`
		Digest    string          `json:"digest"`
		Platform  *v1.Platform    `json:"platform"`
	} `json:"manifests"`
}

func parseIndex(doc *document, what string) (*indexManifest, error) {
	index := new(indexManifest)
	if err := json.Unmarshal(doc.body, index); err != nil {
		return nil, &failure{state: StateInvalid, reason: what + ": the index cannot be read: " + sanitize.Line(err.Error())}
	}
	if len(index.Manifests) > maxParts {
		return nil, failTransport(what, tooMany("manifests", maxParts))
	}
	return index, nil
}

// parseImage reads the manifest of a container image.
func parseImage(doc *document, what string) (*v1.Manifest, error) {
	m, err := v1.ParseManifest(bytes.NewReader(doc.body))
	if err != nil {
		return nil, &failure{state: StateInvalid, reason: what + ": the manifest cannot be read: " + sanitize.Line(err.Error())}
	}
	if len(m.Layers) > maxParts {
		return nil, failTransport(what, tooMany("layers", maxParts))
	}
	if m.Config.Digest.Algorithm != "sha256" || m.Config.MediaType != types.OCIConfigJSON && m.Config.MediaType != types.DockerConfigJSON {
		return nil, &failure{state: StateInvalid, reason: fmt.Sprintf("%s: it is not a container image (config of type %q)", what, sanitize.Line(string(m.Config.MediaType)))}
	}
	return m, nil
}

// imageConfig is the part of an image's config that a probe looks at.
type imageConfig struct {
	platform string
	labels   map[string]string
}

func parseConfig(body []byte, what string) (imageConfig, error) {
	var c struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
		Config       struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if err := json.Unmarshal(body, &c); err != nil || c.OS == "" || c.Architecture == "" {
		return imageConfig{}, &failure{state: StateInvalid, reason: what + ": the image's config cannot be read"}
	}
	return imageConfig{platform: platform.Join(c.OS, c.Architecture, c.Variant), labels: c.Config.Labels}, nil
}

func platformOf(p *v1.Platform) string {
	if p == nil {
		return ""
	}
	return platform.Join(p.OS, p.Architecture, p.Variant)
}
