// Package tag is the contract between publishers of a base image and the
// clients that look for it: from the bytes of a Containerfile to the name of the
// image that those bytes build.
//
// # The contract, version 1
//
// The input is the exact bytes of the file. Nothing is normalised: not line
// ends, not a byte order mark, not the encoding, not white space. Two files
// that differ in one byte are two images.
//
//	identity = lower-case hex SHA-256 of the bytes      (64 digits)
//	tag      = first 12 digits of the identity
//	ref      = <repository>:<tag>
//
// The repository is no part of the hash, so a mirror serves the same tag.
// Any shell computes the same tag, and always will:
//
//	sha256sum base.Containerfile | cut -c1-12
//
// These vectors hold for ever:
//
//	""                              e3b0c44298fc
//	"abc"                           ba7816bf8f01
//	"FROM ubuntu:24.04\n"           da2fe84f2c45
//	"FROM scratch\n"                bb57c7da220a
//	"FROM scratch\r\n"              ad10a0fc657e
//	"\xef\xbb\xbfFROM scratch\n"    a45855f7ede3
//
// # What the tag does not promise
//
// Twelve digits are 48 bits: enough against accident, not against somebody who
// searches for a collision. So every image carries its whole identity in the
// label [Label], given at build time and therefore no part of the hash, and
// every client that accepts an image, local or pulled, compares that label with the
// identity of the bytes in hand.
//
// Keep Git from changing the bytes, or two checkouts of one commit disagree:
//
//	# .gitattributes
//	*.Containerfile -text
//
// # When not to use it
//
// The tag names a recipe, not a result. Where the exact bits matter, pin the
// digest of the image. Where the recipe copies files from its build context,
// this tag does not see them.
//
// The package imports the standard library alone, and a test keeps it so: a
// CI script, a host program and a third-party tool can all import it at no
// cost.
package tag
