//go:build !unix

package agent

import "time"

// processorTime is not known here: the governor lets sweeps be.
func processorTime() time.Duration { return 0 }

// residentMemory is not known here.
func residentMemory() int64 { return 0 }
