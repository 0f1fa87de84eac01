package ingest

import (
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/component"
	"patou/internal/telemetry"
)

// Bounds of what one sender may bring into being in an hour.
const (
	newComponentsPerHour = 1000
	sendersKnown         = 10000
)

// Admission keeps a sender that makes up components from filling the directory:
// past its hourly share they all go to overflow.<sender>. It is safe for use by
// several goroutines.
type Admission struct {
	clock     clock.Clock
	telemetry *telemetry.Set
	// Overflow, when set, is told once an hour and sender.
	Overflow func(source, component string)

	mu      sync.RWMutex
	known   map[string]struct{}
	senders map[string]*allowance
}

type allowance struct {
	hour int64
	made int
}

// NewAdmission starts with the components that the store knows.
func NewAdmission(c clock.Clock, t *telemetry.Set, known []string) *Admission {
	a := &Admission{clock: c, telemetry: t, known: make(map[string]struct{}, len(known)), senders: map[string]*allowance{}}
	for _, name := range known {
		a.known[name] = struct{}{}
	}
	return a
}

// Component returns the component to file an entry under.
func (a *Admission) Component(source, name string) string {
	a.mu.RLock()
	_, ok := a.known[name]
	a.mu.RUnlock()
	if ok {
		return name
	}
	return a.admit(source, name)
}

func (a *Admission) admit(source, name string) string {
	overflow, tell := "overflow."+component.Node(source), false
	a.mu.Lock()
	s := a.sender(source)
	if s.made < newComponentsPerHour {
		s.made++
		a.known[name] = struct{}{}
		a.mu.Unlock()
		return name
	}
	tell = s.made == newComponentsPerHour
	s.made++
	a.mu.Unlock()
	a.telemetry.Counter("ingest.components_overflowed").Inc()
	if tell && a.Overflow != nil {
		a.Overflow(source, name)
	}
	return overflow
}

func (a *Admission) sender(source string) *allowance {
	hour := a.clock.Now().Truncate(time.Hour).Unix()
	s := a.senders[source]
	if s == nil {
		if len(a.senders) >= sendersKnown {
			clear(a.senders) // forgetting gives shares anew; the bound holds
		}
		s = &allowance{}
		a.senders[source] = s
	}
	if s.hour != hour {
		*s = allowance{hour: hour}
	}
	return s
}
