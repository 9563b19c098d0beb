package lint

// rule is what a finding says beside where it was found.
type rule struct {
	warning  bool
	why, fix string
}

const (
	tagged   = "the tag is a hash of the Containerfile alone, so it stays the same when that changes"
	required = "podman 4.3 and Docker 20.10 have to build the file, and one of them does not know this"
	differs  = "BuildKit and podman would build different images from it, under one tag"
)

// rules are all rules, by name.
var rules = map[string]rule{
	"from-without-digest":    {why: tagged, fix: "pin the image: NAME:TAG@sha256:…"},
	"copy-from-context":      {why: tagged, fix: "write the file with RUN printf, or download it in RUN and check it by SHA-256"},
	"add-without-checksum":   {why: tagged, fix: "download it in RUN and check it there: curl … && sha256sum --check"},
	"mount-from-context":     {why: tagged, fix: "mount from a stage (from=…), or download it in RUN and check it"},
	"mount-of-secret":        {why: "what the secret opens is not in the Containerfile, and every host has to build it without", fix: "use what everybody can get, checked by SHA-256"},
	"cache-mount":            {warning: true, why: "what the cache holds is not in the Containerfile", fix: "leave out the mount, or make sure that it never reaches the image"},
	"arg-without-default":    {why: "the builder decides its value, and " + tagged, fix: "give it a default: ARG NAME=value"},
	"arg-of-another-stage":   {why: differs, fix: "declare it in this stage too: ARG NAME=value"},
	"arg-after-env":          {why: differs, fix: "use another name, or write the ARG in front of the ENV"},
	"arg-line":               {why: differs, fix: "write one ARG a line, by a plain name and without a comment behind it"},
	"onbuild":                {why: differs, fix: "write the instruction itself into the stage that is to have it"},
	"syntax-without-digest":  {why: "another frontend may build another image, and " + tagged, fix: "leave the line out, or pin it: # syntax=docker/dockerfile:1@sha256:…"},
	"platform-of-last-stage": {why: "the image would be for that platform, whichever was asked for", fix: "leave out --platform in the last stage and in what it begins from; stages that it copies from may have it"},
	"unchecked-download":     {warning: true, why: "what is downloaded may change, and " + tagged, fix: "check it in the same RUN: printf '%s *%s\\n' SHA256 FILE | sha256sum --check"},
	"heredoc":                {why: required, fix: "write one RUN with && and line continuations, and files with printf"},
	"copy-link":              {why: required, fix: "leave out --link"},
	"add-checksum":           {why: required, fix: "download it in RUN and check it there: curl … && sha256sum --check"},
	"stage-name":             {why: "BuildKit and podman do not find the same stage by it", fix: "give each stage a name of its own, in lower case and not scratch, and write it alike everywhere"},
	"too-new":                {why: required, fix: "leave it out"},
	"not-in-oci":             {warning: true, why: "podman leaves it out of images in the OCI format, and runs no RUN by another SHELL", fix: "leave it out, and name the shell in RUN: RUN [\"/bin/bash\", \"-c\", \"…\"]"},
	"backslash":              {warning: true, why: "podman takes a backslash for an escape and a backtick for none outside of line ends, whatever the escape directive says", fix: "write it in single quotes, without either"},
}
