// Package metrics stores series: values in slots of fixed steps, rolled up into
// coarser ones, as Graphite's archives are but without a file a series.
//
// Samples go into the head, a generation in memory. Freeze makes it immutable,
// Flush writes it as segment files and lists them in the manifest, Maintain
// rolls closed windows up, merges small segments into large ones and deletes
// what is too old. FORMAT.md describes the files.
//
// Invariants: the effect of a record is in exactly one generation, so that sums
// stay exact; later generations win over earlier ones, slot by slot; segments
// never change, and the manifest lists those that live; what is read does not
// depend on when maintenance ran, because slots not yet rolled up are computed
// from finer ones when read. It fails by leaving out what is damaged, counting
// and naming it (Damage), and by keeping in memory what could not be written.
package metrics
