package logs

import (
	"errors"

	"patou/internal/entry"
	"patou/internal/pattern"
	"patou/internal/query/logs/lang"
)

// patternStage lists the templates of rows, or of whole runs.
type patternStage struct {
	stage
	*sightings
}

func (p *patternStage) push(r *Row) error { return p.addRow(r) }

func (p *patternStage) scan(s *scan, rows rowSet) error { return p.addScan(s, rows) }

// end is where the answer begins: the last row may have made a template of what
// were texts.
func (p *patternStage) end() error {
	for _, one := range p.finish() {
		if err := p.stage.push(p.row(&one)); errors.Is(err, errEnough) {
			break
		} else if err != nil {
			return err
		}
	}
	return p.stage.end()
}

// row makes the columns: what the templates were told apart by, then those of
// lang.PatternColumns.
func (p *patternStage) row(one *found) *Row {
	values := []Value{textValue(one.template.Text, true), numberValue(float64(one.n)), {}, {}, textValue(one.example, one.example != "")}
	if one.timed {
		values[2], values[3] = timeValue(one.first), timeValue(one.last)
	}
	cells := make([]Cell, 0, len(one.keys)+len(values))
	for i, k := range one.keys {
		cells = append(cells, Cell{p.by[i], k})
	}
	for i, name := range lang.PatternColumns() {
		cells = append(cells, Cell{name, values[i]})
	}
	return &Row{Cells: cells}
}

// seenRun is what one run shows of one sighting, before its texts are cloned.
type seenRun struct {
	to          *sighting
	first, last int64
	text        string
}

// addScan takes in the selected rows of a run. A text that occurs often is mined
// once.
func (g *sightings) addScan(s *scan, rows rowSet) error {
	if rows.empty() {
		return nil
	}
	g.settle()
	text, err := s.texts(columnOf(g.from))
	if err != nil || len(text.Values) == 0 {
		return err
	}
	refs, err := g.mine(s, text, rows)
	if err != nil {
		return err
	}
	values := &columnar{to: &groups{}, local: map[uint64]uint32{}, keys: make([]Value, len(g.by))}
	for _, name := range g.by {
		t, err := s.texts(columnOf(name))
		if err != nil {
			return err
		}
		values.codes = append(values.codes, *t)
	}
	return g.count(s, rows, text, refs, values)
}

// mine gives the reference of each value of a column that a row has.
func (g *sightings) mine(s *scan, text *texts, rows rowSet) ([]pattern.Ref, error) {
	counts := make([]uint64, len(text.Values))
	err := rows.each(func(row int) error {
		if c := text.code(row); c != entry.Absent {
			counts[c]++
		}
		return s.pace.step(0)
	})
	refs := make([]pattern.Ref, len(counts))
	for c, n := range counts {
		if err != nil {
			return nil, err
		}
		if n > 0 {
			refs[c] = g.miner.AddMany(text.Values[c], n)
			err = s.pace.step(len(text.Values[c]))
		}
	}
	return refs, err
}

// count goes down the rows, and keeps the times and examples at the end.
func (g *sightings) count(s *scan, rows rowSet, text *texts, refs []pattern.Ref, values *columnar) error {
	times, err := s.cols.Times()
	if err != nil {
		return err
	}
	levels, err := s.cols.Levels()
	if err != nil {
		return err
	}
	slots := map[uint64]*seenRun{}
	err = rows.each(func(row int) error {
		c := text.code(row)
		if c == entry.Absent {
			return nil
		}
		pair := uint64(refs[c])<<32 | uint64(values.number(row))
		at := slots[pair]
		if at == nil {
			to, err := g.find(refs[c], values.of(row))
			if err != nil {
				return err
			}
			at = &seenRun{to: to, first: times[row]}
			slots[pair] = at
		}
		if at.text == "" || times[row] > at.last || text.Values[c] > at.text {
			at.last, at.text = times[row], text.Values[c]
		}
		g.watch.count(at.to, times[row], levels[row])
		return s.pace.step(0)
	})
	if err != nil {
		return err
	}
	return g.keep(slots)
}

// keep hands the times and examples of a run on. Those of the time compared with
// stand for what the window does not have.
func (g *sightings) keep(slots map[uint64]*seenRun) error {
	for _, at := range slots {
		if g.watch != nil && g.watch.base {
			g.watch.begin(at.to.keys[0].text, at.first)
			if at.to.n > 0 {
				continue
			}
		}
		if err := g.note(at.to, at.last, at.text); err != nil {
			return err
		}
		at.to.first = min(at.to.first, at.first)
	}
	return nil
}

// begin notes that a component spoke at a time already.
func (w *watch) begin(component string, t int64) {
	if first, known := w.begun[component]; !known || t < first {
		w.begun[component] = t
	}
}

// count counts a row; without a watch all rows are of the window.
func (w *watch) count(to *sighting, t int64, level entry.Level) {
	if w == nil {
		to.n++
		return
	}
	if w.base {
		to.base++
	} else {
		to.n++
		to.levels[level]++
	}
	if i := (t - w.from) / w.step; t >= w.from && i < int64(w.buckets) {
		to.spark[i]++
	}
}
