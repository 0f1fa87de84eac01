package syslog

import (
	"strings"
	"time"
)

// hourMemo is the last hour that was looked up in the calendar. Most messages
// are of the same hour as the one before; within an hour no zone jumps.
type hourMemo struct {
	text  string // as the sender wrote month, day, year and hour
	now   int64  // when it was looked up: the year depends on it
	start int64  // ns
}

// monthTime reads "Nov  3 09:23:38" with an optional year behind the day or the
// time, an optional fraction, and an optional colon or zone's name and colon.
func (p *Parser) monthTime(s string, now int64) (ns int64, rest string, ok bool) {
	mon, rest, ok := month(s)
	if !ok || !strings.HasPrefix(rest, " ") {
		return 0, "", false
	}
	day, rest := digits(strings.TrimLeft(rest, " "), 2)
	year, clock := digits(strings.TrimLeft(rest, " "), 4)
	if len(year) == 4 {
		clock = strings.TrimLeft(clock, " ")
	} else {
		year, clock = "", strings.TrimLeft(rest, " ")
	}
	hour, within, rest, ok := clockTime(clock)
	if d := number(day); !ok || d < 1 || d > 31 {
		return 0, "", false
	}
	rest = afterStamp(rest)
	if y, after := digits(rest, 4); year == "" && len(y) == 4 && strings.HasPrefix(after, " ") {
		year, rest = y, after[1:]
	}
	if year == "" {
		return p.hourStart(s[:len(s)-len(clock)+2], mon, number(day), hour, now) + within, rest, true
	}
	return time.Date(number(year), mon, number(day), hour, 0, 0, 0, p.zone).UnixNano() + within, rest, true
}

// afterStamp skips what ends a time: a space, ": ", or " UTC: " before the "%"
// of a router's message.
func afterStamp(s string) string {
	s = strings.TrimPrefix(s, ":")
	s = strings.TrimPrefix(s, " ")
	if i := strings.Index(s[:min(len(s), 8)], ": %"); i > 0 && strings.ToUpper(s[:i]) == s[:i] {
		return s[i+2:]
	}
	return s
}

// hourStart is the start of an hour in the year nearest to now.
func (p *Parser) hourStart(text string, mon time.Month, day, hour int, now int64) int64 {
	const fresh = int64(24 * time.Hour)
	if text == p.hour.text && now-p.hour.now < fresh && p.hour.now-now < fresh {
		return p.hour.start
	}
	year := time.Unix(0, now).In(p.zone).Year()
	best := int64(0)
	for y := year - 1; y <= year+1; y++ {
		ns := time.Date(y, mon, day, hour, 0, 0, 0, p.zone).UnixNano()
		if y == year-1 || abs(ns-now) < abs(best-now) {
			best = ns
		}
	}
	p.hour = hourMemo{text: strings.Clone(text), now: now, start: best}
	return best
}

func abs(n int64) int64 { return max(n, -n) }

// month reads a month's three letters.
func month(s string) (mon time.Month, rest string, ok bool) {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if len(s) < 3 {
		return 0, "", false
	}
	i := strings.Index(names, s[:3])
	if i < 0 || i%3 != 0 {
		return 0, "", false
	}
	return time.Month(i/3 + 1), s[3:], true
}

// clockTime reads "09:23:38.25": the hour, and the ns since it began.
func clockTime(s string) (hour int, within int64, rest string, ok bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, 0, "", false
	}
	hour, minute, second := number(s[:2]), number(s[3:5]), number(s[6:8])
	if hour > 23 || minute > 59 || second > 60 || hour < 0 || minute < 0 || second < 0 {
		return 0, 0, "", false
	}
	fraction, rest := fractionNanos(s[8:])
	return hour, (int64(minute)*60+int64(second))*1e9 + fraction, rest, true
}

// fractionNanos reads ".123456"; digits past the ninth are dropped.
func fractionNanos(s string) (ns int64, rest string) {
	if len(s) < 2 || s[0] != '.' && s[0] != ',' {
		return 0, s
	}
	run, rest := digits(s[1:], len(s))
	scale := int64(1e8)
	for i := 0; i < len(run) && i < 9; i++ {
		ns += int64(run[i]-'0') * scale
		scale /= 10
	}
	if run == "" {
		return 0, s
	}
	return ns, rest
}

// number is the value of a text of digits; -1 when it is anything else.
func number(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	if s == "" {
		return -1
	}
	return n
}

// isoTime reads 2003-10-11T22:14:15.003Z, with any offset or none, which is
// then the parser's zone.
func (p *Parser) isoTime(s string) (ns int64, ok bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' {
		return 0, false
	}
	year, mon, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	hour, within, rest, ok := clockTime(s[11:])
	// The years are those whose nanoseconds fit 64 bits.
	if !ok || year < 1970 || year > 2261 || mon < 1 || mon > 12 || day < 1 || day > 31 {
		return 0, false
	}
	zone, offset := time.UTC, int64(0)
	switch {
	case rest == "":
		zone = p.zone
	case rest != "Z" && rest != "z":
		if offset, ok = zoneOffset(rest); !ok {
			return 0, false
		}
	}
	return time.Date(year, time.Month(mon), day, hour, 0, 0, 0, zone).UnixNano() + within - offset, true
}

// zoneOffset reads +01:00, +0100 or +01, in ns.
func zoneOffset(s string) (ns int64, ok bool) {
	if s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	text := s[1:]
	if len(text) == 5 && text[2] == ':' {
		text = text[:2] + text[3:]
	}
	if len(text) == 2 {
		text += "00"
	}
	n := number(text)
	if len(text) != 4 || n < 0 || n%100 > 59 || n > 2359 {
		return 0, false
	}
	ns = int64(n/100*60+n%100) * int64(time.Minute)
	if s[0] == '-' {
		ns = -ns
	}
	return ns, true
}
