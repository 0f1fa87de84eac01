package accesslog

import (
	"strings"
	"time"
)

// bracketTime reads "[02/Jan/2006:15:04:05 -0700]" at the start of s.
func bracketTime(s string) (ns int64, rest string, ok bool) {
	const form = "[02/Jan/2006:15:04:05 -0700]"
	if len(s) < len(form) || s[15] != ':' || s[18] != ':' || s[21] != ' ' || s[27] != ']' {
		return 0, "", false
	}
	day, mon, year := number(s[1:3]), month(s[4:7]), number(s[8:12])
	hour, minute, second := number(s[13:15]), number(s[16:18]), number(s[19:21])
	zone := number(s[23:27])
	if day < 1 || day > 31 || mon == 0 || year < 1970 || year > 2261 || zone < 0 || s[22] != '+' && s[22] != '-' {
		return 0, "", false
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, "", false
	}
	offset := int64(zone/100*60+zone%100) * int64(time.Minute)
	if s[22] == '-' {
		offset = -offset
	}
	return time.Date(year, mon, day, hour, minute, second, 0, time.UTC).UnixNano() - offset, s[len(form):], true
}

func month(s string) time.Month {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	i := strings.Index(names, s)
	if i < 0 || i%3 != 0 {
		return 0
	}
	return time.Month(i/3 + 1)
}

// number is the value of a short text of digits; -1 when it is anything else.
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

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isStatus(s string) bool {
	return len(s) == 3 && s[0] >= '0' && s[0] <= '9' && isDigits(s)
}

// isSeconds reports whether s is a time as nginx writes it: digits, a point,
// digits. A whole number may be of any unit, or no time.
func isSeconds(s string) bool {
	whole, fraction, ok := strings.Cut(s, ".")
	return ok && isDigits(whole) && isDigits(fraction)
}

func isMethod(s string) bool {
	if s == "" || len(s) > 24 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if (s[i] < 'A' || s[i] > 'Z') && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return true
}

// isAddress reports whether s looks like one or several IP addresses.
func isAddress(s string) bool {
	return len(s) >= 3 && strings.Trim(s, "0123456789abcdefABCDEF.:, ") == "" && strings.ContainsAny(s, ".:")
}
