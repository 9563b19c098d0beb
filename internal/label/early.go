package label

import "github.com/vessux/openlock/sandbox/tag"

// Early are the tags that were published before images were labelled, and by
// which digests, sha256:…, each is known: first that of the index, then those of
// its images; none: not known yet.
type Early = map[string][]string

// Missing says what is missing where an image of a tag carries no label: the end
// of a message, and a remedy. Both are empty for other tags than early ones.
func Missing(early Early, name string) (suffix, hint string) {
	digests, published := early[name]
	switch {
	case !published:
		return "", ""
	case len(digests) == 0:
		return "; tag " + name + " was published before the label, and its digest is not in the table yet",
			"run `mage release:legacy`, and commit the row that it prints to sandbox/base/early.go"
	}
	return "; tag " + name + " was published before the label, and is known as " + digests[0] + " alone",
		"the tag was moved: find out by whom, and put " + digests[0] + " back"
}

// NotCarried is the reason to reject an image without the label.
const NotCarried = "does not carry the label " + tag.Label

// ByAge is the end of a message about an image that is accepted without the label.
const ByAge = "; it was published before the label, and is known by its digest"
