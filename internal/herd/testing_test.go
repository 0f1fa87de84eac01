package herd

import (
	"math"

	"patou/internal/host"
)

// unreadReadings are those of a chunk without the samples that are read.
func unreadReadings() host.Readings {
	n := math.NaN()
	return host.Readings{
		MemoryAvailable: n, MemoryTotal: n, PressureCPU: n, PressureMemory: n, PressureIO: n, OOMKills: n,
		AgentCPU: n, AgentMemory: n, SweepSeconds: n, Spool: n, Dropped: n, Refused: n,
	}
}
