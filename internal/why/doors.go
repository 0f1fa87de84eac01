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

// Herd tells how hosts and parts belong together.
type Herd interface {
	// Kin is how things stand now. It comes from memory, and who asks may keep
	// it.
	Kin() Kin
}

// Kin is who belongs together and who calls whom.
type Kin struct {
	// Groups is the group of each host, by its name and by its node; Hosts are
	// the nodes of each group.
	Groups map[string]string
	Hosts  map[string][]string
	// Links are who calls whom.
	Links []Link
}

// Link is one end asking another. The ends are components, groups or hosts.
type Link struct{ From, To string }
