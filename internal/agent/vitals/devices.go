package vitals

import "fmt"

const (
	// maxDevices bounds the devices of one kind that have series.
	maxDevices = 128
	// maxNames bounds the names that are remembered, with or without series.
	maxNames = 4096
	// forgetAfter is the number of readings after which a device that is away
	// is forgotten: another one may come under its name.
	forgetAfter = 60
)

// devices remembers what is counted for each device of one kind.
type devices[T any] struct {
	c    *Collector
	what string // "disks"
	// begin decides once for each name: nil leaves the device out.
	begin func(name string) *T

	known map[string]*device[T]
	shown int // of them with series
	swept int // the reading at which they were last looked through
	said  bool
}

type device[T any] struct {
	counted *T
	tick    int // of the reading that saw it last
}

func newDevices[T any](c *Collector, what string, begin func(name string) *T) devices[T] {
	return devices[T]{c: c, what: what, begin: begin, known: map[string]*device[T]{}}
}

// of is what is counted for a device, nil for one that is left out, and for a
// name that comes twice in a reading.
func (d *devices[T]) of(name []byte) *T {
	k := d.known[string(name)]
	if k == nil {
		if k = d.add(string(name)); k == nil {
			return nil
		}
	}
	if k.tick == d.c.tick {
		return nil
	}
	k.tick = d.c.tick
	return k.counted
}

func (d *devices[T]) add(name string) *device[T] {
	d.forget()
	if d.shown >= maxDevices || len(d.known) >= maxNames {
		if !d.said {
			d.said = true
			d.c.missing(d.what, fmt.Errorf("this host has more than %d: the rest has no series", maxDevices))
		}
		return nil
	}
	k := &device[T]{counted: d.begin(name)}
	if k.counted != nil {
		d.shown++
	}
	d.known[name] = k
	return k
}

// forget makes room, once a reading at most, where names come and go.
func (d *devices[T]) forget() {
	if d.swept == d.c.tick {
		return
	}
	d.swept = d.c.tick
	for name, k := range d.known {
		if k.tick >= d.c.tick-forgetAfter {
			continue
		}
		if k.counted != nil {
			d.shown--
		}
		delete(d.known, name)
	}
}
