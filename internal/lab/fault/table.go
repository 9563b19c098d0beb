package fault

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Hour is the Retry-After that the throttling faults give.
const Hour = time.Hour

var (
	documents = []Step{Manifest, Child, Blob} // steps whose answer is content
	manifests = []Step{Manifest, Child}       // steps whose answer names its digest and type
)

// entry is a row of the table: a fault at each of its steps; nil means all.
type entry struct {
	name   string
	says   string
	steps  []Step
	times  int
	answer Answer
}

// hostile is text that takes over a terminal which prints it raw: it sets the
// window's title, clears the screen and starts a line of its own.
const hostile = "\x1b]0;owned\x07\x1b[2J\r\nopenlock: all is well\u202e\x00"

var table = []entry{
	{"401", "401, without a challenge", nil, 0, status(http.StatusUnauthorized, "UNAUTHORIZED")},
	{"403", "403", nil, 0, status(http.StatusForbidden, "DENIED")},
	{"404", "404, MANIFEST_UNKNOWN", nil, 0, status(http.StatusNotFound, "MANIFEST_UNKNOWN")},
	{"404-empty", "404 with no body", nil, 0, status(http.StatusNotFound, "")},
	{"404-html", "404 with a web page", nil, 0, page(http.StatusNotFound)},
	{"404-denied", "404 whose body says DENIED", nil, 0, status(http.StatusNotFound, "DENIED")},
	{"429", "429 without Retry-After", nil, 0, throttle("")},
	{"429-seconds", "429, Retry-After an hour in seconds", nil, 0, throttle("3600")},
	{"429-date", "429, Retry-After an hour as an HTTP date", nil, 0, throttle("date")},
	{"500", "500", nil, 0, status(http.StatusInternalServerError, "")},
	{"503", "503", nil, 0, status(http.StatusServiceUnavailable, "UNAVAILABLE")},
	{"503-once", "503, once", nil, 1, status(http.StatusServiceUnavailable, "UNAVAILABLE")},
	{"html", "200 with a web page, as captive portals answer", nil, 0, page(http.StatusOK)},
	{"control-characters", "403 with a terminal's control characters", nil, 0, controlCharacters},
	{"redirect-loop", "redirects without end", nil, 0, redirectLoop},
	{"redirect-nowhere", "a redirect without a Location", nil, 0, redirectNowhere},
	{"silent", "no answer", nil, 0, silent},
	{"stalled-header", "stalls within the header", nil, 0, stalledHeader},
	{"stalled-body", "stalls within the body", nil, 0, stalledBody},
	{"reset", "connection reset", nil, 0, reset},
	{"reset-once", "connection reset, once", nil, 1, reset},
	{"not-http", "another protocol", nil, 0, notHTTP},

	{"truncated", "the first half, as if it were all", documents, 0, change(func(a *recorded) { a.body = a.body[:len(a.body)/2] })},
	{"cut-off", "connection lost halfway", documents, 0, cutOff},
	{"tampered", "one byte more", documents, 0, change(func(a *recorded) { a.body = append(a.body, ' ') })},
	{"oversized", "4 MiB more", documents, 0, oversized},
	{"endless", "a body without end", documents, 0, endless},

	{"slow-body", "a body in drips", documents, 0, slowBody},

	{"empty-body", "200 with no body", manifests, 0, document("application/vnd.oci.image.index.v1+json", "")},
	{"wrong-digest", "a digest header of other bytes", manifests, 0, change(func(a *recorded) {
		a.header.Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
	})},
	{"wrong-type", "a Content-Type that contradicts the body", manifests, 0, change(func(a *recorded) {
		other := "application/vnd.docker.distribution.manifest.list.v2+json"
		if a.header.Get("Content-Type") == other {
			other = "application/vnd.oci.image.index.v1+json"
		}
		a.header.Set("Content-Type", other)
	})},
	{"foreign-json", "JSON that is no manifest", manifests, 0, document("application/json", `{"detail":"welcome"}`)},
	{"schema-1", "a Docker schema 1 manifest", manifests, 0, document("application/vnd.docker.distribution.manifest.v1+prettyjws",
		`{"schemaVersion":1,"name":"x","tag":"y","architecture":"amd64","fsLayers":[],"history":[]}`)},
	{"artefact", "an artefact that is no image", manifests, 0, document("application/vnd.oci.image.manifest.v1+json",
		`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`)},
	{"empty-index", "an index of nothing", manifests, 0, document("application/vnd.oci.image.index.v1+json", index(""))},
	{"only-attestations", "an index of attestations only", manifests, 0, document("application/vnd.oci.image.index.v1+json",
		index(descriptor("application/vnd.oci.image.manifest.v1+json", "unknown", "unknown")))},
	{"nested-index", "an index inside the index", manifests, 0, document("application/vnd.oci.image.index.v1+json",
		index(descriptor("application/vnd.oci.image.index.v1+json", "linux", "amd64")))},
	{"bad-platform", "an index with a platform that is none", manifests, 0, document("application/vnd.oci.image.index.v1+json",
		index(descriptor("application/vnd.oci.image.manifest.v1+json", "linux", "AMD 64")))},
}

// Table returns every fault at every step where it can happen.
func Table() []Fault {
	var all []Fault
	for _, s := range Steps {
		for _, e := range table {
			if e.steps == nil || slices.Contains(e.steps, s) {
				all = append(all, Fault{Name: e.name, Says: e.says, Step: s, Times: e.times, Answer: e.answer})
			}
		}
	}
	return all
}

// Named returns one fault of the table; ok is false when there is none.
func Named(s Step, name string) (f Fault, ok bool) {
	for _, f := range Table() {
		if f.Step == s && f.Name == name {
			return f, true
		}
	}
	return Fault{}, false
}

func index(entries string) string {
	return `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` + entries + `]}`
}

func descriptor(mediaType, os, arch string) string {
	return `{"mediaType":"` + mediaType + `","digest":"sha256:` + strings.Repeat("1", 64) +
		`","size":2,"platform":{"os":"` + os + `","architecture":"` + arch + `"}}`
}
