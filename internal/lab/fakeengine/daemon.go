package fakeengine

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

// Serve answers docker's questions about the store's images, until the returned
// function is called. The address is one of net's, on the network unix or tcp;
// the host is what DOCKER_HOST takes.
func Serve(s Store, network, address string) (host string, stop func() error, err error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: s}
	go server.Serve(l)
	return network + "://" + l.Addr().String(), server.Close, nil
}

// ServeHTTP answers GET /version and GET /images/REF/json, see the Docker
// Engine API.
func (s Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/version" {
		s.note("docker " + r.Method + " version")
		json.NewEncoder(w).Encode(s.server())
		return
	}
	s.note("docker " + r.Method + " image")
	ref, isImage := strings.CutPrefix(r.URL.Path, "/images/")
	ref, isJSON := strings.CutSuffix(ref, "/json")
	images, err := s.Images()
	i, ok := images[ref]
	switch {
	case err != nil || !isImage || !isJSON:
		w.WriteHeader(http.StatusInternalServerError)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		json.NewEncoder(w).Encode(map[string]string{"message": "No such image: " + ref})
	default:
		json.NewEncoder(w).Encode(i.json())
	}
}
