package fsx

import "fmt"

// Damage is a place in a file that cannot be read as it was written: what is
// sound around it is served, and this says what is not.
type Damage struct {
	// File is the file's name as it was opened.
	File string
	// Offset is where the damage begins, in bytes; -1 for the whole file.
	Offset int64
	// What says what is wrong and what is lost by it, in plain words.
	What string
	// Harmless is set for what a crash leaves behind and recovery expects,
	// such as a torn tail that nobody was told is durable.
	Harmless bool
}

// String is the damage as a sentence.
func (d Damage) String() string {
	if d.Offset < 0 {
		return fmt.Sprintf("%s: %s", d.File, d.What)
	}
	return fmt.Sprintf("%s at byte %d: %s", d.File, d.Offset, d.What)
}
