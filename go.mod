module github.com/vessux/openlock

go 1.26.0

tool github.com/magefile/mage

require (
	github.com/cenkalti/backoff/v5 v5.0.3
	github.com/docker/cli v29.7.2+incompatible
	github.com/gofrs/flock v0.13.2
	github.com/google/go-containerregistry v0.22.1
)

require (
	github.com/docker/docker-credential-helpers v0.9.3 // indirect
	github.com/magefile/mage v1.17.2 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/sirupsen/logrus v1.9.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
	gotest.tools/v3 v3.5.2 // indirect
)
