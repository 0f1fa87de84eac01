package app

import (
	"context"
	"net/netip"

	"patou/internal/config"
	"patou/internal/ingest/carbon"
	"patou/internal/ingest/syslog"
)

func (f *front) startCarbon(ctx context.Context, addr string) (string, error) {
	a := f.app
	r, err := carbon.Open(ctx, addr, carbon.Options{
		Open:   func(source string) carbon.Sink { return a.samples.Source(carbon.Protocol, source) },
		Reject: a.tap.Reject,
		Allow:  prefixes(f.config.Allow.Graphite),
		Clock:  a.clock, Telemetry: a.telemetry,
	})
	if err != nil {
		return "", err
	}
	f.stopLast("graphite listener", r.Stop)
	return r.Addr(), nil
}

func (f *front) startSyslog(ctx context.Context, addr string) (string, error) {
	a := f.app
	r, err := syslog.Open(ctx, addr, syslog.Options{
		Entries: a.lines.Entries,
		Reject:  a.tap.Reject,
		Allow:   prefixes(f.config.Allow.Syslog),
		Clock:   a.clock, Telemetry: a.telemetry,
	})
	if err != nil {
		return "", err
	}
	f.stopLast("syslog listener", r.Stop)
	return r.Addr(), nil
}

// prefixes hands the receivers what they know: networks, and no configuration.
func prefixes(networks []config.Network) []netip.Prefix {
	out := make([]netip.Prefix, len(networks))
	for i, n := range networks {
		out[i] = n.Prefix
	}
	return out
}
