package ingest

import (
	"context"
	"strings"
	"time"

	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/telemetry"
)

// Resolver finds a series' number, and gives one to a new series. It is for one
// goroutine, so that it can learn the order a connection repeats.
type Resolver interface {
	Resolve(name string, kind metric.Kind) (metric.ID, error)
}

// TimeCheck refuses, with a sentence, a time that no series can keep. Now is
// read once for many samples: asking the clock for each took a tenth of the way.
type TimeCheck func(now time.Time, timeMs int64) error

// Metrics takes samples into the metric store.
type Metrics struct {
	committer   *Committer
	newResolver func() Resolver
	check       TimeCheck
	tap         *Tap
	accepted    *telemetry.Counter
}

// NewMetrics wires the way of samples.
func NewMetrics(c *Committer, newResolver func() Resolver, check TimeCheck, tap *Tap, t *telemetry.Set) *Metrics {
	return &Metrics{committer: c, newResolver: newResolver, check: check, tap: tap, accepted: t.Counter("ingest.samples")}
}

// MetricSource is the way of one connection's samples. It is for one goroutine.
type MetricSource struct {
	metrics          *Metrics
	resolver         Resolver
	protocol, source string
	own              bool
}

// Source opens the way for a sender from outside, whom the names that Patou
// itself writes are refused.
func (m *Metrics) Source(protocol, source string) *MetricSource {
	return &MetricSource{metrics: m, resolver: m.newResolver(), protocol: protocol, source: source}
}

// OwnSource opens the way for Patou's own series.
func (m *Metrics) OwnSource(name string) *MetricSource {
	s := m.Source(name, "patou")
	s.own = true
	return s
}

// Samples keeps samples; it returns when they would survive the end of the
// process. What cannot be kept is refused one by one and never takes the others
// along. The error is ErrBusy or ErrUnavailable, and then none was kept.
func (s *MetricSource) Samples(ctx context.Context, samples []metric.Sample) error {
	points := make([]metric.Point, 0, len(samples))
	now := s.metrics.committer.opts.Clock.Now()
	for i := range samples {
		id, err := s.resolve(now, &samples[i])
		if err != nil {
			s.metrics.tap.Reject(s.protocol, s.source, samples[i].Name, err.Error())
			continue
		}
		points = append(points, metric.Point{Series: id, Time: samples[i].Time, Value: samples[i].Value})
	}
	if len(points) == 0 {
		return nil
	}
	if _, _, err := s.metrics.committer.Commit(ctx, &record.Batch{Points: points}, false); err != nil {
		return err
	}
	s.metrics.accepted.Add(len(points))
	return nil
}

func (s *MetricSource) resolve(now time.Time, m *metric.Sample) (metric.ID, error) {
	if err := s.metrics.check(now, m.Time); err != nil {
		return 0, err
	}
	if !s.own && Reserved(m.Name) {
		return 0, reservedError{}
	}
	return s.resolver.Resolve(m.Name, metric.Gauge)
}

// Reserved reports whether only Patou itself writes series of this name.
func Reserved(name string) bool {
	if len(name) == 0 || !strings.ContainsRune("lhcp", rune(name[0])) {
		return false
	}
	for _, prefix := range [...]string{"logs.", "host.", "check.", "patou."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

type reservedError struct{}

// Error says what to do.
func (reservedError) Error() string {
	return "names that begin with logs., host., check. or patou. are written by Patou itself: send under another name"
}
