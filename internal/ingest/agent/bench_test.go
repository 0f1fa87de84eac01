package agent

import (
	"context"
	"fmt"
	"testing"
	"time"

	"patou/internal/chunk"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
)

// BenchmarkAccept measures the receiver alone: 200 hosts of 700 series send two
// seconds at a time.
func BenchmarkAccept(b *testing.B) {
	const hosts, series, seconds = 200, 700, 2
	g := newRig(b)
	chunks := make([][]byte, hosts)
	for h := range chunks {
		c := &chunk.Chunk{Host: host.Identity{Machine: fmt.Sprint("m", h), Boot: "b", Instance: fmt.Sprint("i", h), Name: fmt.Sprint("web-", h)}, Sequence: 1,
			Report: &host.Report{Full: []host.Resource{{Name: "cpu", Percent: 12}}}}
		for i := range series {
			c.Batch.Defs = append(c.Batch.Defs, metric.Def{ID: metric.ID(i + 1), Name: fmt.Sprintf("part%02d.of.the.machine%03d", i%20, i)})
		}
		for s := range seconds {
			for i := range series {
				c.Batch.Points = append(c.Batch.Points, metric.Point{Series: metric.ID(i + 1), Time: g.ms() + int64(s)*1000, Value: float64((i*7+s*13)%1000) / 10})
			}
		}
		chunks[h] = encode(b, c)
		g.accept(b, chunks[h]) // names are known from here on
	}
	g.batches = nil
	g.Keep = keepNothing
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := g.Receiver.Accept(b.Context(), "192.0.2.1", g.clock.Now(), chunks[n%hosts]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*series*seconds/b.Elapsed().Seconds()/1e6, "Msamples/s")
}

func keepNothing(_ context.Context, _ string, b *record.Batch, _ *time.Location, _ func(int, error), answer func() []byte) ([]byte, bool, error) {
	_ = b.Append(nil)
	return answer(), false, nil
}
