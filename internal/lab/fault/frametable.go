package fault

import (
	"bytes"
	"io"

	"golang.org/x/net/http2"
)

// FrameFault is one way in which a server breaks HTTP/2 itself.
type FrameFault struct {
	Name   string
	Says   string
	Times  int // how many requests get it before the server recovers; 0: all
	answer func(stream)
}

// FrameTable returns every fault of HTTP/2; those that pass are there a second
// time, "-once".
func FrameTable() []FrameFault {
	var all []FrameFault
	for _, f := range frameFaults {
		all = append(all, f.FrameFault)
		if f.passes {
			f.Name, f.Says, f.Times = f.Name+"-once", f.Says+", once", 1
			all = append(all, f.FrameFault)
		}
	}
	return all
}

var frameFaults = []struct {
	FrameFault
	passes bool
}{
	{FrameFault{"rst-internal-error", "RST_STREAM, INTERNAL_ERROR", 0, rst(http2.ErrCodeInternal)}, true},
	{FrameFault{"rst-refused-stream", "RST_STREAM, REFUSED_STREAM", 0, rst(http2.ErrCodeRefusedStream)}, true},
	{FrameFault{"rst-cancel", "RST_STREAM, CANCEL", 0, rst(http2.ErrCodeCancel)}, true},
	{FrameFault{"rst-enhance-your-calm", "RST_STREAM, ENHANCE_YOUR_CALM", 0, rst(http2.ErrCodeEnhanceYourCalm)}, true},
	{FrameFault{"rst-midway", "RST_STREAM within the body", 0, func(s stream) { s.half(); rst(http2.ErrCodeInternal)(s) }}, true},
	{FrameFault{"goaway", "GOAWAY in place of an answer", 0, func(s stream) { s.goAway(0, http2.ErrCodeNo) }}, true},
	{FrameFault{"goaway-error", "GOAWAY, INTERNAL_ERROR, in place of an answer", 0, func(s stream) { s.goAway(s.id, http2.ErrCodeInternal) }}, true},
	{FrameFault{"goaway-midway", "GOAWAY within the body", 0, func(s stream) { s.half(); s.goAway(s.id, http2.ErrCodeInternal) }}, true},
	{FrameFault{"closed-midway", "connection closed within the body", 0, func(s stream) { s.half(); s.conn.Close() }}, true},
	{FrameFault{"stalled-window", "half of the body, as where the flow-control window stays shut", 0, stream.half}, false},
	{FrameFault{"stalled-headers", "a header block that does not end", 0, func(s stream) {
		s.openHeader()
		_, _ = io.Copy(io.Discard, s.conn) // nothing may come between its frames
	}}, false},
	{FrameFault{"endless-headers", "a header block without end", 0, endlessHeaders}, false},
	{FrameFault{"no-frames", "another protocol", 0, func(s stream) {
		_, _ = io.WriteString(s.conn, "220 mail.example ESMTP ready"+hostile+"\r\n")
		s.conn.Close()
	}}, false},
}

func rst(code http2.ErrCode) func(stream) {
	return func(s stream) { _ = s.WriteRSTStream(s.id, code) }
}

func (s stream) goAway(last uint32, code http2.ErrCode) {
	_ = s.WriteGoAway(last, code, []byte("maintenance"+hostile))
	s.conn.Close()
}

func (s stream) openHeader() {
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: s.block()})
}

// endlessHeaders sends fields until the client has had enough. 64 MiB are
// endless for a header.
func endlessHeaders(s stream) {
	s.openHeader()
	// A literal (RFC 7541, section 6.2.2): x, and 16,000 bytes.
	field := append([]byte{0, 1, 'x', 0x7f, 0x81, 0x7c}, bytes.Repeat([]byte{'y'}, 16_000)...)
	for sent := 0; sent < 64<<20; sent += len(field) {
		if s.WriteContinuation(s.id, false, field) != nil {
			return
		}
	}
	s.conn.Close()
}
