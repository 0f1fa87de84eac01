package logs

import (
	"errors"
	"slices"

	"patou/internal/query/logs/lang"
)

// errEnough ends a query early and well: a limit is reached.
var errEnough = errors.New("enough rows")

// stage takes rows, in order, and passes on what it makes of them. A row is
// valid during the call.
type stage interface {
	push(r *Row) error
	// end is called once after the last row, and not after an error.
	end() error
}

// lastStage hands the rows to the caller.
type lastStage struct {
	emit func(*Row) error
	sent int
}

func (l *lastStage) push(r *Row) error {
	l.sent++
	return l.emit(r)
}

func (l *lastStage) end() error { return nil }

// whereStage passes on rows that a filter selects; before the first row-wise
// pipe plan does the same on columns.
type whereStage struct {
	stage
	filter *node
}

func (w *whereStage) push(r *Row) error {
	if !w.filter.row(r) {
		return nil
	}
	return w.stage.push(r)
}

// extractStage makes fields, or columns of a row that is no entry any more. A
// row that the pattern does not match goes on unchanged.
type extractStage struct {
	stage
	pipe *lang.ExtractPipe
}

func (x *extractStage) push(r *Row) error {
	if r.Entry != nil {
		e := *r.Entry
		extractInto(x.pipe, &e)
		return x.stage.push(&Row{Entry: &e})
	}
	v := r.Value(x.pipe.From)
	if v.IsNone() {
		return x.stage.push(r)
	}
	cells := slices.Clone(r.Cells)
	for i, value := range valuesOf(x.pipe, v.String(), nil) {
		cells = setCell(cells, x.pipe.Names[i], value)
	}
	return x.stage.push(&Row{Cells: cells})
}

// setCell replaces a cell of the name or adds one. The caller owns the slice.
func setCell(cells []Cell, name, value string) []Cell {
	for i := range cells {
		if cells[i].Name == name {
			cells[i].Value = textValue(value, true)
			return cells
		}
	}
	return append(cells, Cell{name, textValue(value, true)})
}

// fieldsStage keeps the named values, absent ones as empty cells, so that all
// rows have the same columns.
type fieldsStage struct {
	stage
	names []string
}

func (f *fieldsStage) push(r *Row) error {
	cells := make([]Cell, len(f.names))
	for i, name := range f.names {
		cells[i] = Cell{name, r.Value(name)}
	}
	return f.stage.push(&Row{Cells: cells})
}

// limitStage ends the query after the last row it passes on, not at the next:
// what comes after may be far away.
type limitStage struct {
	stage
	left int
}

func (l *limitStage) push(r *Row) error {
	if l.left == 0 {
		return errEnough
	}
	l.left--
	if err := l.stage.push(r); err != nil || l.left > 0 {
		return err
	}
	return errEnough
}

// aggregateStage computes groups of rows, or of whole runs.
type aggregateStage struct {
	stage
	groups *groups
	top    *lang.TopPipe
}

func (a *aggregateStage) push(r *Row) error { return a.groups.addRow(r) }

func (a *aggregateStage) scan(s *scan, rows rowSet) error { return a.groups.addScan(s, rows) }

// end is where the answer begins: no group is finished before the last row is
// in.
func (a *aggregateStage) end() error {
	a.groups.none()
	if a.top != nil {
		a.groups.most(a.top.N, a.top.Rare)
	} else {
		a.groups.sort()
	}
	if err := a.groups.rows(a.stage.push); err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return a.stage.end()
}
