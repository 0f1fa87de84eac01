package logs

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// FieldCount is how often a field occurs, and its most frequent values.
type FieldCount struct {
	Key string
	// Count is the number of entries that have it.
	Count  int
	Values []ValueCount
}

// ValueCount is how often a value occurs.
type ValueCount struct {
	Value string
	Count int
}

// Bounds of Fields. Past them the rarer half of all values is forgotten, so
// that counts of rare values may be too low; longer values are not listed.
const (
	maxScanned   = 200_000
	maxKeys      = 512
	maxHeld      = 16 << 20 // estimated bytes of all values
	maxListed    = 1024     // bytes of a value
	valueBytes   = 64       // of a value beside its text
	defaultFacet = 10
)

// Fields counts the fields of the newest entries that a query's filters
// select, component, host and level among them, with at most so many values
// each, most frequent first. Scanned says how many entries were counted: all,
// or the newest 200,000 and the rest of their run.
func Fields(ctx context.Context, src Source, q *Query, o Options, values int) (fields []FieldCount, scanned int, err error) {
	if values <= 0 {
		values = defaultFacet
	}
	f := &facetStage{stage: &lastStage{}, by: map[string]*facet{}}
	p := newPlan(&Query{Query: lang.Query{Filter: q.Filter, Pipes: q.rowPipes()}}, o.withDefaults(), nil)
	p.first, p.whole = f, f
	if err := p.run(ctx, src); err != nil {
		return nil, 0, err
	}
	for key, one := range f.by {
		if one.count > 0 {
			fields = append(fields, FieldCount{key, one.count, one.most(values)})
		}
	}
	slices.SortFunc(fields, func(a, b FieldCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Key, b.Key))
	})
	return fields, f.scanned, nil
}

// facetStage counts values of all fields, run by run.
type facetStage struct {
	stage
	by      map[string]*facet
	scanned int
	held    int
}

// facet is one field: in how many entries it is, and its values as far as they
// are listed.
type facet struct {
	count  int
	values map[string]int
}

// push is never called: the stage takes whole runs.
func (f *facetStage) push(*Row) error { return nil }

// scan counts a run. It ends the query only between runs, so that the one in
// which there are enough is counted whole.
func (f *facetStage) scan(s *scan, rows rowSet) error {
	keys, err := s.cols.Keys()
	if err != nil {
		return err
	}
	keys = append([]string{lang.KeyComponent, lang.KeyHost, lang.KeyLevel}, keys...)
	for key := range s.extra {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if err := f.column(s, key, rows); err != nil {
			return err
		}
	}
	if f.scanned += rows.count(); f.scanned >= maxScanned {
		return errEnough
	}
	return nil
}

// column counts codes first and values after, so that a value that occurs a
// thousand times is looked up once.
func (f *facetStage) column(s *scan, key string, rows rowSet) error {
	one := f.by[key]
	if one == nil {
		if len(f.by) == maxKeys {
			return nil
		}
		one = &facet{values: map[string]int{}}
		f.by[strings.Clone(key)] = one
	}
	t, err := s.texts(columnOf(key))
	if err != nil || len(t.Values) == 0 {
		return err
	}
	counts := make([]int, len(t.Values))
	err = rows.each(func(row int) error {
		if c := t.code(row); c != entry.Absent {
			counts[c]++
		}
		return s.pace.step(0)
	})
	for c, n := range counts {
		if n > 0 {
			f.add(one, t.Values[c], n)
		}
	}
	return err
}

// add clones what it keeps: the texts are valid only as long as their run.
func (f *facetStage) add(to *facet, value string, n int) {
	to.count += n
	if len(value) > maxListed {
		return
	}
	if _, known := to.values[value]; !known {
		if f.held += len(value) + valueBytes; f.held > maxHeld {
			f.forget()
		}
		value = strings.Clone(value)
	}
	to.values[value] += n
}

// forget drops the rarer half of each field's values.
func (f *facetStage) forget() {
	f.held = 0
	for _, one := range f.by {
		kept := one.most(len(one.values) / 2)
		one.values = make(map[string]int, len(kept))
		for _, v := range kept {
			one.values[v.Value] = v.Count
			f.held += len(v.Value) + valueBytes
		}
	}
}

// most are the n most frequent values, equal ones by their text.
func (f *facet) most(n int) []ValueCount {
	all := make([]ValueCount, 0, len(f.values))
	for value, count := range f.values {
		all = append(all, ValueCount{value, count})
	}
	slices.SortFunc(all, func(a, b ValueCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value))
	})
	return slices.Clone(all[:min(n, len(all))])
}
