package decisions

import "fmt"

// policy writes the user's policy.json of podman: a default, and another
// requirement for a scope of the registries.
func (m *machine) policy(rest, scope, requirement string) error {
	return m.write(".config/containers/policy.json",
		fmt.Sprintf(`{"default": [{"type": %q}], "transports": {"docker": {%q: [{"type": %q}]}}}`, rest, scope, requirement))
}

func podmanPolicies() []Setting {
	const accept, reject = "insecureAcceptAnything", "reject"
	return []Setting{
		{Name: "a policy that rejects images", set: atOrigin(func(m *machine) error {
			return m.write(".config/containers/policy.json", `{"default": [{"type": "reject"}]}`)
		})},
		{Name: "a policy that rejects images but for a path", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.policy(reject, m.host()+"/vessux", accept)
		})},
		{Name: "a policy that rejects images but for one tag", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.policy(reject, m.ref().String(), accept)
		})},
		{Name: "a policy that rejects one tag", set: atOrigin(func(m *machine) error {
			return m.policy(accept, m.ref().String(), reject)
		})},
		{Name: "a policy that rejects another tag", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.policy(accept, m.repository+":latest", reject)
		})},
		{Name: "a policy that rejects the origin, which a mirror has", set: mirrored("", func(m *machine) error {
			return m.policy(accept, m.host(), reject)
		})},
		{Name: "a policy that rejects the mirror, under its own name", Pulls: true, Mirror: true, set: mirrored("", func(m *machine) error {
			return m.policy(accept, m.mirror.Host(), reject)
		})},
		{Name: "a policy with a slip", set: atOrigin(func(m *machine) error {
			return m.write(".config/containers/policy.json", `{"default": []}`)
		})},
	}
}
