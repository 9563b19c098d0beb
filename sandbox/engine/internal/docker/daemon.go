package docker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// get sends one GET to the daemon on a connection of its own.
func (e endpoint) get(ctx context.Context, limit time.Duration, path string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, e.network, e.address)
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 1 {
		// 101: the body is the connection, which no context ends.
		return 0, nil, fmt.Errorf("unexpected answer HTTP %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxInspect))
	return resp.StatusCode, body, err
}

// plainHost splits a daemon's address into what a dialer takes; network is
// empty for addresses that only the docker program can reach or read.
func plainHost(host string) (network, address string) {
	scheme, rest, _ := strings.Cut(host, "://")
	if scheme == "unix" {
		return "unix", rest
	}
	rest = strings.TrimSuffix(rest, "/")
	if _, _, err := net.SplitHostPort(rest); scheme != "tcp" || overTLS() || err != nil || strings.Contains(rest, "/") {
		return "", ""
	}
	return "tcp", rest
}
