package fault

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// ProxyFault is one way in which a proxy fails a client.
type ProxyFault struct {
	Name   string
	Says   string // in words
	answer func(net.Conn)
}

// ProxyTable is every way in which a proxy fails.
var ProxyTable = []ProxyFault{
	{"407", "407, it wants a login", answerText("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")},
	{"403", "403", answerText("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")},
	{"502", "502", answerText("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")},
	{"503", "503", answerText("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")},
	{"silent", "no answer", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
	{"closes", "connection closed", answerText("")},
	{"garbage", "another protocol", answerText("220 mail.example ESMTP ready" + hostile + "\r\n\r\n")},
	{"refused", "a port that refuses", nil},
}

// HangsUp is a proxy whose tunnels lead to a host that hangs up.
var HangsUp = ProxyFault{"tunnel", "a tunnel to a host that hangs up", answerText("HTTP/1.1 200 OK\r\n\r\n")}

func answerText(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, text)
	}
}

// Start starts a proxy with the fault on loopback. Asked is called for each
// connection, and may be nil.
func (f ProxyFault) Start(asked func()) (host string, end func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	if f.answer == nil {
		return l.Addr().String(), func() {}, l.Close()
	}
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			if asked != nil {
				asked()
			}
			go func() {
				defer c.Close()
				f.answer(c)
			}()
		}
	}()
	return l.Addr().String(), func() { l.Close() }, nil
}
