package fault

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Frames is a server of HTTP/2 whose frames are written one by one, so that it
// can break the protocol itself. It answers requests without a body as inner
// does, but for a step at which it has a fault.
type Frames struct {
	Inner  http.Handler
	Step   Step
	Fault  FrameFault
	served atomic.Int64
}

// Hits is how many requests have met the fault's step.
func (s *Frames) Hits() int { return int(s.served.Load()) }

// stream is one request, and how its answer is written.
type stream struct {
	*http2.Framer
	conn net.Conn
	id   uint32
	*recorded
}

// Converse answers a client on a connection, past its TLS handshake.
func (s *Frames) Converse(c net.Conn) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			_ = f.WritePing(true, frame.Data)
		case *http2.MetaHeadersFrame:
			r := requestOf(frame)
			a := stream{f, c, frame.StreamID, record(r, s.Inner)}
			if r.Method == http.MethodHead {
				a.body = nil
			}
			if StepOf(r) == s.Step {
				if n := s.served.Add(1); s.Fault.Times == 0 || n <= int64(s.Fault.Times) {
					s.Fault.answer(a)
					continue
				}
			}
			a.head()
			a.data(a.body, true)
		}
	}
}

func requestOf(f *http2.MetaHeadersFrame) *http.Request {
	r := httptest.NewRequest(f.PseudoValue("method"), "https://"+f.PseudoValue("authority")+f.PseudoValue("path"), nil)
	r.TLS = &tls.ConnectionState{}
	for _, h := range f.RegularFields() {
		r.Header.Add(h.Name, h.Value)
	}
	return r
}

// block is the header, as HPACK writes it.
func (s stream) block() []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	e.SetMaxDynamicTableSize(0) // each block stands by itself
	_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(s.status)})
	for name, values := range s.header {
		for _, v := range values {
			_ = e.WriteField(hpack.HeaderField{Name: strings.ToLower(name), Value: v})
		}
	}
	return b.Bytes()
}

func (s stream) head() {
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: s.block(), EndHeaders: true})
}

func (s stream) data(body []byte, end bool) {
	const piece = 16 << 10
	for len(body) > piece {
		_ = s.WriteData(s.id, false, body[:piece])
		body = body[piece:]
	}
	_ = s.WriteData(s.id, end, body)
}

// half writes the header and half of the body.
func (s stream) half() {
	s.head()
	s.data(s.body[:len(s.body)/2], false)
}
