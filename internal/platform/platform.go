// Package platform compares the platforms of images, os/arch[/variant].
package platform

import (
	"fmt"
	"strings"
)

// Normalize returns a platform in its shortest usual form, os/arch[/variant]:
// arm64/v8 is arm64 and amd64/v1 is amd64, since both name the base level of
// their architecture (OCI Image Specification 1.1, "Platform Variants").
// A platform has two or three parts of lower-case letters, digits, '.', '_'
// and '-'; anything else is an error.
func Normalize(platform string) (string, error) {
	parts := strings.Split(platform, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return "", fmt.Errorf("platform %q is not os/arch or os/arch/variant, such as linux/arm64", platform)
	}
	for _, p := range parts {
		if p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || p[0] == '-' {
			return "", fmt.Errorf("platform %q is not os/arch or os/arch/variant, such as linux/arm64", platform)
		}
	}
	return Join(parts[0], parts[1], strings.Join(parts[2:], "")), nil
}

// Same reports whether two platforms are the same after [Normalize].
func Same(a, b string) bool {
	na, errA := Normalize(a)
	nb, errB := Normalize(b)
	return errA == nil && errB == nil && na == nb
}

// Join returns the normal form of an operating system, an architecture and a
// variant, which may be empty.
func Join(os, arch, variant string) string {
	switch {
	case arch == "arm64" && variant == "v8", arch == "amd64" && variant == "v1":
		variant = ""
	}
	if variant == "" {
		return os + "/" + arch
	}
	return os + "/" + arch + "/" + variant
}
