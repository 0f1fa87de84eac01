package logs

import (
	"context"
	"slices"
	"strings"
	"time"

	"patou/internal/entry"
	"patou/internal/timerange"
)

// memory is a Source over a slice, split into runs as a test asks.
type memory struct {
	runs   []entry.Run
	opened int
	held   int // lookups not released
	onOpen func()
}

func (m *memory) Runs(ctx context.Context, l entry.Lookup) ([]entry.Run, func(), error) {
	var out []entry.Run
	for _, r := range m.runs {
		if l.Component != nil && !l.Component(r.Component) || r.Last < l.From || r.First >= l.Until {
			continue
		}
		open := r.Open
		r.Open = func(ctx context.Context) (entry.Columns, error) {
			m.opened++
			if m.onOpen != nil {
				m.onOpen()
			}
			return open(ctx)
		}
		if cols, _ := open(ctx); !cols.(*columns).holds(l) {
			continue
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b entry.Run) int { return -int(min(max(a.Last-b.Last, -1), 1)) })
	m.held++
	return out, func() { m.held-- }, nil
}

// columns serves entries column by column, as dictionaries where dict is set.
type columns struct {
	of   []entry.Entry
	dict bool
}

// holds tells what a store's skip filter may tell: that no entry has a literal.
func (c *columns) holds(l entry.Lookup) bool {
	return slices.ContainsFunc(c.of, func(e entry.Entry) bool {
		for _, s := range l.Literals {
			if !strings.Contains(strings.ToLower(e.Message), strings.ToLower(s)) {
				return false
			}
		}
		return l.ID.IsZero() || e.ID == l.ID
	})
}

func (c *columns) Len() int { return len(c.of) }

func (c *columns) Times() ([]int64, error) {
	return mapped(c.of, func(e entry.Entry) int64 { return e.Time }), nil
}

func (c *columns) Levels() ([]entry.Level, error) {
	return mapped(c.of, func(e entry.Entry) entry.Level { return e.Level }), nil
}

func (c *columns) IDs() ([]entry.ID, error) {
	return mapped(c.of, func(e entry.Entry) entry.ID { return e.ID }), nil
}

func (c *columns) Hosts() (entry.Strings, error) {
	return c.texts(func(e *entry.Entry) (string, bool) { return e.Host, true }), nil
}

func (c *columns) Messages() (entry.Strings, error) {
	return c.texts(func(e *entry.Entry) (string, bool) { return e.Message, true }), nil
}

func (c *columns) Keys() ([]string, error) {
	var keys []string
	for _, e := range c.of {
		for _, f := range e.Fields {
			if !slices.Contains(keys, f.Key) {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys, nil
}

func (c *columns) Field(key string) (entry.Strings, error) {
	if keys, _ := c.Keys(); !slices.Contains(keys, key) {
		return entry.Strings{}, nil
	}
	s := c.texts(func(e *entry.Entry) (string, bool) { return e.Field(key) })
	return s, nil
}

func (c *columns) Fields(row int) ([]entry.Field, error) { return c.of[row].Fields, nil }

func (c *columns) texts(at func(*entry.Entry) (string, bool)) entry.Strings {
	var s entry.Strings
	full := true
	for i := range c.of {
		_, ok := at(&c.of[i])
		full = full && ok
	}
	for i := range c.of {
		value, ok := at(&c.of[i])
		code := slices.Index(s.Values, value)
		switch {
		case !ok:
			s.Codes = append(s.Codes, entry.Absent)
			continue
		case code < 0 || full && !c.dict:
			code = len(s.Values)
			s.Values = append(s.Values, value)
		}
		s.Codes = append(s.Codes, uint32(code))
	}
	if full && !c.dict {
		s.Codes = nil
	}
	return s
}

func mapped[T any](of []entry.Entry, f func(entry.Entry) T) []T {
	out := make([]T, len(of))
	for i, e := range of {
		out[i] = f(e)
	}
	return out
}

// newRun makes a run of entries of one component.
func newRun(of []entry.Entry, dict bool) entry.Run {
	slices.SortFunc(of, func(a, b entry.Entry) int { return compareEntries(&a, &b) })
	r := entry.Run{Component: of[0].Component, First: of[0].Time, Last: of[len(of)-1].Time, Rows: len(of)}
	for _, e := range of {
		m := timerange.Floor(e.Time, int64(time.Minute)) / int64(time.Minute)
		if n := len(r.Minutes); n == 0 || r.Minutes[n-1].Minute != m {
			r.Minutes = append(r.Minutes, entry.Minute{Minute: m})
		}
		r.Minutes[len(r.Minutes)-1].Counts[e.Level]++
	}
	r.Open = func(context.Context) (entry.Columns, error) { return &columns{of, dict}, nil }
	return r
}

// memoryOf keeps entries in runs of at most size, one component each, told
// apart by pick.
func memoryOf(entries []entry.Entry, size int, pick func(n int) int) *memory {
	parts := map[string][]entry.Entry{}
	m := &memory{}
	flush := func(component string) {
		if of := parts[component]; len(of) > 0 {
			m.runs = append(m.runs, newRun(of, pick(2) == 0))
			parts[component] = nil
		}
	}
	for _, e := range entries {
		parts[e.Component] = append(parts[e.Component], e)
		if len(parts[e.Component]) >= size || pick(size) == 0 {
			flush(e.Component)
		}
	}
	for component := range parts {
		flush(component)
	}
	return m
}
