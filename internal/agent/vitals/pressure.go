package vitals

import "bytes"

// pressure reads a file of /proc/pressure: the percentage of the time in which
// some task, or all of them at once, waited for a resource. The kernel's own
// averages are of 10 seconds and more; the sum of microseconds is exact.
type pressure struct {
	c          *Collector
	which      int // the resource that it makes full
	some, full counter
}

// microseconds is from those waited in a second to percent.
const microseconds = 100. / 1e6

func newPressure(c *Collector, name string, which int) *pressure {
	prefix := "pressure." + name + "."
	return &pressure{c: c, which: which, some: rateName(prefix+"some", microseconds), full: rateName(prefix+"full", microseconds)}
}

func (p *pressure) read(text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text = nextLine(text)
		key, values := nextField(line)
		_, total, ok := bytes.Cut(values, []byte("total="))
		waited, fine := number(total)
		switch {
		case !ok || !fine:
		case string(key) == "some":
			if v, ok := p.c.speed(&p.some, waited); ok {
				p.c.full.note(p.which, p.c.percent(p.some.name, v), "")
			}
		case string(key) == "full": // cpu has had it since Linux 5.13
			if v, ok := p.c.speed(&p.full, waited); ok {
				p.c.percent(p.full.name, v)
			}
		}
	}
}
