package check

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	events := `{"Action":"start","Package":"p"}
not an event
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    x_test.go:1: podman is missing\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    x_test.go:2: broken\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"Action":"pass","Package":"q","Elapsed":0.25}
{"ImportPath":"r","Action":"build-output","Output":"r.go:1: syntax error\n"}
`
	var out strings.Builder
	s := summary{out: &out}
	if err := s.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	s.end()
	want := `not an event
FAIL p TestC
    x_test.go:2: broken
FAIL p
FAIL
ok   q (0.2s)
r.go:1: syntax error
SKIP p TestB: x_test.go:1: podman is missing
1 tests passed, 1 failed, 1 skipped
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

// TestBriefSummary: a reason for skipping is shown once, with how many tests
// share it.
func TestBriefSummary(t *testing.T) {
	events := `{"Action":"output","Package":"p","Test":"TestA","Output":"    x_test.go:1: needs podman\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"q","Test":"TestB","Output":"    y_test.go:22: needs podman\n"}
{"Action":"skip","Package":"q","Test":"TestB"}
{"Action":"output","Package":"q","Test":"TestC","Output":"    y_test.go:33: needs docker\n"}
{"Action":"skip","Package":"q","Test":"TestC"}
`
	var out strings.Builder
	s := summary{out: &out, brief: true}
	if err := s.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	s.end()
	want := "SKIP 1 × needs docker\nSKIP 2 × needs podman\n0 tests passed, 0 failed, 3 skipped\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}
