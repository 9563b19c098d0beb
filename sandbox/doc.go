// Package sandbox finds, fetches and builds the base image of openlock's
// sandboxes, by the content of its Containerfile.
//
// The public verbs are these:
//
//   - [Base.Ref] names the image: see package tag for the contract;
//   - [Exists] asks a registry, and tells a missing image from an outage;
//   - [Ensure] has the image in a local engine's store when it returns: the
//     one that is there, or a pull, or a build, and says why it was that one;
//   - [Plan] takes the same decision as Ensure and does nothing.
//
// Other programs that ship a base image can use the package as it is: give
// [Base] another Containerfile and another repository. It knows no flags, no
// environment of openlock's own, no terminal and no exit codes; those belong
// to the programs. The engines and the registry's client do read their usual
// environment, such as DOCKER_HOST and HTTPS_PROXY.
//
// It is not for images that are built from a context of files: only the
// Containerfile's bytes decide the tag.
package sandbox
