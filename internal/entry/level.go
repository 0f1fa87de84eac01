package entry

// Level is the severity of an entry. Greater is worse. The zero level is
// LevelNone: the sender gave none and none was found.
type Level uint8

// The levels, in the order that queries compare them. The numbers are stored:
// they never change.
const (
	LevelNone Level = iota
	Trace
	Debug
	Info
	Notice
	Warn
	Error
	Critical
	Alert
	Emergency
)

// Levels is the number of levels, LevelNone included.
const Levels = 10

// String is the level's name as queries write it; "none" for LevelNone.
func (l Level) String() string {
	switch l {
	case Trace:
		return "trace"
	case Debug:
		return "debug"
	case Info:
		return "info"
	case Notice:
		return "notice"
	case Warn:
		return "warn"
	case Error:
		return "error"
	case Critical:
		return "critical"
	case Alert:
		return "alert"
	case Emergency:
		return "emergency"
	}
	return "none"
}

// ParseLevel reads the names that log libraries use for levels, in any case:
// those of String and their usual spellings (warning, err, crit, fatal, panic,
// emerg, verbose, informational, and the single letters T D I N W E C F).
func ParseLevel(s string) (Level, bool) {
	if len(s) > 16 {
		return LevelNone, false
	}
	var lower [16]byte // on the stack: this is asked of many words
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	switch string(lower[:len(s)]) {
	case "none":
		return LevelNone, true
	case "trace", "verbose", "finest", "finer", "t":
		return Trace, true
	case "debug", "dbg", "fine", "d":
		return Debug, true
	case "info", "information", "informational", "inf", "i":
		return Info, true
	case "notice", "note", "n":
		return Notice, true
	case "warn", "warning", "wrn", "w":
		return Warn, true
	case "error", "err", "severe", "eror", "e":
		return Error, true
	case "critical", "crit", "fatal", "f", "c", "dpanic":
		return Critical, true
	case "alert", "panic":
		return Alert, true
	case "emergency", "emerg":
		return Emergency, true
	}
	return LevelNone, false
}

// FromSyslog is the level of a syslog severity, 0 (emergency) to 7 (debug).
func FromSyslog(severity uint8) Level {
	if severity > 7 {
		return LevelNone
	}
	return [8]Level{Emergency, Alert, Critical, Error, Warn, Notice, Info, Debug}[severity]
}

// FromSender reads a level as programs write it into their lines: ParseLevel's
// names, the number of a syslog severity (0 to 7), or one of bunyan's and
// pino's (10 trace to 60 fatal).
func FromSender(s string) (Level, bool) {
	switch s {
	case "0", "1", "2", "3", "4", "5", "6", "7":
		return FromSyslog(s[0] - '0'), true
	case "10":
		return Trace, true
	case "20":
		return Debug, true
	case "30":
		return Info, true
	case "40":
		return Warn, true
	case "50":
		return Error, true
	case "60":
		return Critical, true
	}
	return ParseLevel(s)
}
