package herd

import (
	"math"

	"patou/internal/host"
)

// unreadReadings are those of a chunk without the samples that are read.
func unreadReadings() host.Readings {
	n := math.NaN()
	return host.Readings{n, n, n, n, n, n, n, n, n, n, n}
}
