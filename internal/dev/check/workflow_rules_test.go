package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// rules are those of zizmor's classes that need more than a line; see
// [findings] for the rest.
var rules = []func(w workflow, say func(format string, args ...any)){triggers, caches, images, secrets, injection, runners, downloads}

// publishing are the permissions by which a job can publish or sign.
var publishing = []string{"attestations", "contents", "deployments", "id-token", "packages", "pages"}

func (j job) publishes() bool {
	return j.Environment != nil || slices.ContainsFunc(publishing, func(p string) bool { return j.Permissions[p] == "write" })
}

// triggers: others can start none of the workflows with more rights than a
// pull request's.
func triggers(w workflow, say func(string, ...any)) {
	for name := range w.On {
		if !slices.Contains([]string{"push", "pull_request", "schedule", "workflow_dispatch"}, name) {
			say("dangerous trigger %s", name)
		}
	}
	if _, ok := w.On["pull_request"]; !ok {
		return
	}
	for id, j := range w.Jobs {
		if j.publishes() {
			say("job %s: it publishes, in a workflow that pull requests start", id)
		}
	}
}

// cachesByDefault are actions that cache unless they are told not to.
var cachesByDefault = map[string]string{
	"actions/setup-go": "cache", "docker/setup-buildx-action": "cache-binary", "docker/setup-qemu-action": "cache-image",
}

// caches: nothing that another run has left is in what a workflow publishes.
func caches(w workflow, say func(string, ...any)) {
	if !slices.ContainsFunc(slices.Collect(maps.Values(w.Jobs)), job.publishes) {
		return
	}
	for id, j := range w.Jobs {
		for i, s := range j.Steps {
			action, _, _ := strings.Cut(s.Uses, "@")
			if input := cachesByDefault[action]; input != "" && s.With[input] != false {
				say("job %s, step %d: cache: %s has no %s: false", id, i, action, input)
			}
			if strings.HasPrefix(action, "actions/cache") {
				say("job %s, step %d: cache: %s", id, i, action)
			}
			for name, value := range s.With {
				if strings.Contains(name, "cache") && value != false || strings.Contains(fmt.Sprint(value), "type=gha") {
					say("job %s, step %d: cache: %s: %v", id, i, name, value)
				}
			}
		}
	}
}

var byDigest = regexp.MustCompile(`^[^@\s]+@sha256:[0-9a-f]{64}$`)

// images: what a step runs in, or starts, is named by its digest.
func images(w workflow, say func(string, ...any)) {
	for id, j := range w.Jobs {
		check := func(what string, image any) {
			if m, ok := image.(map[string]any); ok {
				image = m["image"]
			}
			if image != nil && !byDigest.MatchString(fmt.Sprint(image)) {
				say("job %s: the image %v of %s has no digest", id, image, what)
			}
		}
		check("container", j.Container)
		for name, s := range j.Services {
			check("service "+name, s)
		}
		for _, s := range j.Steps {
			if image, ok := strings.CutPrefix(s.Uses, "docker://"); ok {
				check("a step", image)
			}
			switch action, _, _ := strings.Cut(s.Uses, "@"); action {
			case "docker/setup-qemu-action":
				check(action, fmt.Sprint(s.With["image"]))
			case "docker/setup-buildx-action":
				_, image, _ := strings.Cut(fmt.Sprint(s.With["driver-opts"]), "image=")
				check(action, strings.TrimSpace(image))
			}
		}
	}
}

var secretUse = regexp.MustCompile(`\bsecrets\b`)

// secrets: they are given to single steps, in an environment that guards them;
// so is the identity that signs.
func secrets(w workflow, say func(string, ...any)) {
	if secretUse.MatchString(fmt.Sprint(w.Env)) {
		say("every job gets a secret")
	}
	for id, j := range w.Jobs {
		switch {
		case j.Secrets != nil || secretUse.MatchString(fmt.Sprint(j.Env, j.Strategy, j.Container, j.Services)):
			say("job %s: every step gets a secret", id)
		case j.Environment == nil && j.Permissions["id-token"] == "write":
			say("job %s: it can sign without an environment", id)
		}
		for i, s := range j.Steps {
			if secretUse.MatchString(fmt.Sprint(s.Run, s.With)) {
				say("job %s, step %d: a secret that is not in env", id, i)
			}
			if j.Environment == nil && secretUse.MatchString(fmt.Sprint(s)) {
				say("job %s, step %d: a secret without an environment", id, i)
			}
		}
	}
}

// others' words, which become whatever they are put into.
var untrusted = regexp.MustCompile(`\$\{\{[^}]*\b(github\.event\.|github\.head_ref|toJSON\(\s*github\b|toJSON\(\s*secrets)`)

// injection: no expression is a part of code; [findings] looks at run.
func injection(w workflow, say func(string, ...any)) {
	for id, j := range w.Jobs {
		for i, s := range j.Steps {
			code := fmt.Sprint(s.Shell, s.Directory, s.With["script"], s.With["run"], s.With["args"], s.With["entrypoint"])
			if strings.Contains(code, "${{") || untrusted.MatchString(fmt.Sprint(s.With)) {
				say("job %s, step %d: template injection", id, i)
			}
			if strings.Contains(s.Run, "GITHUB_ENV") || strings.Contains(s.Run, "GITHUB_PATH") {
				say("job %s, step %d: it changes the environment of later steps", id, i)
			}
		}
		for _, env := range []map[string]any{w.Env, j.Env} {
			if env["ACTIONS_ALLOW_UNSECURE_COMMANDS"] != nil {
				say("job %s: old commands of the runner are on", id)
			}
		}
	}
}

// runners are GitHub's own, of a version.
func runners(w workflow, say func(string, ...any)) {
	for id, j := range w.Jobs {
		text := fmt.Sprint(j.RunsOn, j.Strategy)
		if j.Uses != "" || strings.Contains(text, "self-hosted") || strings.Contains(text, "-latest") {
			say("job %s: runs on %s %s", id, text, j.Uses)
		}
	}
}

var fetches = regexp.MustCompile(`\b(curl|wget|npx|pipx?|npm|gem|brew)\b|\bgo (install|run) .*@|\bdocker (run|pull)\b`)

// downloads: what a step runs is in the repository, whose checksums Go checks.
func downloads(w workflow, say func(string, ...any)) {
	for id, j := range w.Jobs {
		for i, s := range j.Steps {
			if fetches.MatchString(s.Run) {
				say("job %s, step %d: it fetches something without a checksum", id, i)
			}
		}
	}
}
