package agent

import (
	"strings"
	"testing"
	"time"

	"patou/internal/chunk"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/record"
)

func TestTheHostSaysWhatItsClockShows(t *testing.T) {
	g := newRig(t) // in November
	sequence := uint64(0)
	july := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	// check sends an entry and sees by how many seconds the zone is ahead of UTC
	// now, and was in July; -1 for a host that did not say.
	check := func(z *chunk.Zone, now, summer int) {
		t.Helper()
		sequence++
		c := &chunk.Chunk{Host: host.Identity{Machine: "m", Boot: "b", Instance: "i", Name: "web-1"}, Sequence: sequence, Zone: z}
		c.Batch = record.Batch{Entries: []entry.Entry{{Time: g.clock.Now().UnixNano(), Message: "x"}}}
		g.accept(t, encode(t, c))
		gotNow, gotSummer := -1, -1
		if g.zone != nil {
			_, gotNow = g.clock.Now().In(g.zone).Zone()
			_, gotSummer = july.In(g.zone).Zone()
		}
		if gotNow != now || gotSummer != summer {
			t.Errorf("%+v: %d now, %d in July; want %d and %d", z, gotNow, gotSummer, now, summer)
		}
	}
	if _, err := time.LoadLocation("America/New_York"); err == nil {
		check(&chunk.Zone{Offset: -18000, Name: "America/New_York"}, -18000, -14400)
		// Its clock runs by another rule than the one known here.
		check(&chunk.Zone{Offset: -10800, Name: "America/New_York"}, -10800, -10800)
	}
	check(nil, -1, -1)
	check(&chunk.Zone{}, 0, 0)
	check(&chunk.Zone{Offset: 3600}, 3600, 3600)
	check(&chunk.Zone{Offset: 3600, Name: "Moon/Crater"}, 3600, 3600)
	check(&chunk.Zone{Offset: 3600, Name: "../../etc/passwd"}, 3600, 3600)
	check(&chunk.Zone{Offset: 3600, Name: "Local"}, 3600, 3600)
	check(&chunk.Zone{Offset: 3600, Name: strings.Repeat("x", 1000)}, 3600, 3600)
	check(&chunk.Zone{Offset: 100_000}, -1, -1)
	for i := range 2 * maxZones {
		g.Receiver.zone(&chunk.Zone{Offset: i, Name: strings.Repeat("x", i%maxZoneName+1) + time.Duration(i).String()}, host.Contact{})
	}
	if len(g.zones) > maxZones || len(g.offsets) > maxZones {
		t.Errorf("%d names and %d offsets are remembered", len(g.zones), len(g.offsets))
	}
}
