package registry

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/vessux/openlock/sandbox/tag"
)

// fill repeats parts of JSON, n is replaced by a number, up to the size of the
// largest answer that is read.
func fill(part string) string {
	var b strings.Builder
	for n := 0; b.Len() < maxBody-1000; n++ {
		b.WriteString(strings.ReplaceAll(part, "N", strconv.Itoa(n)))
		b.WriteByte(',')
	}
	return strings.TrimSuffix(b.String(), ",")
}

func sum(text string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text))) }

// crowds are answers of nearly 4 MiB that hold as many parts as they can.
func crowds() map[string]http.Handler {
	const (
		ociIndex  = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}`
		ociImage  = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":2},"layers":[%s]%s}`
		ociConfig = `{"os":"linux","architecture":"amd64","config":{"Labels":{"` + tag.Label + `":"` + "%s" + `"%s}}}`
	)
	serve := func(index, image, config string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/"+sum(config)):
				io.WriteString(w, config)
			case strings.HasSuffix(r.URL.Path, "/"+sum(image)):
				io.WriteString(w, image)
			case strings.Contains(r.URL.Path, "/manifests/"):
				io.WriteString(w, index)
			}
		})
	}
	behind := func(image, config string) http.Handler {
		var entries []string
		for _, p := range []string{"amd64", "arm64"} {
			entries = append(entries, `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"`+sum(image)+`","size":2,"platform":{"os":"linux","architecture":"`+p+`"}}`)
		}
		return serve(fmt.Sprintf(ociIndex, strings.Join(entries, ",")), image, config)
	}
	identity := tag.Identity(nil)
	config := fmt.Sprintf(ociConfig, identity, "")
	image := func(layers, more string) http.Handler {
		return behind(fmt.Sprintf(ociImage, sum(config), layers, more), config)
	}
	labelled := fmt.Sprintf(ociConfig, identity, ","+fill(`"N":""`))
	return map[string]http.Handler{
		"entries that are empty":   serve(fmt.Sprintf(ociIndex, fill("{}")), "", ""),
		"entries with platforms":   serve(fmt.Sprintf(ociIndex, fill(`{"digest":"N","platform":{"os":"linux","architecture":"N"}}`)), "", ""),
		"features of one platform": serve(fmt.Sprintf(ociIndex, `{"platform":{"os.features":[`+fill(`""`)+`]}}`), "", ""),
		"layers that are empty":    image(fill("{}"), ""),
		"layers":                   image(fill(`{"digest":"`+sum("")+`","size":N}`), ""),
		"addresses of a layer":     image(`{"urls":[`+fill(`""`)+`]}`, ""),
		"annotations":              image("", `,"annotations":{`+fill(`"N":""`)+`}`),
		"labels":                   behind(fmt.Sprintf(ociImage, sum(labelled), "", ""), labelled),
		"errors": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"errors":[`+fill("{}")+`]}`)
		}),
	}
}

// mostMemory is what a program may ever hold that asks about such an answer, in KiB.
const mostMemory = 64 << 10

// TestCrowds: an answer of 4 MiB may hold a million parts. It costs neither a
// request for each nor memory for each: what was ever held is read from the
// kernel, in a process that does nothing else.
func TestCrowds(t *testing.T) {
	const variable = "OPENLOCK_TEST_CROWD"
	if at := os.Getenv(variable); at != "" {
		ref := tag.Ref{Repository: at + "/a/b", Tag: tag.Of(nil)}
		res, err := Probe(t.Context(), Query{Ref: ref, Platforms: []string{"linux/amd64", "linux/arm64"}}, Options{HeaderTimeout: time.Minute, Timeout: time.Minute, Anonymous: true})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(res)
		fmt.Printf("result %s\npeak %d\n", text, highWater())
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("the missing part is Linux's /proc, for the high-water mark of memory")
	}
	for name, handler := range crowds() {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				handler.ServeHTTP(w, r)
			}))
			defer s.Close()
			cmd := exec.Command(os.Args[0], "-test.run=^TestCrowds$")
			cmd.Env = append(os.Environ(), variable+"="+strings.TrimPrefix(s.URL, "http://"))
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			_, peak, _ := strings.Cut(string(out), "peak ")
			peak, _, _ = strings.Cut(peak, "\n")
			if kib, err := strconv.Atoi(peak); err != nil || kib == 0 || kib > mostMemory*raced {
				t.Errorf("%s KiB were held, want at most %d (%v)", peak, mostMemory*raced, err)
			}
			if name != "errors" && (!strings.Contains(string(out), `"State":"invalid"`) || !strings.Contains(string(out), "more than 20000 values")) {
				t.Errorf("%s; want invalid, for its many values", out)
			}
			if n := requests.Load(); n > 20 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// highWater is the most memory that this process has ever held, in KiB.
func highWater() int {
	status, _ := os.ReadFile("/proc/self/status")
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	fmt.Sscan(text, &kib)
	return kib
}

// inFlight counts the requests that are under way at once.
type inFlight struct{ now, most, all atomic.Int64 }

func (f *inFlight) RoundTrip(req *http.Request) (*http.Response, error) {
	f.all.Add(1)
	for now := f.now.Add(1); ; {
		if most := f.most.Load(); now <= most || f.most.CompareAndSwap(most, now) {
			break
		}
	}
	defer f.now.Add(-1)
	for range 100 {
		runtime.Gosched()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// TestLayersSideBySide: HTTP/2 puts any number of requests on one connection.
func TestLayersSideBySide(t *testing.T) {
	m := &v1.Manifest{}
	for n := range 300 {
		h, err := v1.NewHash(sum(strconv.Itoa(n)))
		if err != nil {
			t.Fatal(err)
		}
		m.Layers = append(m.Layers, v1.Descriptor{Digest: h})
	}
	f := new(inFlight)
	s := &session{at: place{host: "127.0.0.1:1", path: "a/b"}, signer: &signer{scheme: "http"}, client: &http.Client{Transport: f}, guard: &guard{}}
	if missing, err := s.missingLayer(t.Context(), m, "child"); missing != "" || err != nil {
		t.Errorf("%q, %v", missing, err)
	}
	if f.all.Load() != 300 || f.most.Load() > maxConns {
		t.Errorf("%d requests, %d at once; want 300, at most %d at once", f.all.Load(), f.most.Load(), maxConns)
	}
}

// TestPartsAreBounded: what fits the number of values may still be too many.
func TestPartsAreBounded(t *testing.T) {
	descriptor := `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + sum("") + `","size":2}`
	for n, refused := range map[int]bool{maxParts: false, maxParts + 1: true} {
		parts := strings.TrimSuffix(strings.Repeat(descriptor+",", n), ",")
		_, index := parseIndex(&document{body: []byte(`{"manifests":[` + parts + `]}`)}, "index")
		_, image := parseImage(&document{body: []byte(`{"config":` + descriptor + `,"layers":[` + parts + `]}`)}, "image")
		if (index != nil) != refused || (image != nil) != refused {
			t.Errorf("%d parts: %v, %v; want refused %t", n, index, image, refused)
		}
	}
}

// TestValuesInText: commas in strings part nothing.
func TestValuesInText(t *testing.T) {
	commas := strings.Repeat(",", maxValues+1)
	for body, refused := range map[string]bool{
		`["` + commas + `"]`: false, `["\"` + commas + `"]`: false, `["\\"` + commas + `]`: true, commas: true, commas[1:]: false,
	} {
		if _, err := readBounded(io.NopCloser(strings.NewReader(body)), "tag"); (err != nil) != refused {
			t.Errorf("%.10s…: %v, want refused %t", body, err, refused)
		}
	}
}
