package logs

import (
	"context"
	"time"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
	"patou/internal/timerange"
)

// Counts are the numbers of selected entries by spans of time and level.
type Counts struct {
	// From and Until are the range asked for, in ns; Step is a bucket's length.
	From, Until, Step int64
	// Buckets follow each other without gaps, the first holds From.
	Buckets []Bucket
	Total   uint64
}

// Bucket counts the entries of one span by level.
type Bucket struct {
	// Time is when it begins, a multiple of the step, in ns.
	Time   int64
	Total  uint64
	Levels [entry.Levels]uint64
}

// maxBuckets bounds a histogram.
const maxBuckets = 2000

// Histogram counts what a query's filters select, those after extract and
// where included, in at most the given number of buckets (and one more, since
// they begin at multiples of a round step). Other pipes are left out.
func Histogram(ctx context.Context, src Source, q *Query, from, until int64, buckets int) (*Counts, error) {
	buckets = min(max(buckets, 1), maxBuckets)
	c := &Counts{From: from, Until: until, Step: niceStep(until-from, buckets)}
	if until <= from {
		return c, nil
	}
	for t := timerange.Floor(from, c.Step); t < until; t += c.Step {
		c.Buckets = append(c.Buckets, Bucket{Time: t})
	}
	count := &lang.AggregatePipe{Of: []lang.Aggregate{{Func: "count", As: "count"}}, By: []string{lang.KeyLevel}, Every: time.Duration(c.Step)}
	counted := &Query{Query: lang.Query{Filter: q.Filter, Pipes: append(q.rowPipes(), count)}}
	o := Options{From: from, Until: until, MaxGroups: (maxBuckets + 2) * entry.Levels}
	_, err := Execute(ctx, src, counted, o, func(r *Row) error {
		c.add(r)
		return nil
	})
	return c, err
}

// rowPipes are the first pipes that only choose and extend entries.
func (q *Query) rowPipes() []lang.Pipe {
	var out []lang.Pipe
	for _, p := range q.Pipes {
		switch p.(type) {
		case *lang.WherePipe, *lang.ExtractPipe:
			out = append(out, p)
			continue
		}
		break
	}
	return out
}

func (c *Counts) add(r *Row) {
	t, _ := r.Value(lang.KeyTime).Time()
	n, _ := r.Value("count").Number()
	level, _ := entry.ParseLevel(r.Value(lang.KeyLevel).String())
	b := &c.Buckets[(t-c.Buckets[0].Time)/c.Step]
	b.Levels[level] += uint64(n)
	b.Total += uint64(n)
	c.Total += uint64(n)
}

// niceStep is the shortest round span of which few enough cover a range.
func niceStep(length int64, buckets int) int64 {
	const day = 24 * time.Hour
	for _, step := range []time.Duration{
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
		50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 7 * day, 14 * day, 28 * day, 84 * day, 364 * day,
	} {
		if length/int64(step) < int64(buckets) || length == int64(step)*int64(buckets) {
			return int64(step)
		}
	}
	return timerange.Ceil(length/int64(buckets)+1, int64(day))
}
