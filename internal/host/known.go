package host

import "time"

// Contact is that a machine's agent spoke.
type Contact struct {
	Identity
	// Sent is when, by the agent's clock; Received, by the server's.
	Sent, Received time.Time
	// Newest is the newest time within what was sent: that of old chunks, sent
	// after the server was away, lies far before Sent. Zero where nothing in it
	// has a time.
	Newest time.Time
}

// Known is under what a server keeps a host.
type Known struct {
	// ID is the host's for ever, Name what people see, and Node what its
	// series are under: host.<node>.cpu.user.
	ID, Name, Node string
}

// Readings are the few values of a chunk's samples that say how a host is, the
// last of each; NaN where it is absent.
type Readings struct {
	MemoryAvailable, MemoryTotal float64 // bytes
	// PressureCPU and so on are the percent of the last second in which some
	// process waited.
	PressureCPU, PressureMemory, PressureIO float64
	OOMKills                                float64 // a second
	AgentCPU                                float64 // percent of one processor
	AgentMemory                             float64 // bytes
	SweepSeconds                            float64
	Spool                                   float64 // bytes
	Dropped                                 float64 // samples
	Refused                                 float64 // chunks, since the agent's start
}

// Kept is what a store keeps of a host: Data is the keeper's own.
type Kept struct {
	ID, Node string
	Data     []byte
}

// Moment is a change of a host's state, kept so that the past can be shown.
type Moment struct {
	Host string // its ID
	// Time is in nanoseconds since 1970 UTC.
	Time                      int64
	State, Health, Group, Why string
}

// Place is that a component spoke from a host.
type Place struct {
	Component, Host string // the host's name
	// Last is when it last did, in nanoseconds since 1970 UTC.
	Last int64
}
