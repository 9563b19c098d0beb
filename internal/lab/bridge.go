package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// bridge is a network bridge of a docker daemon's own. Steps of a build are
// attached to the daemon's bridge, and daemons that share one would change it
// under each other.
type bridge struct{ name string }

// newBridge makes a bridge with a subnet of its own from 198.18.0.0/15, which
// RFC 2544 keeps for tests of networks. Nothing is routed there.
func newBridge(ctx context.Context) (*bridge, error) {
	n := rand.IntN(1 << 16)
	b := &bridge{name: fmt.Sprintf("ol%x", n)}
	if _, err := runWith(ctx, nil, "ip", "link", "add", "name", b.name, "type", "bridge"); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("198.18.%d.%d/29", n>>8, n&0xf8|1)
	if _, err := runWith(ctx, nil, "ip", "address", "add", address, "dev", b.name); err != nil {
		b.remove()
		return nil, err
	}
	return b, nil
}

func (b *bridge) remove() error {
	_, err := runWith(context.Background(), nil, "ip", "link", "delete", b.name)
	return err
}
