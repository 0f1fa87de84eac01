package herd

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/host"
)

// limit is from where a number is worth a look and from where it is wrong; it
// is right again when it is back by more than back.
type limit struct{ warn, crit, back float64 }

// limits are the numbers that judge a host.
type limits struct {
	// fileSystem in percent used: at 97 most file systems slow down, and root's
	// reserve of ext4 is near; from 90 there is time to act.
	fileSystem limit
	// pressure in percent of time that some process waited, over about a
	// minute: from 40 people notice, from 70 little else happens.
	pressure limit
	// processor is pressure for the processor: that some task of many waits for
	// its turn is usual where work is done in bulk, and slows that work alone.
	processor limit
	// memory in percent not available: at 95 the kernel is about to kill.
	memory limit
	// skew in seconds: beyond 2 s entries of two hosts stand in the wrong order
	// for the reader.
	skew limit
}

func defaultLimits() limits {
	never := math.Inf(1)
	return limits{
		fileSystem: limit{90, 97, 2},
		pressure:   limit{40, 70, 10},
		processor:  limit{60, 90, 10},
		memory:     limit{never, 95, 3},
		skew:       limit{2, never, 1},
	}
}

// grade judges a number; within back of a limit it stays what it was.
func (l limit) grade(v float64, was Health) Health {
	switch {
	case v >= l.crit || was == Crit && v > l.crit-l.back:
		return Crit
	case v >= l.warn || was.rank() >= Warn.rank() && v > l.warn-l.back:
		return Warn
	}
	return Fine
}

// problem is one thing that is, or was a moment ago, not fine.
type problem struct {
	level  Health
	reason string
	// next is what it is to become, being better, and calm since when: it stays
	// for calmFor, so that nothing flaps.
	next       Health
	nextReason string
	calm       time.Time
	// mean is the number over about a minute, for those that jump.
	mean float64
	at   time.Time
}

// calmFor is how long something must be fine to be so; meanOver the time over
// which jumping numbers are levelled.
const (
	calmFor  = 30 * time.Second
	meanOver = 40 * time.Second
)

// set says how something is now.
func (m *member) set(key string, level Health, reason string, now time.Time) {
	p := m.tests[key]
	switch {
	case p == nil && level == Fine:
	case p == nil:
		m.tests[key] = &problem{level: level, reason: reason}
	case level.rank() >= p.level.rank():
		p.level, p.reason, p.calm = level, reason, time.Time{}
	default:
		if p.calm.IsZero() {
			p.calm = now
		}
		p.next, p.nextReason = level, reason
	}
}

// calmDown ends the problems that are over for long enough.
func (m *member) calmDown(now time.Time) {
	for key, p := range m.tests {
		if p.calm.IsZero() || now.Sub(p.calm) < calmFor {
			continue
		}
		p.level, p.reason, p.calm = p.next, p.nextReason, time.Time{}
		if p.level == Fine && p.at.IsZero() {
			delete(m.tests, key)
		}
	}
}

func (m *member) was(key string) Health {
	if p := m.tests[key]; p != nil {
		return p.level
	}
	return Fine
}

// smooth is the mean of a jumping number.
func (m *member) smooth(key string, v float64, now time.Time) float64 {
	p := m.tests[key]
	if p == nil {
		p = &problem{level: Fine}
		m.tests[key] = p
	}
	if p.at.IsZero() {
		p.at = now
		return p.mean
	}
	weight := 1 - math.Exp(-float64(now.Sub(p.at))/float64(meanOver))
	p.mean += (v - p.mean) * max(0, weight)
	p.at = now
	return p.mean
}

// judge takes the numbers of a chunk.
func (h *Herd) judge(m *member, now time.Time, news bool, read host.Readings) {
	l := defaultLimits()
	for _, p := range []struct {
		name  string
		words string
		value float64
		limit limit
	}{
		{"cpu", "waits for the processor", read.PressureCPU, l.processor},
		{"memory", "waits for memory", read.PressureMemory, l.pressure},
		{"io", "waits for disks", read.PressureIO, l.pressure},
	} {
		if math.IsNaN(p.value) {
			continue
		}
		key := "pressure." + p.name
		mean := m.smooth(key, p.value, now)
		m.set(key, p.limit.grade(mean, m.was(key)), fmt.Sprintf("%s %.0f percent of the time", p.words, mean), now)
	}
	if total := m.total(read); total > 0 && !math.IsNaN(read.MemoryAvailable) {
		left := 100 * read.MemoryAvailable / total
		m.set("memory", l.memory.grade(100-left, m.was("memory")), fmt.Sprintf("memory %.0f percent left", left), now)
	}
	skew := m.skews.best()
	m.set("clock", l.skew.grade(math.Abs(skew.Seconds()), m.was("clock")), skewed(skew), now)
	if !math.IsNaN(read.Dropped) { // a count since the agent's start
		level := Fine
		if read.Dropped > m.dropped && m.dropped >= 0 {
			level = Warn
		}
		m.dropped = read.Dropped
		m.set("agent", level, "its agent drops samples", now)
	}
	h.refusals(m, read.Refused, now)
	if news && read.OOMKills > 0 {
		h.tellSome(m, "oom", now, m.Name+" ran out of memory: the kernel ended a process", "")
	}
}

// refusals judges the count of chunks that were refused since the agent's start:
// what they held is lost.
func (h *Herd) refusals(m *member, count float64, now time.Time) {
	if math.IsNaN(count) {
		return
	}
	n := int(count - max(m.refused, 0))
	if m.refused < 0 || n <= 0 { // not known before, or counted anew
		m.refused = count
		m.set("refused", Fine, "", now)
		return
	}
	m.refused = count
	what := fmt.Sprintf("its agent lost %d %s refused", n, plural(n, "chunk that was", "chunks that were"))
	m.set("refused", Warn, what, now)
	h.tellSome(m, "refused", now, m.Name+": "+what, "A server, or a proxy before it, would never have taken them: the agent's log says why.")
}

func (m *member) total(read host.Readings) float64 {
	if !math.IsNaN(read.MemoryTotal) && read.MemoryTotal > 0 {
		return read.MemoryTotal
	}
	if f := m.Report.Facts; f != nil {
		return float64(f.Memory)
	}
	return 0
}

func skewed(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("clock %.1f s behind", -d.Seconds())
	}
	return fmt.Sprintf("clock %.1f s ahead", d.Seconds())
}

// fileSystems judges a new list of file systems.
func (h *Herd) fileSystems(m *member, list []host.FileSystem, now time.Time) {
	l := defaultLimits()
	there := map[string]bool{}
	for i := range list {
		f := &list[i]
		key, before := "disk."+f.Path, find(m.Report.FileSystems, f.Path)
		there[key], there["inodes."+f.Path], there["readonly."+f.Path] = true, true, true
		flipped := f.ReadOnly && before != nil && !before.ReadOnly
		switch {
		case flipped:
			m.set("readonly."+f.Path, Crit, "disk "+f.Path+" became read-only", now)
			h.tellSome(m, "readonly", now, f.Path+" on "+m.Name+" became read-only", "")
		case !f.ReadOnly:
			m.set("readonly."+f.Path, Fine, "", now)
		}
		if f.ReadOnly && m.was("readonly."+f.Path) == Fine {
			continue // made to be read, as an image is: it is full by design
		}
		used := percent(f.Used, f.Total)
		m.set(key, l.fileSystem.grade(used, m.was(key)), fmt.Sprintf("disk %s %.0f percent", f.Path, used), now)
		files := percent(f.Files, f.FilesMax)
		m.set("inodes."+f.Path, l.fileSystem.grade(files, m.was("inodes."+f.Path)), fmt.Sprintf("inodes of %s %.0f percent", f.Path, files), now)
	}
	for key := range m.tests {
		if kind, _, _ := strings.Cut(key, "."); (kind == "disk" || kind == "inodes" || kind == "readonly") && !there[key] {
			delete(m.tests, key)
		}
	}
}

func find(list []host.FileSystem, path string) *host.FileSystem {
	for i := range list {
		if list[i].Path == path {
			return &list[i]
		}
	}
	return nil
}

func percent(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// unitsChanged judges a new list of units.
func (h *Herd) unitsChanged(m *member, units []host.Unit, now time.Time) {
	there := map[string]bool{}
	for i := range units {
		u := &units[i]
		key := "unit." + u.Name
		if u.Active == "failed" {
			there[key] = true
			if m.tests[key] == nil {
				h.tellSome(m, "unit-failed", now, u.Name+" failed on "+m.Name, "", h.componentTag(m, u.Name)...)
			}
			m.set(key, m.weight(u), "unit "+u.Name+" failed", now)
		}
	}
	for key := range m.tests {
		if name, ok := strings.CutPrefix(key, "unit."); ok && !there[key] {
			delete(m.tests, key) // systemd has its own word for what flaps
			h.tellSome(m, "unit-recovered", now, name+" on "+m.Name+" is no longer failed", "", h.componentTag(m, name)...)
		}
	}
}

// weight is how bad it is that a unit failed: one that starts by itself and
// that others were seen to rely on is wrong, any other is worth a look.
func (m *member) weight(u *host.Unit) Health {
	if u.Enabled && slices.Contains(m.Served, u.Name) {
		return Crit
	}
	return Warn
}

// maxServed bounds the units that are remembered for having listened.
const maxServed = 200

// served remembers the units that listen.
func (m *member) served() {
	for i := range m.Report.Listeners {
		if g := m.Report.Listeners[i].Group; strings.HasSuffix(g, ".service") && !slices.Contains(m.Served, g) {
			m.Served = lastOf(append(m.Served, g), maxServed)
		}
	}
}

// settleHealth makes the worst of all problems the host's health.
func (h *Herd) settleHealth(m *member, now time.Time) {
	m.calmDown(now)
	level, reason := Fine, ""
	for _, key := range sorted(m.tests) {
		if p := m.tests[key]; p.level.rank() > level.rank() {
			level, reason = p.level, p.reason
		}
	}
	changed := level != m.Health
	if reason != m.Reason {
		m.Reason = reason
		h.dirty(m)
	}
	if changed {
		m.Health, m.HealthSince = level, now
		h.moment(m, now)
	}
}
