//go:build race

package registry

// raced is by how much the race detector multiplies memory, at most.
const raced = 10
