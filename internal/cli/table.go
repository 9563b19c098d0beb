package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/vessux/openlock/internal/limit"
	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/base"
	"github.com/vessux/openlock/sandbox/engine/engines"
)

// A setting is one row of the table that flags, environment variables, the
// configuration file's keys, help, completion, checks and README come from.
type setting struct {
	flag    string        // its name: --flag, and -flag of the Mage targets
	id      string        // in [Flags], where two rows share a flag's name; empty: flag
	env     string        // of the environment variable, without the program's prefix; empty: none
	foreign string        // environment variable that another program reads
	key     string        // in the configuration file; empty: none
	mage    bool          // only Mage targets take it
	kind    string        // what a value is, in help
	list    bool          // a flag that is repeated adds to it
	files   bool          // a value may name a file, which shells complete
	values  []string      // all that there are; nil: any that set accepts
	def     string        // default; empty: none, or what words says
	limit   time.Duration // default of one that is a limit; not text yet, since every start would pay for it
	words   string        // the default in words, where def alone does not tell
	help    string        // what it is, without the default
	set     func(*Settings, value) error
}

// preset is the default as a user would write it; empty: none.
func (r *setting) preset() string {
	if r.limit != 0 {
		return span(r.limit)
	}
	return r.def
}

var policies = []string{string(sandbox.PolicyMissing), string(sandbox.PolicyAlways), string(sandbox.PolicyNever)}

// table has all settings, in the order of README.
var table = []setting{
	{flag: "repository", kind: "repository", env: "BASE_REPOSITORY", key: "repository", words: base.Repository,
		help: "repository of the image, host/path", set: setRepository},
	{flag: "containerfile", kind: "path", files: true, env: "BASE_CONTAINERFILE", key: "containerfile", words: "the embedded one",
		help: "path of the Containerfile", set: setContainerfile},
	{flag: "runtime", kind: "engine", env: "RUNTIME", key: "runtime", values: append([]string{engines.Auto}, engines.Names()...),
		def: engines.Auto, words: "auto: podman if it answers, else docker",
		help: "container engine", set: text(func(s *Settings) *string { return &s.Runtime })},
	{flag: "verify", kind: "policy", files: true, env: "VERIFY", key: "verify", words: verifyOff,
		help: "signature that a published image must carry: key=FILE, or certificate-identity=WHO,certificate-oidc-issuer=URL, or off", set: setVerify},
	{flag: "trust-host", kind: "hosts", env: "TRUST_HOSTS", key: "trust_hosts", list: true, words: "none",
		help: "host that a registry may send to as if it were the registry itself, with the login and inside the network: REGISTRY=HOST, repeatable", set: setTrustHosts},
	{flag: "platform", kind: "platform", env: "PLATFORM", words: "the engine's",
		help: "platform of the image", set: setPlatform},
	{flag: "platform", kind: "platform", id: "platforms", list: true, words: strings.Join(sandbox.Platforms(), ","),
		help: "platform that must be published, repeatable", set: setPlatforms},
	{flag: "pull", kind: "policy", values: policies, def: string(sandbox.PolicyMissing),
		help: "when to pull", set: policy(func(s *Settings) *sandbox.Policy { return &s.Pull })},
	{flag: "build", kind: "policy", values: policies, def: string(sandbox.PolicyMissing),
		help: "when to build", set: policy(func(s *Settings) *sandbox.Policy { return &s.Build })},
	{flag: "connect-timeout", kind: "duration", env: "CONNECT_TIMEOUT", limit: limit.Connect,
		help: "limit on a connection to the registry", set: duration(func(s *Settings) *time.Duration { return &s.Registry.ConnectTimeout })},
	{flag: "header-timeout", kind: "duration", env: "HEADER_TIMEOUT", limit: limit.Header,
		help: "limit until the registry begins an answer", set: duration(func(s *Settings) *time.Duration { return &s.Registry.HeaderTimeout })},
	{flag: "probe-timeout", kind: "duration", env: "PROBE_TIMEOUT", limit: limit.Probe,
		help: "limit on all questions to the registry", set: duration(func(s *Settings) *time.Duration { return &s.Registry.Timeout })},
	{flag: "pull-timeout", kind: "duration", env: "PULL_TIMEOUT", limit: limit.Pull,
		help: "limit on the engine's pull", set: duration(func(s *Settings) *time.Duration { return &s.pullTimeout })},
	{flag: "build-timeout", kind: "duration", env: "BUILD_TIMEOUT", limit: limit.Build,
		help: "limit on the engine's build", set: duration(func(s *Settings) *time.Duration { return &s.buildTimeout })},
	{flag: "wait-timeout", kind: "duration", env: "WAIT_TIMEOUT", limit: limit.Wait,
		help: "limit on waiting for another process that gets the same image", set: duration(func(s *Settings) *time.Duration { return &s.waitTimeout })},
	{flag: "verify-timeout", kind: "duration", env: "VERIFY_TIMEOUT", limit: limit.Verify,
		help: "limit on a verification", set: duration(func(s *Settings) *time.Duration { return &s.verifyTimeout })},
	{flag: "builder", kind: "name", foreign: "BUILDX_BUILDER", mage: true, words: "the builder in use",
		help: "name of a buildx builder", set: setBuilder},
	{flag: "legs", kind: "legs", env: "LEGS", mage: true, words: "none",
		help: "digests of images that were built before: platform=digest, separated by commas", set: text(func(s *Settings) *string { return &s.Legs })},
	{flag: "force", kind: "digest", mage: true, words: "none",
		help: "digest of the index to replace", set: digest(func(s *Settings) *string { return &s.Force })},
	{flag: "sign", kind: "signer", env: "SIGN", mage: true, words: "off",
		help: "what signs: keyless, or a key as cosign names it", set: text(func(s *Settings) *string { return &s.Sign })},
	{flag: "digest", kind: "digest", mage: true, words: "any",
		help: "digest that the tag must name to be signed", set: digest(func(s *Settings) *string { return &s.Digest })},
}

// span is a time as people write it: 20m, and not 20m0s.
func span(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Minute, "m"}, {time.Second, "s"}} {
		if d%unit.of == 0 {
			return fmt.Sprint(int64(d/unit.of)) + unit.name
		}
	}
	return d.String()
}

func (r *setting) name() string {
	if r.id != "" {
		return r.id
	}
	return r.flag
}

// row returns the setting of a name in [Flags]; nil: there is none.
func row(name string) *setting {
	for i := range table {
		if table[i].name() == name {
			return &table[i]
		}
	}
	return nil
}

// usage is the setting's text in help.
func (r *setting) usage(p Program) string {
	u := r.help
	if len(r.values) > 0 {
		u += ": " + strings.Join(r.values, ", ")
	}
	var more []string
	switch {
	case r.preset() != "":
		more = append(more, "default "+r.preset())
	case r.words != "":
		more = append(more, "default "+r.words)
	}
	if v := p.Variable(r.env); r.env != "" && v != "" {
		more = append(more, "$"+v)
	}
	return u + " (" + strings.Join(more, ", ") + ")"
}
