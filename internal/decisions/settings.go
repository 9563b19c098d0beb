package decisions

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vessux/openlock/internal/lab"
)

// Setting is one way in which an engine is configured, where its view of the
// registries may differ from everybody else's.
type Setting struct {
	Name    string
	Engine  string // podman or docker
	Pulls   bool   // what the engine's own pull comes to
	Better  bool   // ensure pulls where the engine's pull fails: by another login, or by none
	Newer   bool   // podman 4.3 fails, as Pulls tells, and podman 5.8 pulls
	Mirror  bool   // the reason has to name the mirror
	Service bool   // podman is a client of another podman, which is the test's own user's
	Asked   bool   // the probe cannot know, and the engine is asked
	Needs   string // program that the lab does not install; empty: none
	set     func(*machine) error
}

// Pulled tells what ensure comes to.
func (s Setting) Pulled() bool { return s.Pulls || s.Better }

// Settings are the rows of the table.
func Settings() []Setting {
	all := append(podmanPlaces(), podmanMirrors()...)
	all = append(all, podmanTrust()...)
	all = append(all, podmanPolicies()...)
	all = append(all, podmanLogins()...)
	all = append(all, podmanProxies()...)
	all = append(all, podmanTransports()...)
	for i := range all {
		all[i].Engine = lab.Podman.Name
	}
	return append(all, dockerSettings()...)
}

// atOrigin publishes the image at the origin, which podman is told speaks
// plain HTTP, and then does the rest.
func atOrigin(rest ...func(*machine) error) func(*machine) error {
	return func(m *machine) error {
		errs := []error{m.publish(m.origin, imagePath), m.conf("%s", plain(m.host()))}
		for _, r := range rest {
			errs = append(errs, r(m))
		}
		return errors.Join(errs...)
	}
}

// mirrored publishes the image at the mirror only, in front of an origin that
// refuses connections. More is added to the mirror's entry.
func mirrored(more string, rest ...func(*machine) error) func(*machine) error {
	return func(m *machine) error {
		errs := []error{m.dead(), m.publish(m.mirror, imagePath), m.conf("%s", m.mirrorEntry(m.mirror.Host(), more))}
		for _, r := range rest {
			errs = append(errs, r(m))
		}
		return errors.Join(errs...)
	}
}

// mirrorEntry is the entry of the origin with a mirror of the whole host.
func (m *machine) mirrorEntry(host, more string) string {
	return fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n[[registry.mirror]]\nlocation = %q\ninsecure = true\n%s\n", m.host(), host, more)
}

// byName calls the origin by a name of loopback.
func byName(m *machine) error {
	_, port, _ := strings.Cut(m.origin.Host(), ":")
	m.repository = "localhost:" + port + "/" + imagePath
	return errors.Join(m.publish(m.origin, imagePath), m.conf("%s", plain(m.host())))
}

func podmanPlaces() []Setting {
	return []Setting{
		{Name: "no mirror", Pulls: true, set: atOrigin()},
		{Name: "the registry by a name of loopback", Pulls: true, set: byName},
		{Name: "a mirror has it, the origin is down", Pulls: true, Mirror: true, set: mirrored("")},
		{Name: "a mirror is down, the origin has it", Pulls: true, set: func(m *machine) error {
			origin := m.host()
			err := m.dead()
			dead := m.host()
			m.repository = origin + "/" + imagePath
			return errors.Join(err, m.publish(m.origin, imagePath), m.conf("%s", m.mirrorEntry(dead, "")))
		}},
		{Name: "a mirror lacks it, the origin has it", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.conf("%s", m.mirrorEntry(m.mirror.Host(), ""))
		})},
		{Name: "neither a mirror nor the origin has it", set: func(m *machine) error {
			return m.conf("%s", m.mirrorEntry(m.mirror.Host(), ""))
		}},
		{Name: "the second mirror has it", Pulls: true, Mirror: true, set: func(m *machine) error {
			err := m.dead()
			return errors.Join(err, m.publish(m.mirror, imagePath), m.conf("%s\n[[registry.mirror]]\nlocation = %q\ninsecure = true\n", m.mirrorEntry(m.host(), ""), m.mirror.Host()))
		}},
		{Name: "a mirror under another path", Pulls: true, Mirror: true, set: func(m *machine) error {
			err := m.dead()
			return errors.Join(err, m.publish(m.mirror, "cache/ghcr/"+imagePath), m.conf("%s", m.mirrorEntry(m.mirror.Host()+"/cache/ghcr", "")))
		}},
		{Name: "a mirror for tags only", Pulls: true, Mirror: true, set: mirrored(`pull-from-mirror = "tag-only"`)},
		{Name: "a mirror for digests only", set: mirrored(`pull-from-mirror = "digest-only"`)},
		{Name: "a location that is rewritten", Pulls: true, Mirror: true, set: func(m *machine) error {
			err := m.dead()
			return errors.Join(err, m.publish(m.mirror, "moved/openlock-base"),
				m.conf("[[registry]]\nprefix = %q\nlocation = %q\ninsecure = true\n", m.host()+"/vessux", m.mirror.Host()+"/moved"))
		}},
		{Name: "a registry that is blocked", set: atOrigin(func(m *machine) error {
			return m.conf("%sblocked = true\n", plain(m.host()))
		})},
		{Name: "a blocked registry, and a path of it that is not", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.conf("%sblocked = true\n%s", plain(m.host()), plain(m.host()+"/vessux"))
		})},
		{Name: "a mirror in a drop-in", Pulls: true, Mirror: true, set: mirrored("", func(m *machine) error {
			return errors.Join(m.conf(""), m.write(".config/containers/registries.conf.d/50-mirror.conf", m.mirrorEntry(m.mirror.Host(), "")))
		})},
		{Name: "a drop-in that unblocks", Pulls: true, set: atOrigin(func(m *machine) error {
			return errors.Join(m.conf("%sblocked = true\n", plain(m.host())), m.write(".config/containers/registries.conf.d/50-plain.conf", plain(m.host())))
		})},
		{Name: "a registries.conf with a slip", set: atOrigin(func(m *machine) error { return m.conf("[[registry\n") })},
		{Name: "CONTAINERS_REGISTRIES_CONF", Pulls: true, Mirror: true, set: mirrored("", func(m *machine) error {
			m.env = append(m.env, "CONTAINERS_REGISTRIES_CONF="+m.home+"/own.conf")
			return errors.Join(m.conf(""), m.write("own.conf", m.mirrorEntry(m.mirror.Host(), "")))
		})},
	}
}
