package vitals

import (
	"math"
	"time"

	"patou/internal/host"
)

// The things that a host can run out of.
const (
	cpuFull = iota
	memoryFull
	ioFull
	diskFull
	networkFull
	resourceKinds
)

// settle is the time over which a report's figures follow the readings. A second
// of full use is nothing to tell; ten are.
const settle = 10 * time.Second

// saturation is how full the host is: of each resource the highest share that a
// reading noted, be it of use or of time that tasks waited for it.
type saturation struct {
	c         *Collector
	all       [resourceKinds]resource
	resources []host.Resource // for the report
	last      time.Time
}

type resource struct {
	name, series string
	tick         int // of the reading that noted something
	percent      float64
	of           string  // the fullest of several
	most         float64 // its share
	mean         float64
	known        bool // mean is
}

func newSaturation(c *Collector) *saturation {
	s := &saturation{c: c}
	for i, name := range [resourceKinds]string{"cpu", "memory", "io", "disk", "network"} {
		s.all[i] = resource{name: name, series: "saturation." + name}
	}
	return s
}

// note says that a resource is full to so much percent. Of names the device,
// "" for the host as a whole.
func (s *saturation) note(which int, percent float64, of string) {
	r := &s.all[which]
	if r.tick != s.c.tick {
		r.tick, r.percent, r.of, r.most = s.c.tick, 0, "", -1
	}
	percent = min(percent, 100)
	r.percent = max(r.percent, percent)
	if of != "" && percent > r.most {
		r.of, r.most = of, percent
	}
}

// emit adds the series of this reading, and what a report says of them.
func (s *saturation) emit() {
	follow := 1.
	if !s.last.IsZero() {
		follow = 1 - math.Exp(-max(0, s.c.now.Sub(s.last).Seconds())/settle.Seconds())
	}
	s.last, s.resources = s.c.now, s.resources[:0]
	for i := range s.all {
		r := &s.all[i]
		if r.tick != s.c.tick {
			r.known = false
			continue
		}
		s.c.emit(r.series, r.percent)
		if !r.known {
			r.known, r.mean = true, r.percent
		}
		r.mean += follow * (r.percent - r.mean)
		s.resources = append(s.resources, host.Resource{Name: r.name, Percent: r.mean, Of: r.of})
	}
}
