package why

import (
	"context"

	"patou/internal/event"
	"patou/internal/query/graphite"
	"patou/internal/query/logs"
)

// Series is where series are found and read.
type Series interface{ graphite.Source }

// Entries is where entries are read.
type Entries interface{ logs.Source }

// Events is where marked moments are read.
type Events interface {
	// Events are those asked for, in order of time.
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
}

// Herd tells how hosts and parts belong together. Its answers are of now and
// come from memory.
type Herd interface {
	// GroupOf is the group of a host by its name or node, "" for none.
	GroupOf(host string) string
	// Hosts are the hosts of a group that are there, by node.
	Hosts(group string) []string
	// Links are who calls whom. The ends are components, groups or hosts.
	Links() []Link
}

// Link is one end asking another.
type Link struct{ From, To string }
