package base

// early are the tags that were published before images were labelled: they are
// accepted by these digests, and in no other way. A row without digests is
// waiting for a maintainer who can reach the registry: `mage release:legacy`
// reads them and prints the rows.
var early = map[string][]string{
	"c00459a7735d": {},
	"2da46a0c4e1f": {},
	"9c3d53d34b63": {},
}
