package why

import (
	"slices"
	"strconv"

	"patou/internal/entry"
)

// numberOf reads a field's value as a number.
func numberOf(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// countFields counts the values of each field, and those of slow requests once
// more. A value that is the name of a component is a link to it.
func (r *reader) countFields(o *opened, spans []int32, slow []bool) error {
	keys, err := o.Keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		v := column(r.to.fields, key, len(r.to.requests))
		var s *valued
		if slow != nil {
			s = column(r.to.slow, key, len(r.to.requests))
		}
		if v.dropped && (s == nil || s.dropped) {
			continue
		}
		texts, err := o.Field(key)
		if err != nil {
			return err
		}
		if texts.Codes == nil && len(texts.Values) > maxValues {
			// All values differ: such a field never says anything.
			v.dropped = true
			if s != nil {
				s.dropped = true
			}
			continue
		}
		r.countColumn(o, texts, spans, slow, v, s)
	}
	return nil
}

func column(of map[string]*valued, key string, spans int) *valued {
	v := of[key]
	if v == nil {
		v = &valued{values: map[string][]float64{}, all: make([]float64, spans)}
		of[key] = v
	}
	return v
}

func (r *reader) countColumn(o *opened, texts entry.Strings, spans []int32, slow []bool, v, s *valued) {
	all, slows := make([][]float64, len(texts.Values)), make([][]float64, len(texts.Values))
	for i, at := range spans {
		row := o.lo + i
		if at < 0 {
			continue
		}
		code := uint32(row)
		if texts.Codes != nil {
			code = texts.Codes[row]
		}
		if code == entry.Absent || int(code) >= len(texts.Values) {
			continue
		}
		v.add(texts.Values[code], &all[code], at)
		if s != nil && slow[i] {
			s.add(texts.Values[code], &slows[code], at)
		}
		if all[code] != nil && r.known[texts.Values[code]] {
			r.linkTo(texts.Values[code])
		}
	}
}

// add counts a value; counts is where this run remembers its counts.
func (v *valued) add(value string, counts *[]float64, at int32) {
	if v.dropped {
		return
	}
	v.all[at]++
	if *counts == nil {
		if *counts = v.values[value]; *counts == nil {
			if len(v.values) == maxValues {
				v.dropped, v.values = true, nil
				return
			}
			*counts = make([]float64, len(v.all))
			v.values[value] = *counts
		}
	}
	(*counts)[at]++
}

func (r *reader) linkTo(c string) {
	if l := [2]string{r.to.name, c}; c != r.to.name && !slices.Contains(r.lines.links, l) && len(r.lines.links) < 10_000 {
		r.lines.links = append(r.lines.links, l)
	}
}
