// Package check is what has to hold before a change lands: lint, and every
// test with the race detector on. It runs the tools that the lab installs and
// shows what they say.
package check
