package metrics

import (
	"fmt"
	"strings"
	"time"

	"patou/internal/clock"
	"patou/internal/metric"
	"patou/internal/telemetry"
)

// Options say how a Store behaves. The zero value is usable.
type Options struct {
	// Clock tells the time; nil is the machine's.
	Clock clock.Clock
	// Schemas gives the schema of a series by its canonical name; nil is
	// DefaultSchema. It must be safe for use by several goroutines and give the
	// same answer as long as the Store is open. An invalid schema is replaced by
	// DefaultSchema's and counted in metrics.bad_schema.
	Schemas func(name string) Schema
	// Aggregations gives how a gauge rolls up; nil is DefaultAggregation. What
	// Patou counts itself (metric.Sum) always rolls up by sum.
	Aggregations func(name string) Aggregation
	// MaxSeries caps the number of series; 0 is a million.
	MaxSeries int
	// MaxNew caps the series that one Appender may create a minute; 0 is
	// 200,000.
	MaxNew int
	// Size caps the bytes on disk: past it the oldest windows of the finest
	// steps go first. 0 is no cap.
	Size int64
	// Grace is how long after its end a window may still get samples before
	// maintenance rolls it up; later ones are rolled up again. 0 is a minute.
	Grace time.Duration
	// window is the number of slots of new windows; 0 is windowSlots. Tests use
	// short ones.
	window int64
	// Telemetry receives the counters under "metrics."; nil drops them.
	Telemetry *telemetry.Set
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Schemas == nil {
		o.Schemas = DefaultSchema
	}
	if o.Aggregations == nil {
		o.Aggregations = DefaultAggregation
	}
	if o.MaxSeries == 0 {
		o.MaxSeries = 1_000_000
	}
	if o.MaxNew == 0 {
		o.MaxNew = 200_000
	}
	if o.Grace == 0 {
		o.Grace = time.Minute
	}
	if o.window == 0 {
		o.window = windowSlots
	}
	if o.Telemetry == nil {
		o.Telemetry = &telemetry.Set{}
	}
	return o
}

// Archive is one resolution of a schema.
type Archive struct {
	// Step is the distance of two slots and Keep how far back they reach, in
	// seconds.
	Step, Keep int64
}

// Schema is how long a series is kept at which step, finest first.
type Schema []Archive

// Validate refuses, with a sentence, what carbon would: no archives, steps that
// do not divide coarser ones, coarser archives that do not reach further back.
func (s Schema) Validate() error {
	if len(s) == 0 {
		return fmt.Errorf("schema has no archive")
	}
	for i, a := range s {
		if a.Step <= 0 || a.Keep < a.Step || a.Step > maxStep {
			return fmt.Errorf("archive %ds:%ds: want a step of 1 s to %d s that is at most what is kept", a.Step, a.Keep, maxStep)
		}
		if i == 0 {
			continue
		}
		switch fine := s[i-1]; {
		case a.Step <= fine.Step || a.Step%fine.Step != 0:
			return fmt.Errorf("archive step %d s is not a multiple of the finer %d s", a.Step, fine.Step)
		case a.Keep <= fine.Keep:
			return fmt.Errorf("archive of step %d s must reach further back than the %d s of the finer one", a.Step, fine.Keep)
		case fine.Keep < a.Step:
			return fmt.Errorf("archive of step %d s holds too little for one slot of %d s", fine.Step, a.Step)
		}
	}
	return nil
}

// reach is how far back the schema keeps anything, in seconds.
func (s Schema) reach() int64 { return s[len(s)-1].Keep }

// maxStep bounds a step so that a window of it fits the arithmetic.
const maxStep = 400 * 24 * 3600

// DefaultSchema is the schema without a file: a host's own vitals each second,
// what is swept of its processes each 5 and of its links each 30, all else each
// ten.
func DefaultSchema(name string) Schema {
	const hour, day = 3600, 24 * 3600
	if strings.HasPrefix(name, "host.") {
		switch hostPart(name) {
		case "process":
			return Schema{{5, day}, {60, 30 * day}, {300, 90 * day}}
		case "link":
			return Schema{{30, 7 * day}, {300, 90 * day}}
		}
		return Schema{{1, 6 * hour}, {10, 7 * day}, {60, 90 * day}}
	}
	return Schema{{10, 2 * day}, {60, 30 * day}, {600, 730 * day}}
}

// hostPart is what follows the host's node in a name: host.<node>.<part>.
func hostPart(name string) string {
	_, rest, _ := strings.Cut(name[len("host."):], ".")
	part, _, _ := strings.Cut(rest, ".")
	return part
}

// Method is how several values become one.
type Method uint8

// The methods of carbon.
const (
	Average Method = iota
	Sum
	Last
	Max
	Min
	AvgZero
	AbsMax
	AbsMin
)

// Aggregation is how a series rolls up.
type Aggregation struct {
	Method Method
	// XFilesFactor, 0 to 1, is the share of the finest samples due that must be
	// there for a rolled-up slot to have a value. It is applied when reading.
	XFilesFactor float64
}

// DefaultAggregation is the aggregation without a file, by the last node's
// name as statsd and carbon's example have it; all else is averaged.
func DefaultAggregation(name string) Aggregation {
	path, _, _ := strings.Cut(name, ";")
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "count", "sum":
		return Aggregation{Method: Sum}
	case "min", "lower":
		return Aggregation{Method: Min}
	case "max", "upper":
		return Aggregation{Method: Max}
	}
	return Aggregation{}
}

// consolidation is the method's name as graphs that have fewer pixels than
// values know it.
func (m Method) consolidation() string {
	switch m {
	case Sum:
		return "sum"
	case Last:
		return "last"
	case Max, AbsMax:
		return "max"
	case Min, AbsMin:
		return "min"
	}
	return "average"
}

// plan is all that options say of one series.
type plan struct {
	schema Schema
	Aggregation
}

func (o *Options) plan(name string, kind metric.Kind) plan {
	p := plan{schema: o.Schemas(name)}
	if err := p.schema.Validate(); err != nil {
		o.Telemetry.Counter("metrics.bad_schema").Inc()
		p.schema = DefaultSchema(name)
	}
	if kind == metric.Gauge {
		p.Aggregation = o.Aggregations(name)
	} else {
		p.Method = Sum
	}
	return p
}
