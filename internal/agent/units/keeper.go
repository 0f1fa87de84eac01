package units

import (
	"cmp"
	"slices"
	"strings"

	"patou/internal/host"
)

// maxUnits is how many are reported, failed ones first.
const maxUnits = 500

// keeper knows the units, and which of them are worth telling of.
type keeper struct {
	units map[string]*known
	files map[string]string
	dirty map[string]bool // to be asked about
	all   bool            // so is everything
}

type known struct {
	loaded
	detail
	asked bool // for the detail, since the state changed
}

func newKeeper() *keeper {
	return &keeper{units: map[string]*known{}, files: map[string]string{}, dirty: map[string]bool{}}
}

// kinds are the units that are told of; devices, slices and the like are only
// systemd's own order.
func kind(name string) string {
	switch at := strings.LastIndexByte(name, '.'); name[at+1:] {
	case "service", "timer", "mount", "socket":
		return name[at+1:]
	}
	return ""
}

// note reports whether a change is worth asking about. What is gone is asked
// about too, where it was known: any local user may send a signal that says so.
func (k *keeper) note(c change) bool {
	switch {
	case c.name == "":
		k.all = true
	case kind(c.name) == "":
		return false
	case c.gone && k.units[c.name] == nil:
		delete(k.dirty, c.name)
		return false
	default:
		k.dirty[c.name] = true
	}
	return true
}

// noted gives the units to be asked about, once.
func (k *keeper) noted() []string {
	names := make([]string, 0, len(k.dirty))
	for name := range k.dirty {
		names = append(names, name)
	}
	clear(k.dirty)
	slices.Sort(names)
	return names
}

// replace takes a list of all units.
func (k *keeper) replace(all []loaded, files map[string]string) {
	before := k.units
	k.units, k.files, k.all = make(map[string]*known, len(before)), files, false
	clear(k.dirty)
	for _, u := range all {
		if kind(u.name) == "" {
			continue
		}
		if b := before[u.name]; b != nil {
			k.units[u.name] = b
		}
		k.put(u)
	}
}

// update takes the answer about some units; those it does not have are loaded no
// more.
func (k *keeper) update(asked []string, some []loaded) {
	there := map[string]bool{}
	for _, u := range some {
		there[u.name] = true
		k.put(u)
		k.units[u.name].asked = false // it may have been started again
	}
	for _, name := range asked {
		if !there[name] {
			delete(k.units, name)
		}
	}
}

func (k *keeper) put(u loaded) {
	b := k.units[u.name]
	if b == nil {
		k.units[u.name] = &known{loaded: u}
		return
	}
	if b.loaded != u {
		b.loaded, b.asked = u, false
	}
}

// enabled reports whether a unit starts by itself; an instance does when its
// template says so.
func (k *keeper) enabled(name string) bool {
	state, ok := k.files[name]
	if base, instance, is := strings.Cut(name, "@"); !ok && is {
		state = k.files[base+"@"+instance[strings.LastIndexByte(instance, '.'):]]
	}
	switch state {
	case "enabled", "enabled-runtime", "generated":
		return true
	}
	return false
}

// told reports whether a unit is worth telling of: all that failed, what starts
// by itself, and services and timers that run. What systemd's own parts did at
// the boot, and what comes and goes with a login, is not.
func (k *keeper) told(u *known) bool {
	enabled := k.enabled(u.name)
	switch {
	case u.active == "failed":
		return true
	case u.load != "loaded" || strings.HasPrefix(u.name, "run-") || strings.HasPrefix(u.name, "user@") || strings.HasPrefix(u.name, "user-runtime-dir@"):
		return false
	case enabled:
		return true
	}
	switch kind(u.name) {
	case "service":
		return u.active != "inactive" && u.sub != "exited"
	case "timer":
		return u.active == "active"
	}
	return false
}

// lacking gives the units told of whose detail is to be asked.
func (k *keeper) lacking() []*known {
	var out []*known
	for _, u := range k.units {
		if !u.asked && k.told(u) {
			out = append(out, u)
		}
	}
	return out
}

// report is what is worth telling, failed ones first, then by name.
func (k *keeper) report() []host.Unit {
	out := []host.Unit{}
	for _, u := range k.units {
		if k.told(u) {
			out = append(out, host.Unit{
				Name: u.name, Active: u.active, Sub: u.sub, Since: u.since, Enabled: k.enabled(u.name), Restarts: u.restarts,
			})
		}
	}
	failed := func(u host.Unit) int {
		if u.Active == "failed" {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b host.Unit) int {
		return cmp.Or(cmp.Compare(failed(a), failed(b)), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), maxUnits)]
}

// failed counts the units that have.
func (k *keeper) failed() (n int) {
	for _, u := range k.units {
		if u.active == "failed" {
			n++
		}
	}
	return n
}

func equal(a, b []host.Unit) bool {
	return b != nil && slices.EqualFunc(a, b, func(a, b host.Unit) bool {
		same := a.Since.Equal(b.Since)
		a.Since = b.Since
		return same && a == b
	})
}
