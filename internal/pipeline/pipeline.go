// Package pipeline makes of a received entry what is stored: it masks secrets,
// recognises access logs, JSON and logfmt in the message, sets fields, level and time by
// them, brings everything within its limits, and derives samples from requests.
//
// Invariant: after Process an entry has a component and host by their grammars,
// a time, a level where one can be known, and each field once; the envelope
// says when and where, the line itself what and how bad; but of a line from a
// file, the line says when. Derive depends on the
// entry alone, so that it gives the same samples whenever it is asked. A secret
// is masked before anything else looks at the entry. Nothing here fails: what is
// not recognised stays a message.
package pipeline

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"patou/internal/component"
	"patou/internal/entry"
	"patou/internal/mask"
	"patou/internal/parse/accesslog"
	"patou/internal/parse/logfmt"
	"patou/internal/parse/ndjson"
	"patou/internal/telemetry"
)

// Options are what a Pipeline can be told. The zero Options are the defaults.
type Options struct {
	// MaxComponents bounds the components whose series' names are remembered;
	// 0 is 10,000.
	MaxComponents int
	// Zone is that of times in plain lines which name none; nil is this machine's.
	Zone *time.Location
	// Masked counts what was masked; nil for nowhere.
	Masked *telemetry.Counter
}

// Pipeline processes entries. It is safe for use by several goroutines.
type Pipeline struct {
	workers sync.Pool // of *worker
	zone    *time.Location
	names   nameCache
	mask    atomic.Pointer[mask.Masker] // nil masks nothing
	masked  *telemetry.Counter
}

// New is a pipeline.
func New(o Options) *Pipeline {
	if o.MaxComponents <= 0 {
		o.MaxComponents = 10_000
	}
	if o.Masked == nil {
		o.Masked = new(telemetry.Counter)
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	return &Pipeline{
		masked:  o.Masked,
		zone:    o.Zone,
		workers: sync.Pool{New: func() any { return new(worker) }},
		names:   nameCache{limit: o.MaxComponents, known: map[string]*names{}},
	}
}

// SetMask has entries and texts masked from now on.
func (p *Pipeline) SetMask(m *mask.Masker) { p.mask.Store(m) }

// Masker is what SetMask was given last, nil before.
func (p *Pipeline) Masker() *mask.Masker { return p.mask.Load() }

// Mask masks a text that became no entry, before anybody sees it.
func (p *Pipeline) Mask(s string) string {
	s, n := p.mask.Load().Text(s)
	p.masked.Add(n)
	return s
}

// worker is the memory that processing one entry needs, used again for the
// next. Fields that it gives to entries are never used again.
type worker struct {
	// latest is the last time, in ns, that a line is believed.
	latest int64
	// read is when the line was, 0 where that is not known.
	read int64
	// zone is where hours is the hour of the line before, as hoursText names it.
	zone      *time.Location
	hours     hours
	hoursText string

	json  ndjson.Decoder
	found []entry.Field
	arena []entry.Field
}

// maxAhead is how far a line's own time may be ahead of the server's clock to be
// believed.
const maxAhead = 24 * time.Hour

// Process completes an entry in place. Now is its time when neither the envelope
// nor the line has one. The entry's Fields slice is the pipeline's to change.
func (p *Pipeline) Process(now time.Time, e *entry.Entry) { p.ProcessIn(nil, now, e) }

// ProcessIn is Process where a zone other than the pipeline's holds for times in
// plain lines which name none; nil is the pipeline's.
func (p *Pipeline) ProcessIn(zone *time.Location, now time.Time, e *entry.Entry) {
	if zone == nil {
		zone = p.zone
	}
	m := p.mask.Load()
	masked := m.Entry(e)
	w := p.workers.Get().(*worker)
	w.latest = now.Add(maxAhead).UnixNano()
	if w.zone != zone {
		w.zone, w.hoursText = zone, ""
	}
	read := int64(0)
	if ofFile(e) {
		read, e.Time = e.Time, 0
	}
	w.read = read
	if w.recognise(e) {
		masked += m.Keys(e.Fields) // a key may have been written with escapes
	}
	p.workers.Put(w)
	if masked > 0 {
		p.masked.Add(masked)
	}
	if e.Time == 0 {
		e.Time = read
	}
	if e.Time == 0 {
		e.Time = now.UnixNano()
	}
	e.Component = component.Clean(e.Component)
	entry.Clean(e)
}

// recognise looks into the message. The first bytes tell most messages apart,
// so prose costs a glance. It reports whether there were fields.
func (w *worker) recognise(e *entry.Entry) bool {
	before := len(e.Fields)
	text := strings.TrimLeft(e.Message, " ")
	text = strings.TrimLeft(strings.TrimPrefix(text, "@cee:"), " ")
	switch {
	case text == "":
	case text[0] == '{':
		w.jsonLine(text, e)
	case accesslog.Likely(text):
		w.accessLine(text, e)
	case logfmt.Likely(text):
		w.logfmtLine(text, e)
	default:
		w.stampLine(text, e)
	}
	e.Level = max(e.Level, requestLevel(e))
	return len(e.Fields) != before
}

func (w *worker) accessLine(text string, e *entry.Entry) {
	found, ns, ok := accesslog.Parse(text, w.found[:0])
	if !ok {
		return
	}
	w.found = found
	if e.Time == 0 && ns <= w.latest {
		e.Time = ns
	}
	w.merge(e, found)
}

func (w *worker) jsonLine(text string, e *entry.Entry) {
	var line entry.Entry
	if w.json.Fields(text, &line) != nil {
		return
	}
	w.merge(e, adopt(e, line.Fields, w.latest))
}

func (w *worker) logfmtLine(text string, e *entry.Entry) {
	found, ok := logfmt.Parse(text, w.found[:0])
	if !ok {
		return
	}
	w.found = found
	w.merge(e, adopt(e, found, w.latest))
}

// fieldChunk is how many fields are allocated at once.
const fieldChunk = 256

// merge gives the entry the fields that its line was found to have, in memory
// of their own. The line's value replaces the envelope's of the same key.
func (w *worker) merge(e *entry.Entry, found []entry.Field) {
	n := len(e.Fields) + len(found)
	if cap(w.arena)-len(w.arena) < n {
		w.arena = make([]entry.Field, 0, max(fieldChunk, n))
	}
	from := len(w.arena)
	w.arena = append(w.arena, e.Fields...)
	envelope := w.arena[from:]
	for _, f := range found {
		if old := find(envelope, f.Key); old != nil {
			old.Value = f.Value
			continue
		}
		w.arena = append(w.arena, f)
	}
	e.Fields = w.arena[from:len(w.arena):len(w.arena)]
	clear(found) // so that the pool keeps no request's memory alive
}

func find(fields []entry.Field, key string) *entry.Field {
	for i := range fields {
		if fields[i].Key == key {
			return &fields[i]
		}
	}
	return nil
}
