package logs

import (
	"math"
	"strconv"
	"unicode/utf8"

	"patou/internal/entry"
)

// AppendJSON appends a row as the API writes it, without a line's end: an
// entry as AppendEntry does, else an object of the cells in their order.
func (r *Row) AppendJSON(dst []byte) []byte {
	if r.Entry != nil {
		return AppendEntry(dst, r.Entry)
	}
	dst = append(dst, '{')
	for i, c := range r.Cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, c.Name), ':')
		dst = c.Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// AppendJSON appends a value: null, a text, a number, or a time as text.
func (v Value) AppendJSON(dst []byte) []byte {
	switch {
	case v.kind == valueNone || v.kind == valueNumber && (math.IsNaN(v.number) || math.IsInf(v.number, 0)):
		return append(dst, "null"...)
	case v.kind == valueNumber:
		return strconv.AppendFloat(dst, v.number, 'f', -1, 64)
	}
	return appendString(dst, v.String())
}

// AppendEntry appends an entry as the API writes it:
// {"time","component","host","level","message","fields":{…},"id"}.
func AppendEntry(dst []byte, e *entry.Entry) []byte {
	dst = append(dst, `{"time":"`...)
	dst = append(dst, formatTime(e.Time)...)
	dst = appendString(append(dst, `","component":`...), e.Component)
	dst = appendString(append(dst, `,"host":`...), e.Host)
	dst = appendString(append(dst, `,"level":`...), e.Level.String())
	dst = appendString(append(dst, `,"message":`...), e.Message)
	dst = append(dst, `,"fields":{`...)
	for i, f := range e.Fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, f.Key), ':')
		dst = appendString(dst, f.Value)
	}
	dst = append(dst, `},"id":"`...)
	dst = append(dst, e.ID.String()...)
	return append(dst, `"}`...)
}

// appendString appends a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
