package logs

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"patou/internal/entry"
	"patou/internal/fsx"
)

// maxHosts bounds the hosts that a segment lists.
const maxHosts = 1 << 16

// entryWriter takes entries in order of component, time and ID and makes a
// segment of them.
type entryWriter struct {
	segmentWriter
	b          *builder
	blockBytes int
	component  string
	hosts      map[string]int64
	lastHost   string
	lastTime   int64
}

// newEntryWriter writes a segment's entries, which must come by component and
// time.
func (s *Store) newEntryWriter(w io.Writer, info segmentInfo) *entryWriter {
	blockBytes := s.opts.BlockBytes
	if len(info.inputs) > 0 {
		blockBytes = s.opts.MergedBlockBytes
	}
	return &entryWriter{
		segmentWriter: segmentWriter{w: w, packer: s.packer, info: info},
		b:             newBuilder(s.packer), blockBytes: blockBytes, hosts: map[string]int64{},
	}
}

// add takes one entry. Its texts must stay valid until its block is written.
func (w *entryWriter) add(component string, e *entry.Entry) error {
	if full := w.blockIsFull(component != w.component); full {
		if err := w.block(w.b); err != nil {
			return err
		}
	}
	w.component = component
	w.b.add(component, e)
	if e.Host != w.lastHost || e.Time > w.lastTime {
		w.sawHost(e)
	}
	return nil
}

// blockIsFull cuts at a component's end when there is enough, so that a busy
// component rarely shares its blocks.
func (w *entryWriter) blockIsFull(newComponent bool) bool {
	enough := w.blockBytes
	if newComponent {
		enough /= 2
	}
	return w.b.rows() > 0 && (w.b.bytes >= enough || w.b.rows() == maxBlockRows)
}

// sawHost remembers the host of entries in a row, which is mostly the same.
func (w *entryWriter) sawHost(e *entry.Entry) {
	if e.Host != w.lastHost {
		w.noteHost()
		w.lastHost, w.lastTime = e.Host, e.Time
	}
	w.lastTime = max(w.lastTime, e.Time)
}

// noteHost keeps the newest time of the host that spoke last.
func (w *entryWriter) noteHost() {
	if last, ok := w.hosts[w.lastHost]; w.lastHost != "" && (ok || len(w.hosts) < maxHosts) {
		w.hosts[w.lastHost] = max(last, w.lastTime)
		if !ok {
			w.hosts[w.lastHost] = w.lastTime
		}
	}
}

// end writes what is left and the directory.
func (w *entryWriter) end() error {
	if w.b.rows() > 0 {
		if err := w.block(w.b); err != nil {
			return err
		}
	}
	w.noteHost()
	for name, last := range w.hosts {
		w.info.hosts = append(w.info.hosts, hostInfo{name, last})
	}
	slices.SortFunc(w.info.hosts, func(a, b hostInfo) int { return strings.Compare(a.name, b.name) })
	return w.finish()
}

// writeSegment publishes a segment of the entries that fill gives to its add.
func (s *Store) writeSegment(info segmentInfo, fill func(add func(string, *entry.Entry) error) error) (*segment, error) {
	var w *entryWriter
	err := fsx.Publish(s.fs, path.Join(s.dir, segmentName(info.number)), func(out io.Writer) error {
		w = s.newEntryWriter(out, info)
		if err := w.begin(); err != nil {
			return err
		}
		if err := fill(w.add); err != nil {
			return err
		}
		return w.end()
	})
	if err != nil {
		return nil, err
	}
	return newSegment(s.dir, w.info, w.offset), nil
}

// span is a range of time, in ns, both ends included.
type span struct{ first, last int64 }

const day = 24 * 60 * minute

// maxSpans bounds the segments that one flush makes: late entries of many days
// share the oldest.
const maxSpans = 8

// spans are the days that the generation has entries of, newest first.
func (g *generation) spans() []span {
	seen := map[int64]bool{}
	for _, p := range g.parts {
		for _, piece := range p.pieces {
			for i := range piece.minutes {
				seen[floorDiv(piece.minutes[i].Minute, day/minute)] = true
			}
		}
	}
	var days []int64
	for d := range seen {
		days = append(days, d)
	}
	slices.Sort(days)
	slices.Reverse(days)
	var out []span
	for _, d := range days {
		if len(out) == maxSpans {
			out[maxSpans-1].first = minTime
			break
		}
		out = append(out, daySpan(d))
	}
	return out
}

const (
	minTime = -1 << 63
	maxTime = 1<<63 - 1
)

// daySpan is the day that is d days after 1970, cut where ns end.
func daySpan(d int64) span {
	sp := span{minTime, maxTime}
	if d > minTime/day {
		sp.first = d * day
	}
	if d < maxTime/day {
		sp.last = d*day + day - 1
	}
	return sp
}

// floorDiv rounds down for times before 1970 too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// fill gives the generation's entries of a span to add, in order.
func (g *generation) fill(ctx context.Context, sp span, add func(string, *entry.Entry) error) error {
	parts := make([]*part, 0, len(g.parts))
	for _, p := range g.parts {
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.component, b.component) })
	var e entry.Entry
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, number := range g.within(p, sp) {
			g.view(&e, number)
			if err := add(p.component, &e); err != nil {
				return err
			}
		}
	}
	return nil
}

// within is the rows of a part in a span, in order of time and ID.
func (g *generation) within(p *part, sp span) []uint32 {
	var numbers []uint32
	sorted, last := true, int64(minTime)
	for _, piece := range p.pieces {
		if piece.last < sp.first || piece.first > sp.last {
			continue
		}
		sorted = sorted && piece.sorted && piece.first >= last
		last = piece.last
		inside := sp.first <= piece.first && piece.last <= sp.last
		for _, n := range piece.rows {
			if t := g.row(n).time; inside || sp.first <= t && t <= sp.last {
				numbers = append(numbers, n)
			}
		}
	}
	if !sorted {
		return g.inOrder(numbers)
	}
	return numbers
}
