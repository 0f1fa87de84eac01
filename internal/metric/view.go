package metric

import (
	"math"
	"strconv"
	"strings"
)

// View is the number that a series shows of a distribution.
type View struct {
	name     string
	quantile float64
}

// Views are the names that each distribution has as series below its own.
func Views() []string {
	return []string{"count", "sum", "mean", "min", "p50", "p90", "p95", "p99", "max"}
}

// ParseView reads a view's name: count, sum, mean, min, max, or a percentile
// such as p50, p99 or p99_9.
func ParseView(name string) (View, bool) {
	switch name {
	case "count", "sum", "mean", "min", "max":
		return View{name: name}, true
	}
	digits, ok := strings.CutPrefix(name, "p")
	if !ok || len(digits) < 2 || len(digits) > 6 {
		return View{}, false
	}
	p, err := strconv.ParseFloat(strings.Replace(digits, "_", ".", 1), 64)
	if err != nil || p <= 0 || p >= 100 {
		return View{}, false
	}
	return View{name: name, quantile: p / 100}, true
}

// String is the view's name; "" for the zero View.
func (v View) String() string { return v.name }

// Of is the view's number of a sketch; NaN when it is nil or empty.
func (v View) Of(s *Sketch) float64 {
	if s == nil || s.Count() == 0 {
		return math.NaN()
	}
	switch v.name {
	case "count":
		return float64(s.Count())
	case "sum":
		return s.Sum()
	case "mean":
		return s.Sum() / float64(s.Count())
	case "min":
		return s.Min()
	case "max":
		return s.Max()
	}
	return s.Quantile(v.quantile)
}

// SplitView parts a name into the distribution's and the view, so that
// a.request_time.p99 is p99 of a.request_time.
func SplitView(name string) (distribution string, v View, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", View{}, false
	}
	v, ok = ParseView(name[i+1:])
	return name[:i], v, ok
}
