package herd

import (
	"time"

	"patou/internal/host"
	"patou/internal/metric"
)

type linkKey struct {
	remote  string
	port    int
	inbound bool
	group   string
}

type link struct{ last time.Time }

type keptLink struct{}

// Derive gives the samples that the server adds to a chunk.
func (h *Herd) Derive(id string, c host.Contact, _ *host.Report) []metric.Sample {
	if !isFresh(&c) {
		return nil
	}
	return []metric.Sample{{Name: clockSkew, Time: c.Received.UnixMilli(), Value: c.Sent.Sub(c.Received).Seconds()}}
}
