package pipeline

import (
	"strings"
	"time"

	"patou/internal/entry"
)

// A plain line may begin with its time, and say its level soon behind it. Only
// the forms that many programs share are known: RFC 3339 and what resembles it,
// nginx's 2026/11/20, and syslog's "Nov 20 12:00:00 host app[pid]:". The message
// stays whole.

// stampLine looks for the line's time, level and, where it has them, who wrote it.
// Its first byte tells nearly all other lines apart.
func (w *worker) stampLine(text string, e *entry.Entry) {
	if len(text) < 15 {
		return
	}
	var rest string
	switch c := text[0]; {
	case c >= '1' && c <= '2':
		ns, after, ok := w.dateTime(text)
		if !ok {
			return
		}
		w.believe(e, ns)
		rest = after
	case c >= 'A' && c <= 'S':
		ns, after, ok := w.monthTime(text)
		if !ok {
			return
		}
		w.believe(e, ns)
		w.writer(e, after)
		return
	default:
		return
	}
	w.found = w.found[:0]
	level := w.words(rest)
	if e.Level == entry.LevelNone {
		e.Level = level
	}
	w.merge(e, w.found)
}

// believe takes a line's time where the envelope has none, or the same less
// exactly.
func (w *worker) believe(e *entry.Entry, ns int64) {
	if ns > w.latest || e.Time != 0 && (ns-e.Time > samePrecision || e.Time-ns > samePrecision) {
		return
	}
	e.Time = ns
}

// dateTime reads "2026-11-20T12:00:00.123Z", with "/" for "-", a blank for "T", a
// comma for the dot, and the zone behind a blank or missing.
func (w *worker) dateTime(s string) (ns int64, rest string, ok bool) {
	if len(s) < 19 || s[4] != '-' && s[4] != '/' || s[7] != s[4] || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, "", false
	}
	seconds, ok := minuteSecond(s[14:19])
	if !ok {
		return 0, "", false
	}
	nanos, rest := fraction(s[19:])
	offset, zoned, rest := zone(rest)
	if zoned {
		hour, ok := hourStart(s[:13], time.UTC)
		return hour.first + seconds + nanos - offset, rest, ok
	}
	if s[:13] != w.hoursText {
		if w.hours, ok = hourStart(s[:13], w.zone); !ok {
			return 0, "", false
		}
		w.hoursText = strings.Clone(s[:13])
	}
	return w.within(w.hours, seconds+nanos), rest, true
}

// hours are when an hour of the clock on the wall began, in ns: again is set
// where the clock was put back and showed it twice.
type hours struct{ first, again int64 }

// hourStart finds when the hour of "2026-11-20 12" began.
func hourStart(s string, zone *time.Location) (hours, bool) {
	year, month, day, hour := number(s[:4]), number(s[5:7]), number(s[8:10]), number(s[11:13])
	if year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 {
		return hours{}, false
	}
	return twice(time.Date(year, time.Month(month), day, hour, 0, 0, 0, zone)), true
}

// twice looks for the hour's other run, at either side of the one given.
func twice(t time.Time) hours {
	shown := t.Hour()
	if later := t.Add(time.Hour); later.Hour() == shown {
		return hours{t.UnixNano(), later.UnixNano()}
	}
	if earlier := t.Add(-time.Hour); earlier.Hour() == shown {
		return hours{earlier.UnixNano(), t.UnixNano()}
	}
	return hours{first: t.UnixNano()}
}

// within is the moment so far into an hour. Of two that the clock on the wall
// shows alike it is the later one that was past when the line was read.
func (w *worker) within(h hours, ns int64) int64 {
	if h.again != 0 && h.again+ns <= max(w.read, h.first)+int64(time.Second) {
		return h.again + ns
	}
	return h.first + ns
}

// minuteSecond is the ns of "04:05".
func minuteSecond(s string) (ns int64, ok bool) {
	minute, second := number(s[:2]), number(s[3:5])
	return int64(minute*60+second) * 1e9, minute >= 0 && minute <= 59 && second >= 0 && second <= 60
}

// number is the value of digits; -1 when there is anything else.
func number(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// fraction reads ".123" or ",123", of which nine digits count.
func fraction(s string) (ns int64, rest string) {
	if len(s) < 2 || s[0] != '.' && s[0] != ',' || s[1] < '0' || s[1] > '9' {
		return 0, s
	}
	scale, i := int64(1e8), 1
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		ns += int64(s[i]-'0') * scale
		scale /= 10
	}
	return ns, s[i:]
}

// zone reads Z, +01:00, +0100, UTC or GMT, also behind a blank. Another name of a
// zone is skipped: the time is then in the worker's zone, as without one.
func zone(s string) (offset int64, known bool, rest string) {
	t := strings.TrimPrefix(s, " ")
	switch {
	case strings.HasPrefix(t, "Z") && (len(t) == 1 || t[1] < 'A'):
		return 0, true, t[1:]
	case strings.HasPrefix(t, "UTC"), strings.HasPrefix(t, "GMT"):
		return 0, true, t[3:]
	case len(t) >= 5 && (t[0] == '+' || t[0] == '-'):
		if offset, rest, known = numericZone(t); known {
			return offset, true, rest
		}
		return 0, false, s
	}
	return 0, false, s[namedZone(s):]
}

// numericZone reads the offset that t begins with, in ns.
func numericZone(t string) (offset int64, rest string, ok bool) {
	digits, length := t[1:5], 5
	if t[3] == ':' && len(t) >= 6 {
		digits, length = t[1:3]+t[4:6], 6
	}
	n := number(digits)
	if n < 0 || n%100 > 59 || n > 1500 {
		return 0, "", false
	}
	offset = int64(n/100*60+n%100) * int64(time.Minute)
	if t[0] == '-' {
		offset = -offset
	}
	return offset, t[length:], true
}

// namedZone is the length of the zone's name that PostgreSQL writes before its
// process, " PDT" of " PDT [12]"; 0 where there is none.
func namedZone(s string) int {
	end := strings.Index(s[:min(len(s), 9)], " [")
	if end < 4 || s[0] != ' ' || strings.Trim(s[1:end], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || len(s) < end+3 || number(s[end+2:end+3]) < 0 {
		return 0
	}
	return end
}

// maxWords is how many words behind the time may be the level.
const maxWords = 4

// words looks for a level among the first words: one in brackets, or in upper
// case. Numbers in brackets and nginx's 12#34: are the process.
func (w *worker) words(s string) entry.Level {
	for range maxWords {
		s = strings.TrimLeft(s, " -:|")
		word, rest, _ := strings.Cut(s, " ")
		if word == "" || len(word) > 40 {
			break
		}
		s = rest
		inner := bare(word)
		bracketed := word[0] == '[' || word[0] == '('
		pid, _, threads := strings.Cut(inner, "#")
		if (bracketed || threads) && pid != "" && len(pid) < 11 && number(pid) >= 0 {
			w.found = append(w.found, entry.Field{Key: "pid", Value: pid})
			continue
		}
		if level, ok := levelWord(inner, bracketed); ok {
			return w.process(level, s)
		}
	}
	return entry.LevelNone
}

// bare is a word without the brackets and colons around it.
func bare(word string) string {
	around := func(c byte) bool { return c == '[' || c == ']' || c == '(' || c == ')' || c == ':' || c == ',' }
	for word != "" && around(word[0]) {
		word = word[1:]
	}
	for word != "" && around(word[len(word)-1]) {
		word = word[:len(word)-1]
	}
	return word
}

// process looks for nginx's process behind its level.
func (w *worker) process(level entry.Level, s string) entry.Level {
	word, _, _ := strings.Cut(s, " ")
	if pid, _, ok := strings.Cut(word, "#"); ok && pid != "" && len(pid) < 11 && number(pid) >= 0 {
		w.found = append(w.found, entry.Field{Key: "pid", Value: pid})
	}
	return level
}

// levelWord reads a level's name of three letters or more, in brackets or in
// upper case: prose holds them in lower case.
func levelWord(word string, bracketed bool) (entry.Level, bool) {
	if len(word) < 3 || len(word) > 13 {
		return 0, false
	}
	for i := 0; !bracketed && i < len(word); i++ {
		if c := word[i]; c < 'A' || c > 'Z' && c != '_' {
			return 0, false
		}
	}
	if word == "LOG" {
		return entry.Info, true // PostgreSQL's
	}
	return entry.ParseLevel(word)
}

// monthTime reads "Nov 20 12:00:00", in the last year in which that is past.
func (w *worker) monthTime(s string) (ns int64, rest string, ok bool) {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if s[3] != ' ' || s[6] != ' ' || s[9] != ':' || s[12] != ':' {
		return 0, "", false
	}
	i := strings.Index(months, s[:3])
	if i < 0 || i%3 != 0 {
		return 0, "", false
	}
	day, hour := number(strings.TrimLeft(s[4:6], " ")), number(s[7:9])
	within, fine := minuteSecond(s[10:15])
	if !fine || day < 1 || day > 31 || hour < 0 || hour > 23 || s[5] == ' ' {
		return 0, "", false
	}
	year := time.Unix(0, w.latest).In(w.zone).Year()
	t := time.Date(year, time.Month(i/3+1), day, hour, 0, 0, 0, w.zone)
	if t.UnixNano() > w.latest {
		t = time.Date(year-1, time.Month(i/3+1), day, hour, 0, 0, 0, w.zone)
	}
	nanos, rest := fraction(s[15:])
	return w.within(twice(t), within+nanos), rest, true
}

// writer reads "host app[pid]:" behind syslog's time.
func (w *worker) writer(e *entry.Entry, s string) {
	host, rest, ok := strings.Cut(strings.TrimPrefix(s, " "), " ")
	tag, _, tagged := strings.Cut(rest[:min(len(rest), 128)], ":")
	if !ok || !tagged || host == "" || tag == "" || strings.ContainsAny(tag, " \"=") {
		return
	}
	w.found = w.found[:0]
	if host != e.Host {
		w.found = append(w.found, entry.Field{Key: "hostname", Value: host})
	}
	app, pid, hasPid := strings.Cut(tag, "[")
	w.found = append(w.found, entry.Field{Key: "app", Value: app})
	if pid = strings.TrimSuffix(pid, "]"); hasPid && pid != "" {
		w.found = append(w.found, entry.Field{Key: "pid", Value: pid})
	}
	w.merge(e, w.found)
}

// ofFile reports whether an entry was read from a file: its time is when that was
// done, and one that the line has is truer.
func ofFile(e *entry.Entry) bool {
	return len(e.Fields) > 0 && e.Fields[0].Key == entry.FileField && strings.HasPrefix(e.Fields[0].Value, "/")
}
