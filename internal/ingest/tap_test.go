package ingest

import (
	"strings"
	"testing"
	"time"

	"patou/internal/clock"
	"patou/internal/telemetry"
)

func TestRefusedLinesAreMaskedBeforeTheyAreShown(t *testing.T) {
	tap := NewTap(clock.NewManual(time.Unix(0, 0)), new(telemetry.Set))
	tap.Mask = func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") }
	arrivals, stop := tap.Watch(true)
	defer stop()
	tap.Reject("http", "a", "password=hunter2", `odd: "hunter2"`)
	for _, a := range append(tap.Rejected(), <-arrivals) {
		if a.Raw != "password=***" || a.Reason != `odd: "***"` {
			t.Errorf("%+v", a)
		}
	}
}
