// Package entry is the log record: what the receivers make, the pipeline
// enriches, the log store keeps and queries return.
//
// Invariant: an entry that passed Clean is within the limits below, is valid
// UTF-8 and says where it was cut. It cannot fail; what does not fit is cut and
// marked, never dropped in silence.
package entry

// Limits of one entry. They bound what one sender can make the server hold.
const (
	MaxMessage = 256 << 10 // bytes of a message
	MaxFields  = 256       // fields of an entry
	MaxKey     = 128       // bytes of a field's key
	MaxValue   = 32 << 10  // bytes of a field's value
	MaxHost    = 255       // bytes of a host's name
)

// FileField is the key of the first field of an entry that was read from a file,
// with its absolute path. Such an entry's Time is when it was read.
const FileField = "file"

// Entry is one log record. Its strings may share one large buffer with the
// entries that came with it: who keeps a few entries for long clones them.
type Entry struct {
	// ID is given when the entry is accepted and never changes.
	ID ID
	// Time is when it happened, in nanoseconds since 1970 UTC.
	Time int64
	// Component is the dotted name of the part of the system that spoke.
	Component string
	// Host is the machine it ran on; "" when the sender did not say.
	Host string
	// Level is its severity.
	Level Level
	// Message is the text, without the line's end.
	Message string
	// Fields are what the pipeline or the sender found beside the message,
	// in the order found; a key occurs once.
	Fields []Field
}

// Field is one named value of an entry. Values are text; queries compare them
// as numbers where both sides are.
type Field struct{ Key, Value string }

// Field returns the value of the field with this key.
func (e *Entry) Field(key string) (string, bool) {
	for i := range e.Fields {
		if e.Fields[i].Key == key {
			return e.Fields[i].Value, true
		}
	}
	return "", false
}
