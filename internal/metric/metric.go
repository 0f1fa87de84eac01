// Package metric holds the nouns of numbers: series, samples, points and the
// sketches of distributions.
//
// Invariant: two equal series have one canonical name, and a missing value is
// distinct from 0: it is NaN in memory and never NaN on disk. Names that
// cannot be a series' are refused by CheckName with a sentence.
package metric

// ID is a series' number in the store that gave it; it is never used again for
// another series.
type ID uint32

// Kind says how values that fall into the same slot combine. The numbers are
// stored: they never change.
type Kind uint8

const (
	// Gauge keeps the last value written.
	Gauge Kind = iota
	// Sum adds the values up; what Patou itself counts, such as requests.
	Sum
	// Distribution merges observations into a Sketch.
	Distribution
)

// Sample is one value of a series as a sender names it.
type Sample struct {
	// Name is the series' path or its tagged name. Receivers may hand over a
	// name that is valid only during the call.
	Name string
	// Time is in milliseconds since 1970 UTC.
	Time  int64
	Value float64
}

// Point is a sample whose series is known by its ID.
type Point struct {
	Series ID
	// Time is in milliseconds since 1970 UTC.
	Time int64
	// Value replaces, adds to or is observed in its slot, by the series' Kind.
	Value float64
}

// Def makes a series known.
type Def struct {
	ID   ID
	Kind Kind
	Name string
}

// Node is one step of the tree of names, as a glob finds it.
type Node struct {
	// Path is the full name up to this node.
	Path string
	// Leaf: a series of this name exists. Branch: series below it exist.
	Leaf, Branch bool
}

// Series is what reading a series gives: values on a grid.
type Series struct {
	// Name is the stored name.
	Name string
	// Start is the time of the first value and Step the distance of two, in
	// seconds; Start is a multiple of Step.
	Start, Step int64
	// Values hold NaN where there is none. For a Sum they are per slot.
	Values []float64
	// Min, Max and Count are nil for the finest step, where each value stands
	// for itself; else the extremes under each slot and the number of finest
	// samples.
	Min, Max []float64
	Count    []uint32
	// Due is the number of finest samples that a full slot would have.
	Due uint32
	// Aggregation is how several values become one when a graph has fewer
	// pixels: "average", "sum", "min", "max", "last".
	Aggregation string
	// Distribution is set when the series is a view, such as p99, of a
	// distribution: the sketch behind each value, nil where there is none.
	// View computes the series' value from a (merged) sketch.
	Distribution []*Sketch
	View         View
}

// End is the time after the last slot, in seconds.
func (s *Series) End() int64 { return s.Start + int64(len(s.Values))*s.Step }
