package registriesconf

import (
	"strings"
	"testing"
)

func FuzzPlaces(f *testing.F) {
	f.Add("[[registry]]\nprefix='a.test'\nlocation='b.test/c'", "a.test/x")
	f.Add("[[registry]]\nprefix='*.test'\n[[registry.mirror]]\nlocation='m.test:5000/y'\npull-from-mirror='tag-only'", "b.a.test/x")
	f.Add("[registries.block]\nregistries=['a.test']", "a.test/x")
	f.Fuzz(func(t *testing.T, text, repository string) {
		parsed, err := parse([]byte(text), false)
		if err != nil {
			return
		}
		var config Config
		config.add(parsed, "file")
		for _, byDigest := range []bool{false, true} {
			places, err := config.Places(repository, byDigest)
			if (err == nil) != (len(places) > 0) {
				t.Fatalf("%v, %v", places, err)
			}
			for i, p := range places {
				if i < len(places)-1 && !p.Mirror {
					t.Errorf("%v: only the last place is not a mirror", places)
				}
				if p.File != "" && !strings.Contains(p.Repository, "/") {
					t.Errorf("%v: %q has no host", places, p.Repository)
				}
			}
		}
	})
}
