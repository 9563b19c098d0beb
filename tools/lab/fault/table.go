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
	steps  []Step
	times  int
	answer Answer
}

// hostile is text that takes over a terminal which prints it raw: it sets the
// window's title, clears the screen and starts a line of its own.
const hostile = "\x1b]0;owned\x07\x1b[2J\r\nopenlock: all is well\u202e\x00"

var table = []entry{
	{"401", nil, 0, status(http.StatusUnauthorized, "UNAUTHORIZED")},
	{"403", nil, 0, status(http.StatusForbidden, "DENIED")},
	{"404", nil, 0, status(http.StatusNotFound, "MANIFEST_UNKNOWN")},
	{"404-empty", nil, 0, status(http.StatusNotFound, "")},
	{"404-html", nil, 0, page(http.StatusNotFound)},
	{"404-denied", nil, 0, status(http.StatusNotFound, "DENIED")},
	{"429", nil, 0, throttle("")},
	{"429-seconds", nil, 0, throttle("3600")},
	{"429-date", nil, 0, throttle("date")},
	{"500", nil, 0, status(http.StatusInternalServerError, "")},
	{"503", nil, 0, status(http.StatusServiceUnavailable, "UNAVAILABLE")},
	{"503-once", nil, 1, status(http.StatusServiceUnavailable, "UNAVAILABLE")},
	{"html", nil, 0, page(http.StatusOK)},
	{"control-characters", nil, 0, controlCharacters},
	{"redirect-loop", nil, 0, redirectLoop},
	{"redirect-nowhere", nil, 0, redirectNowhere},
	{"silent", nil, 0, silent},
	{"stalled-header", nil, 0, stalledHeader},
	{"stalled-body", nil, 0, stalledBody},
	{"reset", nil, 0, reset},
	{"reset-once", nil, 1, reset},
	{"not-http", nil, 0, notHTTP},

	{"truncated", documents, 0, change(func(a *recorded) { a.body = a.body[:len(a.body)/2] })},
	{"cut-off", documents, 0, cutOff},
	{"tampered", documents, 0, change(func(a *recorded) { a.body = append(a.body, ' ') })},
	{"oversized", documents, 0, oversized},
	{"endless", documents, 0, endless},

	{"empty-body", manifests, 0, document("application/vnd.oci.image.index.v1+json", "")},
	{"wrong-digest", manifests, 0, change(func(a *recorded) {
		a.header.Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
	})},
	{"wrong-type", manifests, 0, change(func(a *recorded) {
		other := "application/vnd.docker.distribution.manifest.list.v2+json"
		if a.header.Get("Content-Type") == other {
			other = "application/vnd.oci.image.index.v1+json"
		}
		a.header.Set("Content-Type", other)
	})},
	{"foreign-json", manifests, 0, document("application/json", `{"detail":"welcome"}`)},
	{"schema-1", manifests, 0, document("application/vnd.docker.distribution.manifest.v1+prettyjws",
		`{"schemaVersion":1,"name":"x","tag":"y","architecture":"amd64","fsLayers":[],"history":[]}`)},
	{"artefact", manifests, 0, document("application/vnd.oci.image.manifest.v1+json",
		`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`)},
	{"empty-index", manifests, 0, document("application/vnd.oci.image.index.v1+json", index(""))},
	{"only-attestations", manifests, 0, document("application/vnd.oci.image.index.v1+json",
		index(descriptor("application/vnd.oci.image.manifest.v1+json", "unknown", "unknown")))},
	{"nested-index", manifests, 0, document("application/vnd.oci.image.index.v1+json",
		index(descriptor("application/vnd.oci.image.index.v1+json", "linux", "amd64")))},
	{"bad-platform", manifests, 0, document("application/vnd.oci.image.index.v1+json",
		index(descriptor("application/vnd.oci.image.manifest.v1+json", "linux", "AMD 64")))},
}

// Table returns every fault at every step where it can happen.
func Table() []Fault {
	var all []Fault
	for _, s := range Steps {
		for _, e := range table {
			if e.steps == nil || slices.Contains(e.steps, s) {
				all = append(all, Fault{Name: e.name, Step: s, Times: e.times, Answer: e.answer})
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
