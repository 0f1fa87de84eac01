package journal

import (
	"strconv"
	"strings"

	"patou/internal/component"
	"patou/internal/entry"
)

// Reason is why a line is no entry, in plain words.
type Reason string

// Error is the reason itself.
func (r Reason) Error() string { return string(r) }

// errTime is the reason of a line without a time.
const errTime Reason = "the line has no time: want __REALTIME_TIMESTAMP, in µs"

// parse makes an entry of one line of journalctl --output=json and returns its
// cursor.
func (r *Reader) parse(line string, e *entry.Entry) (cursor string, err error) {
	var raw entry.Entry
	if err := r.decoder.Fields(line, &raw); err != nil {
		return "", err
	}
	get := func(key string) string {
		v, _ := raw.Field(key)
		return v
	}
	message := get("MESSAGE")
	if strings.Contains(line, `"MESSAGE":[`) || strings.Contains(line, `"MESSAGE" : [`) {
		message = text(message)
	}
	micros := get("_SOURCE_REALTIME_TIMESTAMP")
	if micros == "" {
		micros = get("__REALTIME_TIMESTAMP")
	}
	us, err := strconv.ParseUint(micros, 10, 53)
	if err != nil {
		return "", errTime
	}
	*e = entry.Entry{Time: int64(us) * 1000, Message: message, Level: level(get("PRIORITY"))}
	other := get("_HOSTNAME")
	if other == r.options.Host {
		other = ""
	}
	unit, identifier := get("_SYSTEMD_UNIT"), text(get("SYSLOG_IDENTIFIER"))
	if user := get("_SYSTEMD_USER_UNIT"); user != "" {
		unit = user
	}
	e.Component = componentOf(get("CONTAINER_NAME"), unit, identifier, get("_COMM"))
	e.Fields = fields([4]entry.Field{
		{Key: "pid", Value: get("_PID")}, {Key: "unit", Value: unit}, {Key: "identifier", Value: identifier}, {Key: "hostname", Value: other},
	})
	return strings.Clone(get("__CURSOR")), nil
}

func level(priority string) entry.Level {
	if len(priority) != 1 {
		return entry.LevelNone
	}
	return entry.FromSyslog(priority[0] - '0')
}

func fields(all [4]entry.Field) []entry.Field {
	out := make([]entry.Field, 0, len(all))
	for _, f := range all {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// componentOf files a line under its container or service. A session or slice
// is no part of the system: what runs in it is.
func componentOf(container, unit, identifier, command string) string {
	if name, ok := strings.CutSuffix(unit, ".service"); ok && container == "" && !strings.HasPrefix(name, "user@") {
		return component.Node(name)
	}
	for _, name := range [...]string{container, identifier, command, unit} {
		if name != "" {
			return component.Node(name)
		}
	}
	return component.Unknown
}

// text is a value that journalctl wrote as a list: a list of numbers is a text that is not
// UTF-8, byte by byte; of a list of texts, for a field that occurs more than
// once, the first counts.
func text(value string) string {
	inner, ok := strings.CutPrefix(value, "[")
	if !ok || !strings.HasSuffix(inner, "]") {
		return value
	}
	inner = strings.TrimSpace(strings.TrimSuffix(inner, "]"))
	if first, ok := strings.CutPrefix(inner, `"`); ok {
		first, _, _ = strings.Cut(first, `"`)
		return first
	}
	bytes := make([]byte, 0, len(inner)/3+1)
	for number := range strings.SplitSeq(inner, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 8)
		if err != nil {
			return value
		}
		bytes = append(bytes, byte(n))
	}
	return string(bytes)
}
