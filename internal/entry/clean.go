package entry

import (
	"strings"
	"unicode/utf8"
)

// CutField is the key of the field that names what Clean cut, such as
// "message" or "fields", so that a reader knows that there was more.
const CutField = "patou_cut"

// Clean brings an entry within the limits: invalid UTF-8 becomes U+FFFD, NUL
// bytes become U+2400, what is too long is cut at a rune's start and named in
// CutField. The fast path of a clean entry allocates nothing.
func Clean(e *Entry) {
	var cuts []string
	e.Host, _ = cleanText(e.Host, MaxHost)
	var cut bool
	if e.Message, cut = cleanText(strings.TrimRight(e.Message, "\r\n"), MaxMessage); cut {
		cuts = append(cuts, "message")
	}
	if len(e.Fields) > MaxFields {
		e.Fields = e.Fields[:MaxFields:MaxFields]
		cuts = append(cuts, "fields")
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		f.Key, _ = cleanText(f.Key, MaxKey)
		if f.Value, cut = cleanText(f.Value, MaxValue); cut {
			cuts = append(cuts, f.Key)
		}
	}
	if len(cuts) > 0 {
		value, _ := cleanText(strings.Join(cuts, " "), MaxValue)
		e.Fields = append(e.Fields[:len(e.Fields):len(e.Fields)], Field{CutField, value})
	}
}

func cleanText(s string, limit int) (text string, cut bool) {
	if len(s) > limit {
		s, cut = s[:runeStart(s, limit)], true
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\u2400")
	}
	return s, cut
}

// runeStart is the last place at or before n where a rune begins.
func runeStart(s string, n int) int {
	for i := n; i > 0 && i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n
}
