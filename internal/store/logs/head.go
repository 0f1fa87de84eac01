package logs

import (
	"slices"
	"strings"

	"patou/internal/entry"
)

// pieceRows bounds the entries of one component that are read together from
// memory, so that asking for the newest ones looks at few.
const pieceRows = 4096

// rowsChunk is how many rows are allocated at once.
const rowsChunk = 4096

// generation is what was applied between two freezes. It is filled by Apply
// under the store's lock; once frozen it does not change.
type generation struct {
	lsn    uint64 // the last record in it, set when it is frozen
	texts  arena
	rows   [][]row // chunks of rowsChunk, in order of arrival
	count  int
	hosts  numbered
	keys   numbered
	parts  map[string]*part
	pairs  [][]pair // chunks of rowsChunk, or longer; a row's stand in one
	paired int      // used of the last chunk of pairs
	owed   int64    // bytes of parts and pieces, about
	// hostLast is when each of hosts spoke last.
	hostLast []int64
	// answers is how many idempotency keys came; the store keeps them.
	answers int
}

// row is one entry in memory. Its message is at text.
type row struct {
	time    int64
	batch   uint64
	index   uint32
	message uint32 // bytes
	text    place
	host    uint32
	fields  uint16
	level   entry.Level
	pairs   place // of its fields
}

// pair is one field of a row.
type pair struct {
	key   uint32
	value uint32 // bytes
	text  place
}

// part is what a generation holds of one component.
type part struct {
	component string
	pieces    []*piece
}

// piece is a stretch of one component in order of arrival.
type piece struct {
	rows        []uint32
	first, last int64
	least, most uint64 // batches
	minutes     []entry.Minute
	sorted      bool
}

// numbered gives each distinct text a number.
type numbered struct {
	texts   []string
	numbers map[string]uint32
}

// number clones a text that is new: what Apply is given is not kept.
func (n *numbered) number(s string) uint32 {
	if i, ok := n.numbers[s]; ok {
		return i
	}
	s = strings.Clone(s)
	i := uint32(len(n.texts))
	n.texts = append(n.texts, s)
	n.numbers[s] = i
	return i
}

func newGeneration() *generation {
	return &generation{
		parts: map[string]*part{},
		hosts: numbered{numbers: map[string]uint32{}},
		keys:  numbered{numbers: map[string]uint32{}},
	}
}

// empty reports whether there is nothing to write. Answers without entries are
// something.
func (g *generation) empty() bool { return g.count == 0 && g.answers == 0 }

// bytes is the memory that the generation holds, about.
func (g *generation) bytes() int64 {
	const rowBytes, pairBytes = 64, 16
	return g.texts.bytes + int64(len(g.rows))*rowsChunk*rowBytes +
		int64(len(g.pairs))*rowsChunk*pairBytes + g.owed
}

// add copies an entry that got this id.
func (g *generation) add(e *entry.Entry, id entry.ID) {
	r := row{
		time: e.Time, batch: id.Batch, index: id.Row, level: min(e.Level, entry.Levels-1),
		message: uint32(len(e.Message)), host: g.hosts.number(e.Host), fields: uint16(len(e.Fields)),
	}
	g.noteHost(r.host, e.Time)
	r.text = g.texts.put(e.Message)
	r.pairs = g.addFields(e.Fields)
	if g.count%rowsChunk == 0 {
		g.rows = append(g.rows, make([]row, rowsChunk))
	}
	g.rows[g.count/rowsChunk][g.count%rowsChunk] = r
	g.pieceOf(e.Component).add(uint32(g.count), &r)
	g.count++
	g.owed += 4
}

// noteHost remembers when a host spoke last, which may be earlier than its
// entry before.
func (g *generation) noteHost(number uint32, time int64) {
	if int(number) == len(g.hostLast) {
		g.hostLast = append(g.hostLast, time)
	}
	g.hostLast[number] = max(g.hostLast[number], time)
}

// addFields copies fields to where they stand side by side.
func (g *generation) addFields(fields []entry.Field) place {
	last := len(g.pairs) - 1
	if last < 0 || len(g.pairs[last])-g.paired < len(fields) {
		g.pairs = append(g.pairs, make([]pair, max(rowsChunk, len(fields))))
		last, g.paired = last+1, 0
	}
	at := place{uint32(last), uint32(g.paired)}
	for i := range fields {
		f := &fields[i]
		g.pairs[last][g.paired] = pair{g.keys.number(f.Key), uint32(len(f.Value)), g.texts.put(f.Value)}
		g.paired++
	}
	return at
}

// partBytes is what a component costs beside its entries, about.
const partBytes = 320

// pieceOf is where the next entry of a component goes.
func (g *generation) pieceOf(component string) *piece {
	p := g.parts[component]
	if p == nil {
		p = &part{component: strings.Clone(component)}
		g.parts[p.component] = p
		g.owed += partBytes
	}
	if n := len(p.pieces); n > 0 && len(p.pieces[n-1].rows) < pieceRows {
		return p.pieces[n-1]
	}
	fresh := &piece{sorted: true}
	p.pieces = append(p.pieces, fresh)
	return fresh
}

// add appends a row. Whether times ascended is noted, so that a reader need
// not sort what is in order.
func (p *piece) add(number uint32, r *row) {
	if len(p.rows) == 0 {
		p.first, p.last, p.least = r.time, r.time, r.batch
	}
	p.rows = append(p.rows, number)
	p.sorted = p.sorted && r.time >= p.last
	p.first, p.last, p.most = min(p.first, r.time), max(p.last, r.time), r.batch
	p.minutes = countMinute(p.minutes, r.time, r.level)
}

// countMinute counts one entry; minutes stay in order.
func countMinute(minutes []entry.Minute, time int64, level entry.Level) []entry.Minute {
	m := minuteOf(time)
	i := len(minutes) - 1
	if i < 0 || minutes[i].Minute != m {
		var found bool
		i, found = slices.BinarySearchFunc(minutes, m, func(o entry.Minute, m int64) int {
			return int(min(1, max(-1, o.Minute-m)))
		})
		if !found {
			minutes = slices.Insert(minutes, i, entry.Minute{Minute: m})
		}
	}
	minutes[i].Counts[level]++
	return minutes
}

const minute = int64(60e9)

// minuteOf is the whole minutes since 1970, rounded down before it too.
func minuteOf(time int64) int64 {
	m := time / minute
	if time%minute < 0 {
		m--
	}
	return m
}

func (g *generation) row(number uint32) *row {
	return &g.rows[number/rowsChunk][number%rowsChunk]
}

func (g *generation) pairsOf(r *row) []pair {
	if r.fields == 0 {
		return nil
	}
	return g.pairs[r.pairs.chunk][r.pairs.offset:][:r.fields]
}

// fieldsOf appends the fields of a row to dst.
func (g *generation) fieldsOf(dst []entry.Field, r *row) []entry.Field {
	for _, p := range g.pairsOf(r) {
		dst = append(dst, entry.Field{Key: g.keys.texts[p.key], Value: g.texts.text(p.text, int(p.value))})
	}
	return dst
}

// view fills e with an entry of a component; its texts and fields are valid as
// long as the generation, the fields until the next view with the same e.
func (g *generation) view(e *entry.Entry, number uint32) {
	r := g.row(number)
	e.ID = entry.ID{Batch: r.batch, Row: r.index}
	e.Time, e.Level, e.Host = r.time, r.level, g.hosts.texts[r.host]
	e.Message = g.texts.text(r.text, int(r.message))
	e.Fields = g.fieldsOf(e.Fields[:0], r)
}

// inOrder is the numbers of rows by time; rows came in order of ID.
func (g *generation) inOrder(numbers []uint32) []uint32 {
	slices.SortStableFunc(numbers, func(a, b uint32) int {
		switch ta, tb := g.row(a).time, g.row(b).time; {
		case ta < tb:
			return -1
		case ta > tb:
			return 1
		}
		return 0
	})
	return numbers
}
