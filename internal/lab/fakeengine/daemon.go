package fakeengine

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
)

// Serve answers docker's questions about the store's images on a Unix socket,
// until the returned function is called.
func Serve(s Store, socket string) (stop func() error, err error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: s}
	go server.Serve(l)
	return func() error {
		err := server.Close()
		os.Remove(socket)
		return err
	}, nil
}

// ServeHTTP answers GET /images/REF/json, see the Docker Engine API.
func (s Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
