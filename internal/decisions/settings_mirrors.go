package decisions

import (
	"errors"
	"fmt"

	"github.com/vessux/openlock/internal/lab"
	"github.com/vessux/openlock/sandbox/tag"
)

// podmanMirrors are of registries that differ in how they are reached: a place
// goes by its own settings, and never by those of another.
func podmanMirrors() []Setting {
	dropIn := func(m *machine, name, text string) error {
		return m.write(".config/containers/registries.conf.d/"+name, text)
	}
	return []Setting{
		{Name: "a prefix with a wildcard that is rewritten", Pulls: true, Mirror: true, set: func(m *machine) error {
			m.repository = "images.registry.invalid/" + imagePath
			return errors.Join(m.publish(m.mirror, imagePath),
				m.conf("[[registry]]\nprefix = '*.registry.invalid'\nlocation = %q\ninsecure = true\n", m.mirror.Host()))
		}},
		{Name: "a prefix with a wildcard, behind a proxy", Pulls: true, set: func(m *machine) error {
			return errors.Join(far("HTTP_PROXY", 0)(m), m.conf("[[registry]]\nprefix = '*.invalid'\ninsecure = true\n"))
		}},
		{Name: "two drop-ins, of which the later has the mirror", Pulls: true, Mirror: true, set: mirrored("", func(m *machine) error {
			return errors.Join(m.conf(""), dropIn(m, "10-blocked.conf", plain(m.host())+"blocked = true\n"),
				dropIn(m, "20-mirror.conf", m.mirrorEntry(m.mirror.Host(), "")))
		})},
		{Name: "two drop-ins, of which the later blocks the registry", set: atOrigin(func(m *machine) error {
			return errors.Join(m.conf(""), dropIn(m, "10-plain.conf", plain(m.host())), dropIn(m, "20-blocked.conf", plain(m.host())+"blocked = true\n"))
		})},
		{Name: "mirror-by-digest-only, and the origin is down", set: mirrored("", func(m *machine) error {
			return m.conf("%s", m.digestsOnly())
		})},
		{Name: "mirror-by-digest-only, and the origin has it alone", Pulls: true, set: atOrigin(func(m *machine) error {
			return m.conf("%s", m.digestsOnly())
		})},
		{Name: "an insecure mirror of an origin behind TLS that lacks it", Pulls: true, Mirror: true, set: func(m *machine) error {
			ca := m.tls(m.origin, nil)
			return errors.Join(m.publish(m.mirror, imagePath), m.write(certs(m.host(), "ca.crt"), string(ca)),
				m.conf("[[registry]]\nlocation = %q\n[[registry.mirror]]\nlocation = %q\ninsecure = true\n", m.host(), m.mirror.Host()))
		}},
		{Name: "a mirror over HTTP that is not configured as insecure, the origin has it", Pulls: true, set: atOrigin(func(m *machine) error {
			return errors.Join(m.publish(m.mirror, imagePath), m.conf("%s[[registry.mirror]]\nlocation = %q\n", plain(m.host()), m.mirror.Host()))
		})},
		{Name: "a mirror has another image under the tag, the origin has ours", Pulls: true, set: atOrigin(func(m *machine) error {
			return errors.Join(m.publishAnother(), m.conf("%s", m.mirrorEntry(m.mirror.Host(), "")))
		})},
		{Name: "a mirror under a path that a login is stored for", Pulls: true, Mirror: true, set: func(m *machine) error {
			err := errors.Join(m.dead(), m.publish(m.mirror, "cache/"+imagePath), m.logins(runFile, false, m.mirror.Host()+"/cache"))
			m.private(m.mirror, false)
			return errors.Join(err, m.conf("%s", m.mirrorEntry(m.mirror.Host()+"/cache", "")))
		}},
		{Name: "a mirror that asks for a login, which is stored for the origin", Pulls: true, set: asks(false, func(m *machine, host string) error {
			err := m.publish(m.mirror, imagePath)
			m.private(m.mirror, false)
			return errors.Join(err, m.logins(runFile, false, host), m.conf("%s", m.mirrorEntry(m.mirror.Host(), "")))
		})},
		{Name: "an origin that asks for a login, which is stored for the mirror", set: asks(false, func(m *machine, _ string) error {
			return errors.Join(m.logins(runFile, false, m.mirror.Host()), m.conf("%s", m.mirrorEntry(m.mirror.Host(), "")))
		})},
		{Name: "a mirror that refuses an old login, the origin has it", Pulls: true, set: atOrigin(func(m *machine) error {
			err := m.publish(m.mirror, imagePath)
			m.private(m.mirror, false)
			return errors.Join(err, m.logins(runFile, true, m.mirror.Host()), m.conf("%s", m.mirrorEntry(m.mirror.Host(), "")))
		})},
	}
}

// publishAnother puts the image of another Containerfile under the tag at the
// mirror.
func (m *machine) publishAnother() error {
	e, err := entry(own, own, tag.Identity(nil))
	if err != nil {
		return err
	}
	index, err := lab.Index(e)
	if err != nil {
		return err
	}
	return lab.Push(tag.Ref{Repository: m.mirror.Host() + "/" + imagePath, Tag: tag.Of(m.file)}, index)
}

// digestsOnly is an entry with a mirror that serves digests alone.
func (m *machine) digestsOnly() string {
	return fmt.Sprintf("%smirror-by-digest-only = true\n[[registry.mirror]]\nlocation = %q\ninsecure = true\n", plain(m.host()), m.mirror.Host())
}
