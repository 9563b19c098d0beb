// Package sandbox finds, fetches, builds and publishes a base image by the
// content of its Containerfile. It is what openlock has its own base image by,
// and any other program that ships one can use it: give [Base] its
// Containerfile and its repository.
//
// # Verbs
//
//   - [Base.Ref] names the image: see package tag for the contract.
//   - [Ensure] makes the image available in a local engine: it uses the local
//     image, pulls it or builds it, and says why.
//   - [Plan] takes the same decision and changes nothing.
//   - [Exists] asks a registry which platforms are published, and tells a
//     missing image from an outage.
//   - [Publish] ensures that the image exists in its registry for every platform
//     and can be pulled anonymously; [PublishLeg] builds and pushes one platform
//     on a machine of its own; [CheckPublic] checks that anonymous clients can
//     pull it.
//
// Zero options work: engines are found, and directories follow the XDG Base
// Directory Specification. Package builder has what [Publish] builds with,
// package lint checks that a Containerfile alone decides its image, package
// signature verifies what is pulled, and package base is openlock's own image.
//
// # Errors
//
// Every error wraps its cause, so that errors.Is and errors.As find a deadline,
// a [*net.DNSError] or an [*exec.ExitError]. An error that has a remedy has the
// method
//
//	Hint() string
//
// # Surroundings
//
// The package reads no flags and no environment variables of openlock's own,
// and prints nothing. Engines, builders and the registry client read their usual
// environment, such as DOCKER_HOST, CONTAINER_HOST and HTTPS_PROXY.
//
// # When not to use it
//
// It is not for images that are built from a context of files: only the
// Containerfile's bytes decide the tag.
//
// # Compatibility
//
// From v1.0.0 on, the exported names of sandbox and the packages below it keep
// their meaning within a major version. Structs may gain fields, so use field
// names in literals; interfaces that you implement (engine.Engine, leg.Builder,
// [Verifier]) gain no methods; texts of messages may change, their types do not.
// The tag contract of package tag never changes.
package sandbox
