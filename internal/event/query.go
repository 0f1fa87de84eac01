package event

// Query asks for events.
type Query struct {
	// From and Until bound the time, half-open, in ns since 1970 UTC.
	From, Until int64
	// Tags, where there are some, must all be on an event, or one of them
	// where Any is set.
	Tags []string
	Any  bool
	// Limit is how many are given at most, the newest; 0 for MaxResult.
	Limit int
}

// MaxResult is the number of events that one query gives at most.
const MaxResult = 10_000
