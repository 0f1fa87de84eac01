package graphite

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// aggregation puts several values, NaN being none, into one; NaN for none.
type aggregation func([]float64) float64

// consolidationNames are the functions that consolidateBy takes.
func consolidationNames() []string {
	return []string{"average", "avg_zero", "first", "last", "max", "min", "sum"}
}

// aggregationNames are the functions that aggregate and its like take, each
// under its shortest usual name.
func aggregationNames() []string {
	return []string{"average", "avg_zero", "count", "current", "diff", "first", "last", "max", "median", "min", "multiply", "range", "rangeOf", "stddev", "sum"}
}

// isConsolidation reports whether consolidateBy takes the name.
func isConsolidation(name string) bool { return consolidator(name) != nil }

// consolidator finds a consolidation by its name; nil when there is none.
func consolidator(name string) aggregation {
	switch name {
	case "avg":
		return average
	case "average", "avg_zero", "first", "last", "max", "min", "sum":
		return aggregator(name)
	}
	return nil
}

// isAggregation reports whether aggregate takes the name.
func isAggregation(name string) bool { return aggregator(name) != nil }

// aggregator finds a function by its name, which may end in Series, and also
// knows percentiles as p95 or p99.9; nil when there is none.
func aggregator(name string) aggregation {
	switch strings.TrimSuffix(name, "Series") {
	case "average", "avg":
		return average
	case "avg_zero":
		return averageZero
	case "count":
		return func(v []float64) float64 { return float64(count(v)) }
	case "diff":
		return difference
	case "first":
		return first
	case "last", "current":
		return last
	case "max":
		return maximum
	case "min":
		return minimum
	case "median":
		return func(v []float64) float64 { return percentile(v, 50, true) }
	case "multiply":
		return product
	case "range", "rangeOf":
		return func(v []float64) float64 { return maximum(v) - minimum(v) }
	case "stddev":
		return deviation
	case "sum", "total":
		return sum
	}
	if p, ok := strings.CutPrefix(name, "p"); ok {
		if n, err := strconv.ParseFloat(p, 64); err == nil && n > 0 && n < 100 && p[0] >= '0' && p[0] <= '9' {
			return func(v []float64) float64 { return percentile(v, n, true) }
		}
	}
	return nil
}

// count is the number of values that are there.
func count(values []float64) int {
	n := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// sum adds in order of the series, so that the last digits are Graphite's.
func sum(values []float64) float64 {
	total, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			total += v
			n++
		}
	}
	return ifAny(total, n)
}

// ifAny is v, or NaN when it was made of nothing.
func ifAny(v float64, n int) float64 {
	if n == 0 {
		return missing()
	}
	return v
}

// average is of the values that are there.
func average(values []float64) float64 {
	n := count(values)
	return ifAny(sum(values)/float64(n), n)
}

// averageZero counts missing values as 0.
func averageZero(values []float64) float64 {
	return ifAny(sum(values)/float64(len(values)), count(values))
}

// minimum is the least value that is there.
func minimum(values []float64) float64 {
	least, n := math.Inf(1), 0
	for _, v := range values {
		if v <= least { // never for NaN
			least = v
			n++
		}
	}
	return ifAny(least, n)
}

// maximum is the greatest value that is there.
func maximum(values []float64) float64 {
	most, n := math.Inf(-1), 0
	for _, v := range values {
		if v >= most { // never for NaN
			most = v
			n++
		}
	}
	return ifAny(most, n)
}

// first is the first value that is there.
func first(values []float64) float64 {
	for _, v := range values {
		if !math.IsNaN(v) {
			return v
		}
	}
	return missing()
}

// last is the last value that is there.
func last(values []float64) float64 {
	for _, v := range slices.Backward(values) {
		if !math.IsNaN(v) {
			return v
		}
	}
	return missing()
}

// difference is the first value that is there minus all others.
func difference(values []float64) float64 {
	f := first(values)
	return 2*f - sum(values)
}

// product is NaN as soon as one value is.
func product(values []float64) float64 {
	p := ifAny(1, len(values))
	for _, v := range values {
		p *= v
	}
	return p
}

// deviation is the standard deviation of the values as a whole population.
func deviation(values []float64) float64 {
	mean, n, squares := average(values), count(values), 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			squares += (v - mean) * (v - mean)
		}
	}
	return ifAny(math.Sqrt(squares/float64(n)), n)
}

// percentile is Graphite's: the rank is n percent of one more than the number
// of values; without interpolation the next value at or above it counts.
func percentile(values []float64, n float64, interpolate bool) float64 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(sorted) == 0 {
		return missing()
	}
	slices.Sort(sorted)
	rank := n / 100 * float64(len(sorted)+1)
	index := int(rank)
	if !interpolate {
		index = int(math.Ceil(rank))
	}
	switch {
	case index <= 0:
		return sorted[0]
	case index >= len(sorted):
		return sorted[len(sorted)-1]
	case !interpolate:
		return sorted[index-1]
	}
	return sorted[index-1] + (rank-math.Trunc(rank))*(sorted[index]-sorted[index-1])
}
