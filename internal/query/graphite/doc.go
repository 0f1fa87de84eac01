// Package graphite speaks Graphite's query language: it parses targets,
// evaluates them over series that a Source reads, and writes the answers as
// Graphite does.
//
// Invariant: an answer is a pure function of the targets, the source, the range
// and now. What a request may cost is checked before each read; evaluation
// stops soon after its context ends. It fails with a *SyntaxError, an
// *ArgumentError, a *LimitError or, wrapped, what the source said; a series
// that does not exist is no error but an empty answer.
package graphite
