package units

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Names of systemd on the bus.
const (
	systemd       = "org.freedesktop.systemd1"
	managerPath   = dbus.ObjectPath("/org/freedesktop/systemd1")
	unitsPath     = dbus.ObjectPath("/org/freedesktop/systemd1/unit")
	managerMember = systemd + ".Manager"
	unitMember    = systemd + ".Unit"
	properties    = "org.freedesktop.DBus.Properties"
)

// bus is systemd over D-Bus.
type bus struct {
	conn   *dbus.Conn
	relay  *relay
	cancel context.CancelFunc
}

// connect opens a connection and asks systemd for signals. Its own socket is no
// bus: it greets nobody, and sends signals unasked.
func connect(ctx context.Context, address string, isBus bool) (manager, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &relay{out: make(chan change, maxChanges)}
	conn, err := dbus.Dial(address, dbus.WithContext(ctx), dbus.WithSignalHandler(r))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("connecting to %s: %w", address, err)
	}
	b := &bus{conn: conn, relay: r, cancel: cancel}
	if err = b.greet(ctx, isBus); err != nil {
		b.close()
		return nil, fmt.Errorf("speaking with systemd over %s: %w", address, err)
	}
	return b, nil
}

// greet says who we are and what we want to hear. Not all of that can be given
// up by itself, so the connection is closed when it takes too long.
func (b *bus) greet(ctx context.Context, isBus bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = b.conn.Close() })()
	if err := b.conn.Auth(nil); err != nil {
		return fmt.Errorf("authenticating: %w", err)
	}
	if isBus {
		if err := b.conn.Hello(); err != nil {
			return fmt.Errorf("greeting the bus: %w", err)
		}
	}
	return b.subscribe(ctx, isBus)
}

func (b *bus) subscribe(ctx context.Context, isBus bool) error {
	if isBus {
		for _, match := range [][]dbus.MatchOption{
			{dbus.WithMatchPathNamespace(unitsPath), dbus.WithMatchInterface(properties), dbus.WithMatchArg(0, unitMember)},
			{dbus.WithMatchObjectPath(managerPath), dbus.WithMatchInterface(managerMember)},
		} {
			if err := b.conn.AddMatchSignalContext(ctx, append(match, dbus.WithMatchSender(systemd))...); err != nil {
				return fmt.Errorf("asking for signals: %w", err)
			}
		}
	}
	return b.call(ctx, "Subscribe").Err
}

func (b *bus) call(ctx context.Context, method string, args ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return b.conn.Object(systemd, managerPath).CallWithContext(ctx, managerMember+"."+method, 0, args...)
}

func (b *bus) changes() <-chan change { return b.relay.out }

func (b *bus) close() {
	b.cancel()
	_ = b.conn.Close()
}

// row is a unit in the answer of ListUnits.
type row struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

func (b *bus) list(ctx context.Context, names []string) ([]loaded, error) {
	var rows []row
	var err error
	if names == nil {
		err = b.call(ctx, "ListUnits").Store(&rows)
	} else { // as patterns: ListUnitsByNames would load what is not
		err = b.call(ctx, "ListUnitsByPatterns", []string{}, patterns(names)).Store(&rows)
	}
	if err != nil {
		return nil, fmt.Errorf("listing units: %w", err)
	}
	out := make([]loaded, 0, len(rows))
	for _, r := range rows {
		out = append(out, loaded{r.Name, r.Load, r.Active, r.Sub, string(r.Path)})
	}
	return out, nil
}

// patterns match the names alone.
func patterns(names []string) []string {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, escape.Replace(n))
	}
	return out
}

func (b *bus) files(ctx context.Context) (map[string]string, error) {
	var rows []struct{ Path, State string }
	if err := b.call(ctx, "ListUnitFiles").Store(&rows); err != nil {
		return nil, fmt.Errorf("listing units' files: %w", err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[path.Base(r.Path)] = r.State
	}
	return out, nil
}

func (b *bus) detail(ctx context.Context, u *loaded) (d detail, err error) {
	var since uint64
	if err = b.get(ctx, u, unitMember, sinceProperty(u.active), &since); err != nil {
		return d, err
	}
	if since > 0 {
		d.since = time.UnixMicro(int64(since)).UTC()
	}
	if kind(u.name) == "service" {
		var restarts uint32 // since systemd 235
		if b.get(ctx, u, systemd+".Service", "NRestarts", &restarts) == nil {
			d.restarts = int(restarts)
		}
	}
	return d, nil
}

// sinceProperty names the time at which a unit came into its state.
func sinceProperty(active string) string {
	switch active {
	case "active", "reloading", "refreshing":
		return "ActiveEnterTimestamp"
	case "activating":
		return "InactiveExitTimestamp"
	case "deactivating":
		return "ActiveExitTimestamp"
	}
	return "InactiveEnterTimestamp"
}

func (b *bus) get(ctx context.Context, u *loaded, member, property string, into any) error {
	object := b.conn.Object(systemd, dbus.ObjectPath(u.path))
	if err := object.CallWithContext(ctx, properties+".Get", 0, member, property).Store(into); err != nil {
		return fmt.Errorf("asking for %s of %s: %w", property, u.name, err)
	}
	return nil
}
