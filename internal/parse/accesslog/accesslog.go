// Package accesslog reads the access logs of nginx, Apache and those that write
// alike: the common and combined formats, with a virtual host before and
// times behind.
//
// Invariant: any text gives fields or is said not to be an access log; each
// value lies in the text. A line that is one has at least the fields client
// and status.
package accesslog

import (
	"strings"

	"patou/internal/entry"
)

// dateOffset bounds how far from its start a line has its date.
const dateOffset = 256

// Likely reports, at the cost of a glance, whether Parse may succeed: there is
// a date in brackets near the start.
func Likely(line string) bool { return dateStart(line) > 0 }

// dateStart is the place of "[02/Jan/2006:", 0 where there is none.
func dateStart(line string) int {
	head := line[:min(len(line), dateOffset)]
	for at := 0; ; at++ {
		i := strings.IndexByte(head[at:], '[')
		if i < 0 {
			return 0
		}
		if at += i; at+14 <= len(line) && line[at+3] == '/' && line[at+7] == '/' && line[at+12] == ':' {
			return at
		}
	}
}

// Parse appends the line's fields to dst: client, user, method, path, query,
// protocol, status, bytes, referer, user_agent, request_time and what the
// line names itself; what the line has as "-" is left out. Time is the
// line's, in ns. Where the line is no access log, it returns dst as it was and
// false.
func Parse(line string, dst []entry.Field) (fields []entry.Field, ns int64, ok bool) {
	date := dateStart(line)
	if date < 2 || line[date-1] != ' ' {
		return dst, 0, false
	}
	ns, rest, ok := bracketTime(line[date:])
	if !ok {
		return dst, 0, false
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return dst, 0, false
	}
	status, rest := word(rest)
	bytes, rest := word(rest)
	if !isStatus(status) || bytes != "-" && !isDigits(bytes) {
		return dst, 0, false
	}
	dst = appendHead(dst, line[:date-1])
	dst = appendRequest(dst, request)
	dst = append(dst, entry.Field{Key: "status", Value: status})
	dst = appendSet(dst, "bytes", bytes)
	return appendTail(dst, rest), ns, true
}

// appendHead reads what is before the date: CLIENT IDENT USER, a virtual host
// with its port perhaps before them.
func appendHead(dst []entry.Field, head string) []entry.Field {
	client, rest := word(head)
	if i := strings.LastIndexByte(client, ':'); i > 0 && strings.Count(head, " ") == 3 && isDigits(client[i+1:]) {
		dst = appendSet(dst, "vhost", client[:i])
		client, rest = word(rest)
	}
	dst = append(dst, entry.Field{Key: "client", Value: client})
	_, user := word(rest)
	return appendSet(dst, "user", strings.TrimSpace(user))
}

// appendRequest parts "METHOD PATH?QUERY PROTOCOL". What does not look so is
// kept whole as the field request.
func appendRequest(dst []entry.Field, request string) []entry.Field {
	method, target, ok := strings.Cut(request, " ")
	if !ok || !isMethod(method) {
		return appendSet(dst, "request", request)
	}
	protocol := ""
	if i := strings.LastIndexByte(target, ' '); i >= 0 && strings.HasPrefix(target[i+1:], "HTTP/") {
		target, protocol = target[:i], target[i+1:]
	}
	path, query, _ := strings.Cut(target, "?")
	dst = append(dst, entry.Field{Key: "method", Value: method}, entry.Field{Key: "path", Value: path})
	dst = appendSet(dst, "query", query)
	return appendSet(dst, "protocol", protocol)
}

// maxTail bounds how many values are read behind the usual ones.
const maxTail = 32

// appendTail reads what follows the bytes: the referer and user agent in
// quotes, then times and named values.
func appendTail(dst []entry.Field, rest string) []entry.Field {
	if referer, after, ok := quoted(rest); ok {
		dst = appendSet(dst, "referer", referer)
		rest = after
		if agent, after, ok := quoted(rest); ok {
			dst = appendSet(dst, "user_agent", agent)
			rest = after
		}
	}
	plain := 0
	for n := 0; n < maxTail; n++ {
		key, value, after, ok := tailValue(rest)
		if !ok {
			break
		}
		if key == "" {
			key = plainKey(value, &plain)
		}
		if key != "" && !hasKey(dst, key) {
			dst = appendSet(dst, key, value)
		}
		rest = after
	}
	return dst
}

// plainKey says what a value without a name is: the first with a decimal point
// is $request_time, the second $upstream_response_time, an address in front
// of them $http_x_forwarded_for.
func plainKey(value string, seen *int) string {
	switch {
	case isSeconds(value) && *seen < 2:
		*seen++
		return [...]string{"request_time", "upstream_response_time"}[*seen-1]
	case *seen == 0 && isAddress(value):
		return "forwarded_for"
	}
	return ""
}

// tailValue reads VALUE, "VALUE", KEY=VALUE or KEY="VALUE".
func tailValue(s string) (key, value, rest string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if value, rest, ok = quoted(s); ok {
		return "", value, rest, true
	}
	if s == "" {
		return "", "", "", false
	}
	if i := strings.IndexAny(s, `= "`); i > 0 && s[i] == '=' && i <= entry.MaxKey {
		key = fieldKey(s[:i])
		if value, rest, ok = quoted(s[i+1:]); ok {
			return key, value, rest, true
		}
		value, rest = word(s[i+1:])
		return key, value, rest, true
	}
	value, rest = word(s)
	return "", value, rest, true
}

// fieldKey is the field for a name of the line's own. The short ones are those
// of the format that nginx's documentation made usual.
func fieldKey(name string) string {
	switch name {
	case "rt":
		return "request_time"
	case "urt":
		return "upstream_response_time"
	case "uct":
		return "upstream_connect_time"
	case "uht":
		return "upstream_header_time"
	case "host": // an entry's host is where it was written
		return "vhost"
	case "client", "status", "method", "path", "bytes", "referer", "user", "user_agent", "query", "protocol":
		return "" // the line has said it already
	}
	return name
}

func appendSet(dst []entry.Field, key, value string) []entry.Field {
	if value == "" || value == "-" {
		return dst
	}
	return append(dst, entry.Field{Key: key, Value: value})
}

func hasKey(fields []entry.Field, key string) bool {
	for i := range fields {
		if fields[i].Key == key {
			return true
		}
	}
	return false
}

// word is the text up to a space and what follows that.
func word(s string) (w, rest string) {
	s = strings.TrimLeft(s, " ")
	w, rest, _ = strings.Cut(s, " ")
	return w, rest
}

// quoted is the text in the quotes that s begins with, after spaces. Apache
// escapes a quote within by a backslash, nginx as \x22.
func quoted(s string) (text, rest string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	for from := 1; ; {
		i := strings.IndexByte(s[from:], '"')
		if i < 0 {
			return "", "", false
		}
		i += from
		if from = i + 1; !escapedAt(s, i) {
			return s[1:i], s[from:], true
		}
	}
}

// escapedAt reports whether an odd number of backslashes stands before i.
func escapedAt(s string, i int) bool {
	n := 0
	for i--; i > 0 && s[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}
