package agent

import (
	"time"

	"patou/internal/chunk"
	"patou/internal/host"
)

// Bounds of what hosts say of their zones: of an offset, of a name, and of those
// remembered.
const (
	maxOffset   = 18 * 60 * 60
	maxZoneName = 64
	maxZones    = 1000
)

// zone is that of a host's clock, nil where it does not say. By its name it holds
// for the whole year; where the name is not known here, or gives another offset
// than the host says it had, the offset alone is believed.
func (r *Receiver) zone(z *chunk.Zone, c host.Contact) *time.Location {
	if z == nil || z.Offset < -maxOffset || z.Offset > maxOffset {
		return nil
	}
	made := c.Newest
	if made.IsZero() {
		made = c.Sent
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if named := r.namedZone(z.Name); named != nil {
		if _, offset := made.In(named).Zone(); offset == z.Offset {
			return named
		}
	}
	fixed := r.offsets[z.Offset]
	if fixed == nil {
		if len(r.offsets) >= maxZones {
			clear(r.offsets)
		}
		fixed = time.FixedZone("", z.Offset)
		r.offsets[z.Offset] = fixed
	}
	return fixed
}

// namedZone looks a name up, once: a failed look reads many directories.
func (r *Receiver) namedZone(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > maxZoneName {
		return nil
	}
	zone, known := r.zones[name]
	if !known {
		if len(r.zones) >= maxZones {
			clear(r.zones)
		}
		zone, _ = time.LoadLocation(name) // nil with its error
		r.zones[name] = zone
	}
	return zone
}
