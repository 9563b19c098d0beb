package platform

import "testing"

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"linux/amd64": "linux/amd64", "linux/amd64/v1": "linux/amd64", "linux/amd64/v3": "linux/amd64/v3",
		"linux/arm64": "linux/arm64", "linux/arm64/v8": "linux/arm64", "linux/arm64/v9": "linux/arm64/v9",
		"linux/arm64/8": "linux/arm64", "linux/aarch64": "linux/arm64", "linux/aarch64/v8": "linux/arm64",
		"linux/x86_64": "linux/amd64", "linux/x86-64/v1": "linux/amd64", "linux/i386": "linux/386", "linux/386": "linux/386",
		"linux/arm": "linux/arm/v7", "linux/arm/7": "linux/arm/v7", "linux/armhf": "linux/arm/v7", "linux/armel": "linux/arm/v6",
		"linux/arm/5": "linux/arm/v5", "linux/arm/v6": "linux/arm/v6", "macos/arm64": "darwin/arm64",
		"linux/arm/v7": "linux/arm/v7", "linux/arm/v8": "linux/arm/v8", "windows/amd64": "windows/amd64",
		"": "", "linux": "", "linux/": "", "/amd64": "", "linux/amd64/": "", "a/b/c/d": "", "Linux/amd64": "",
		"linux/amd 64": "", "linux/amd64\n": "", "-o/amd64": "", "linux/-amd64": "", "linux/\x1b": "",
	} {
		got, err := Normalize(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Normalize(%q) = %q, %v; want %q", in, got, err, want)
		}
		if err == nil && !Same(in, want) {
			t.Errorf("%q and %q are not the same", in, want)
		}
	}
	for _, p := range [][2]string{{"linux/arm64", "linux/amd64"}, {"linux/arm/v7", "linux/arm/v6"}, {"linux/arm", "linux/arm/v6"}, {"linux/arm", "linux/arm64"}, {"", ""}, {"linux", "linux"}} {
		if Same(p[0], p[1]) {
			t.Errorf("%q and %q are the same", p[0], p[1])
		}
	}
}
