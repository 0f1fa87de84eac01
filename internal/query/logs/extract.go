package logs

import (
	"maps"
	"slices"
	"strings"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// valuesOf are the texts that the pattern finds in s, one a name; nil where it
// does not match.
func valuesOf(e *lang.ExtractPipe, s string, into []string) []string {
	into = into[:0]
	if e.Regexp != nil {
		return groupsOf(e, s, into)
	}
	for range e.Names {
		into = append(into, "")
	}
	field, skip := -1, false
	for _, part := range e.Parts {
		at := strings.Index(s, part.Literal)
		if part.Literal == "" && (field >= 0 || skip) {
			at = len(s) // the last value reaches to the end
		}
		if at < 0 {
			return nil
		}
		if field >= 0 {
			into[field] = s[:at]
		}
		s = s[at+len(part.Literal):]
		field, skip = part.Field, part.Skip
	}
	return into
}

// groupsOf are the values of an expression's named groups.
func groupsOf(e *lang.ExtractPipe, s string, into []string) []string {
	found := e.Regexp.FindStringSubmatchIndex(s)
	if found == nil {
		return nil
	}
	for i, name := range e.Regexp.SubexpNames() {
		if name == "" {
			continue
		}
		value := ""
		if found[2*i] >= 0 {
			value = s[found[2*i]:found[2*i+1]]
		}
		into = append(into, value)
	}
	return into
}

// extractInto sets the fields that the pattern finds in an entry.
func extractInto(e *lang.ExtractPipe, to *entry.Entry) {
	source, ok := textOf(to, e.From)
	if !ok {
		return
	}
	values := valuesOf(e, source, nil)
	if values == nil {
		return
	}
	fields := slices.Clone(to.Fields)
	for i, name := range e.Names {
		fields = setField(fields, name, values[i])
	}
	to.Fields = fields
}

// setField replaces what an entry has under a name: the newer pipe wins. The
// caller owns the slice.
func setField(fields []entry.Field, key, value string) []entry.Field {
	for i := range fields {
		if fields[i].Key == key {
			fields[i].Value = value
			return fields
		}
	}
	return append(fields, entry.Field{Key: key, Value: value})
}

// extraction makes the columns of an extract for the rows of one window.
type extraction struct {
	pipe *lang.ExtractPipe
	out  []*texts
	seen []map[string]uint32
	// done holds the codes made of each distinct source value, nil for not
	// yet, empty for no match.
	done   [][]uint32
	buffer []string
	made   []uint32 // the codes given last
}

// extract adds the fields that a pattern finds to the window's columns.
func (s *scan) extract(e *lang.ExtractPipe, in rowSet) error {
	source, err := s.texts(columnOf(e.From))
	if err != nil || len(source.Values) == 0 {
		return err
	}
	x := &extraction{pipe: e}
	if err := x.begin(s, in); err != nil {
		return err
	}
	if source.Codes != nil {
		x.done = make([][]uint32, len(source.Values))
	}
	err = in.each(func(row int) error {
		c := source.code(row)
		if c == entry.Absent {
			return nil
		}
		for i, code := range x.codes(c, source.Values[c]) {
			x.out[i].Codes[row-in.lo] = code
		}
		return s.pace.step(len(source.Values[c]))
	})
	if s.extra == nil {
		s.extra = map[string]*texts{}
	}
	for i, name := range e.Names {
		s.extra[name] = x.out[i]
	}
	return err
}

// begin makes the columns as they are where the pattern does not match: the
// fields that entries already have under these names.
func (x *extraction) begin(s *scan, in rowSet) error {
	for _, name := range x.pipe.Names {
		before, err := s.texts(columnOf(name))
		if err != nil {
			return err
		}
		t := &texts{base: in.lo}
		t.Values = slices.Clone(before.Values)
		t.Codes = make([]uint32, in.hi-in.lo)
		for i := range t.Codes {
			t.Codes[i] = entry.Absent
			if len(before.Values) > 0 {
				t.Codes[i] = before.code(in.lo + i)
			}
		}
		x.out = append(x.out, t)
		x.seen = append(x.seen, map[string]uint32{})
	}
	return nil
}

// codes are the places of the values found in a source text.
func (x *extraction) codes(c uint32, source string) []uint32 {
	if x.done != nil && x.done[c] != nil {
		return x.done[c]
	}
	found := valuesOf(x.pipe, source, x.buffer)
	if found != nil {
		x.buffer = found
	}
	codes := x.made[:0]
	if x.done != nil {
		codes = make([]uint32, 0, len(x.pipe.Names))
	}
	for i, value := range found {
		code, ok := x.seen[i][value]
		if !ok {
			code = uint32(len(x.out[i].Values))
			x.out[i].Values = append(x.out[i].Values, value)
			x.seen[i][value] = code
		}
		codes = append(codes, code)
	}
	x.made = codes
	if x.done != nil {
		x.done[c] = codes
	}
	return codes
}

// sortedKeys keeps the order of made fields the same in each answer.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
