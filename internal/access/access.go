// Package access is how an engine reaches registries: where it looks for a
// repository, whom it trusts there, with which logins and through which proxy.
// An engine tells it, and the probe does alike: otherwise the one would see what
// the other does not.
package access

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"

	"github.com/vessux/openlock/internal/login"
)

// Engine is an engine that tells how it reaches registries. It is asked where an
// image is about to be pulled, never on the way to one in the store.
type Engine interface {
	Access(ctx context.Context) *Access
}

// Access is how one engine reaches registries.
type Access struct {
	// Places lists where the engine looks for a tag of a repository,
	// host[:port]/path, in its order. An error tells why it does not pull it.
	Places func(repository, tag string) ([]Place, error)
	// Logins lists what is stored for a repository, the one that the engine uses
	// first, and warns of what cannot be used.
	Logins func(ctx context.Context, repository string) ([]login.Login, []string)
	// Proxy finds the proxy of a request; nil: that of the environment.
	Proxy func(*http.Request) (*url.URL, error)
	// ProxyFrom names where Proxy is set, for messages.
	ProxyFrom string
	// Differs tells why the engine may reach what this machine does not, in a few
	// words such as "its daemon is on another machine"; empty: it may not.
	Differs string
}

// Place is where an engine looks for a repository.
type Place struct {
	Repository string // host[:port]/path; its logins are used
	// Insecure accepts any certificate of the host, and plain HTTP where it does
	// not speak TLS.
	Insecure bool
	CA       [][]byte          // PEM; trusted besides the system's
	Client   []tls.Certificate // shown where the host asks for one
	Mirror   bool              // of the repository, which is asked as well
	// TagsOnly tells that the engine pulls tags from here and no digests.
	TagsOnly bool
	File     string // that names the place; empty: none does
}
