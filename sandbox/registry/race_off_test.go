//go:build !race

package registry

const raced = 1
