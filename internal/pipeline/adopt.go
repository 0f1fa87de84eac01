package pipeline

import (
	"time"

	"patou/internal/entry"
	"patou/internal/parse/ndjson"
)

// The parts of an entry that a line's key may stand for.
const (
	plainField = iota
	timeField
	levelField
	messageField
)

// part says what the keys that log libraries use stand for.
func part(key string) int {
	switch key {
	case "time", "ts", "timestamp", "@timestamp", "t", "datetime":
		return timeField
	case "level", "lvl", "severity", "log.level", "loglevel", "levelname", "@level":
		return levelField
	case "msg", "message", "@message", "fields.message":
		return messageField
	}
	return plainField
}

// samePrecision is how far a line's time may be from its envelope's to be the
// same moment, told more exactly: syslog's old format has whole seconds.
const samePrecision = int64(2 * time.Second)

// adopt sets the entry's parts by the line's fields and returns those that are
// left. It works in place. A time that differs from the envelope's or is past
// latest, and a level of an unknown name, stay fields.
func adopt(e *entry.Entry, found []entry.Field, latest int64) []entry.Field {
	left, envelope := found[:0], e.Time
	var timed, leveled, texted, proxy bool
	for _, f := range found {
		done := false
		switch part(f.Key) {
		case timeField:
			if !timed {
				timed = adoptTime(e, envelope, latest, f.Value)
				done = timed
			}
		case levelField:
			if !leveled {
				done = adoptLevel(e, f.Value)
				leveled = done
			}
		case messageField:
			if done = !texted && f.Value != ""; done {
				e.Message, texted = f.Value, true
			}
		}
		if !done {
			left = append(left, f)
			proxy = proxy || f.Key == "remote_addr"
		}
	}
	if proxy {
		renameNginx(left)
	}
	return left
}

func adoptTime(e *entry.Entry, envelope, latest int64, text string) bool {
	ns, ok := parseTime(text)
	if !ok || ns > latest {
		return false
	}
	if envelope != 0 && (ns-envelope > samePrecision || envelope-ns > samePrecision) {
		return false
	}
	e.Time = ns
	return true
}

func adoptLevel(e *entry.Entry, text string) bool {
	level, ok := entry.FromSender(text)
	if ok {
		e.Level = level
	}
	return ok
}

// parseTime reads the times of log libraries; those without a zone are UTC.
func parseTime(s string) (ns int64, ok bool) {
	if ns, ok = ndjson.ParseTime(s); ok {
		return ns, true
	}
	if len(s) < 19 || len(s) > 35 {
		return 0, false
	}
	for _, layout := range [...]string{
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700",
		"2006-01-02T15:04:05-0700", "2006/01/02 15:04:05",
	} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() <= 2261 {
			return t.UnixNano(), true
		}
	}
	return 0, false
}

// renameNginx gives the variables of an nginx log_format in JSON the names that
// its text formats get, so that they count as requests.
func renameNginx(fields []entry.Field) {
	if find(fields, "status") == nil {
		return
	}
	for i := range fields {
		if name := nginxName(fields[i].Key); name != "" && find(fields, name) == nil {
			fields[i].Key = name
		}
	}
}

func nginxName(variable string) string {
	switch variable {
	case "remote_addr":
		return "client"
	case "remote_user":
		return "user"
	case "request_method":
		return "method"
	case "uri", "request_uri":
		return "path"
	case "server_protocol":
		return "protocol"
	case "body_bytes_sent":
		return "bytes"
	case "http_referer":
		return "referer"
	case "http_user_agent":
		return "user_agent"
	case "http_x_forwarded_for":
		return "forwarded_for"
	}
	return ""
}
