// Package logs is the log store: entries by component and time, in memory
// until they are flushed, then in segment files of compressed column blocks.
//
// Invariant: an entry that was applied is given by Runs exactly once, from
// memory or from one segment, at every moment: while generations freeze, while
// a flush or a compaction puts one segment in the place of others, after a
// restart with the records past Flushed applied again. Its ID never changes.
// A segment file never changes; the manifest says which are live.
//
// It fails in words: what a damaged file has lost is named by Open, Check and
// Damages while the sound part is served, and no file that could not be read is
// removed. A full disk makes Flush fail and keeps what it should have written.
// The layouts are in FORMAT.md.
package logs
