// Package codec turns columns of numbers into bytes and back.
//
// Invariant: decoding what was encoded gives the same bits, and any bytes give
// values or an error, with memory bounded by what the caller asks for. It is
// pure: no files, no clock. The layouts are part of the stores' formats: an
// encoder may change, a decoder must go on reading what is on disk.
package codec

import "errors"

// ErrCorrupt is the cause of every decoding error.
var ErrCorrupt = errors.New("bytes are not as they were encoded")
