package decisions

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/internal/lab/fault"
	"github.com/vessux/openlock/sandbox/tag"
)

// sets makes the conditions of contents and connections, by name.
var sets = map[string]func(*stand) error{
	"both platforms": whole,
	"both, for clients with a token": func(s *stand) error {
		return wrapped(s, func(inner http.Handler) http.Handler { return fault.Bearer(inner, fault.Private{Anonymous: true}) })
	},
	"both, denied to every client": func(s *stand) error {
		return wrapped(s, func(inner http.Handler) http.Handler { return fault.Bearer(inner, fault.Private{}) })
	},
	"both, with Docker's media types": func(s *stand) error {
		return indexed(s, func(i v1.ImageIndex) v1.ImageIndex { return mutate.IndexMediaType(i, types.DockerManifestList) })
	},
	"both, and attestations": func(s *stand) error {
		extra, err := entry("unknown/unknown", own, "")
		if err != nil {
			return err
		}
		return pushWith(s, extra)
	},
	"manifests at another host": func(s *stand) error { return elsewhere(s, fault.Manifest) },
	"blobs at another host":     func(s *stand) error { return elsewhere(s, fault.Blob) },

	"nothing": func(*stand) error { return nil },
	"another tag": func(s *stand) error {
		file := s.file
		defer func() { s.file = file }()
		s.file = append([]byte("# an older one\n"), file...)
		return whole(s)
	},
	"the other platform missing":  func(s *stand) error { return only(s, own) },
	"the host's platform missing": func(s *stand) error { return only(s, other) },
	"the other child deleted":     func(s *stand) error { return without(s, other, "manifests", manifestOf) },
	"the host's child deleted":    func(s *stand) error { return without(s, own, "manifests", manifestOf) },
	"a config deleted":            func(s *stand) error { return without(s, own, "blobs", configOf) },
	"a layer deleted":             func(s *stand) error { return without(s, own, "blobs", layerOf) },
	"an image without an index": func(s *stand) error {
		image, err := lab.Image(own, tag.Identity(s.file))
		if err != nil {
			return err
		}
		return lab.Push(s.ref(), image)
	},
	"an index of nothing": func(s *stand) error { return push(s) },
	"attestations only": func(s *stand) error {
		e, err := entry("unknown/unknown", own, "")
		if err != nil {
			return err
		}
		return push(s, e)
	},
	"an index inside the index": func(s *stand) error {
		e, err := entry(own, own, tag.Identity(s.file))
		if err != nil {
			return err
		}
		inner, err := lab.Index(e)
		if err != nil {
			return err
		}
		return push(s, lab.Entry{Platform: own, Appendable: inner})
	},
	"no label":                      func(s *stand) error { return beside(s, own, "") },
	"another Containerfile's label": func(s *stand) error { return beside(s, own, tag.Identity(nil)) },
	"a child for another platform":  func(s *stand) error { return beside(s, "linux/s390x", tag.Identity(s.file)) },

	"a port that refuses": func(s *stand) error {
		host, err := lab.RefusedHost()
		if err != nil {
			return err
		}
		s.behind(host, func() {})
		return whole(s)
	},
	"a port that accepts and never answers": func(s *stand) error {
		host, stop, err := lab.SilentHost()
		if err != nil {
			return err
		}
		s.behind(host, stop)
		return whole(s)
	},
	"a port that accepts and hangs up": func(s *stand) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				c.Close()
			}
		}()
		s.behind(l.Addr().String(), func() { l.Close() })
		return whole(s)
	},
	"a certificate of an unknown authority": func(s *stand) error { return overTLS(s, &tls.Config{}) },
	"a TLS version that is too old": func(s *stand) error {
		return overTLS(s, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10})
	},
}

// whole publishes the right image, for both platforms.
func whole(s *stand) error {
	_, err := s.publish()
	return err
}

func wrapped(s *stand, wrap func(http.Handler) http.Handler) error {
	err := whole(s)
	s.real.Wrap(wrap)
	return err
}

// indexed publishes the image under an index that is changed.
func indexed(s *stand, change func(v1.ImageIndex) v1.ImageIndex) error {
	entries, err := s.entries()
	if err != nil {
		return err
	}
	index, err := lab.Index(entries...)
	if err != nil {
		return err
	}
	return lab.Push(s.ref(), change(index))
}

// pushWith publishes the image and something more beside it.
func pushWith(s *stand, extra lab.Entry) error {
	entries, err := s.entries()
	if err != nil {
		return err
	}
	return push(s, append(entries, extra)...)
}

// only publishes one platform.
func only(s *stand, platform string) error {
	e, err := entry(platform, platform, tag.Identity(s.file))
	if err != nil {
		return err
	}
	return push(s, e)
}

// beside publishes the other platform as it should be, and under the host's
// name an image that is what the arguments say.
func beside(s *stand, platform, label string) error {
	right, err := entry(other, other, tag.Identity(s.file))
	if err != nil {
		return err
	}
	wrong, err := entry(own, platform, label)
	if err != nil {
		return err
	}
	return push(s, wrong, right)
}

// without publishes the image and deletes a part of one platform's.
func without(s *stand, platform, kind string, part func(v1.Image) (v1.Hash, error)) error {
	entries, err := s.publish()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Platform != platform {
			continue
		}
		what, err := part(e.Appendable.(v1.Image))
		if err != nil {
			return err
		}
		return lab.Delete(context.Background(), s.ref().Repository, kind, what.String())
	}
	return fmt.Errorf("no image for %s", platform)
}

func manifestOf(i v1.Image) (v1.Hash, error) { return i.Digest() }
func configOf(i v1.Image) (v1.Hash, error)   { return i.ConfigName() }

func layerOf(i v1.Image) (v1.Hash, error) {
	layers, err := i.Layers()
	if err != nil {
		return v1.Hash{}, err
	}
	return layers[0].Digest()
}

// elsewhere has one step's requests answered by another host.
func elsewhere(s *stand, step fault.Step) error {
	return wrapped(s, func(inner http.Handler) http.Handler {
		storage := httptest.NewServer(inner)
		s.close = append(s.close, storage.Close)
		return fault.Handler(inner, fault.Fault{Step: step, Answer: fault.RedirectTo(storage.URL)})
	})
}

// overTLS puts the registry behind a TLS server that no client should trust. The
// engines here accept every certificate on loopback, and the probe for them too.
func overTLS(s *stand, config *tls.Config) error {
	server := httptest.NewUnstartedServer(s.real)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = config
	server.StartTLS()
	s.behind(server.Listener.Addr().String(), server.Close)
	return whole(s)
}
