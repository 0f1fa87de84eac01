package units

import (
	"strconv"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// relay makes changes of the connection's signals. The connection calls it on its
// own goroutine, which must not wait.
type relay struct {
	out chan change

	mu     sync.Mutex
	closed bool
	lost   bool // some, since the last that was taken
}

// maxChanges is how many changes wait. When more come, all units are asked
// about.
const maxChanges = 1024

// DeliverSignal is called by the connection for each signal.
func (r *relay) DeliverSignal(_, _ string, s *dbus.Signal) {
	c, ok := changeOf(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok || r.closed {
		return
	}
	if r.lost {
		c = change{}
	}
	select {
	case r.out <- c:
		r.lost = false
	default:
		r.lost = true
	}
}

// Terminate is called by the connection when it ends.
func (r *relay) Terminate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		close(r.out)
	}
	r.closed = true
}

// changeOf reads what a signal says; false when it is none of ours.
func changeOf(s *dbus.Signal) (change, bool) {
	name := func() string {
		if len(s.Body) > 0 {
			n, _ := s.Body[0].(string)
			return n
		}
		return ""
	}
	switch s.Name {
	case properties + ".PropertiesChanged":
		n := unitName(string(s.Path))
		return change{name: n}, n != "" && name() == unitMember
	case managerMember + ".UnitNew":
		return change{name: name()}, name() != ""
	case managerMember + ".UnitRemoved":
		return change{name: name(), gone: true}, name() != ""
	case managerMember + ".UnitFilesChanged":
		return change{}, true
	case managerMember + ".Reloading":
		busy := len(s.Body) > 0 && s.Body[0] == true
		return change{}, !busy
	}
	return change{}, false
}

// unitName undoes the escapes of an object's path: "_2e" is a dot.
func unitName(object string) string {
	escaped, ok := strings.CutPrefix(object, string(unitsPath)+"/")
	if !ok {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		if escaped[i] == '_' && i+2 < len(escaped) {
			if n, err := strconv.ParseUint(escaped[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(escaped[i])
	}
	return b.String()
}
