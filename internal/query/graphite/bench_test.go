package graphite

import (
	"context"
	"io"
	"math"
	"strconv"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// day is a source of 500 series with a day of values each, 10 s apart.
type day struct{ values []float64 }

func newDay() day {
	d := day{make([]float64, 8640)}
	for i := range d.values {
		d.values[i] = math.Round(1000*math.Sin(float64(i)/100)) / 100
	}
	return d
}

func (day) Find(context.Context, string, timerange.Range) ([]metric.Node, error) {
	var all []metric.Node
	for i := range 500 {
		all = append(all, metric.Node{Path: "h." + strconv.Itoa(i) + ".cpu", Leaf: true})
	}
	return all, nil
}

func (d day) Fetch(_ context.Context, names []string, _ timerange.Range, _ time.Time) ([]metric.Series, error) {
	var all []metric.Series
	for _, n := range names {
		all = append(all, metric.Series{Name: n, Start: 10, Step: 10, Values: d.values, Aggregation: "average"})
	}
	return all, nil
}

func BenchmarkRender(b *testing.B) {
	f := func(target string, points int) {
		b.Run(target, func(b *testing.B) {
			e := New(newDay(), Options{Limits: Limits{Points: 1 << 30}})
			q := Request{Targets: []string{target}, Now: time.Unix(86400, 0), Range: timerange.Range{From: 0, Until: 86400e9}}
			for b.Loop() {
				result, err := e.Render(b.Context(), q)
				if err != nil {
					b.Fatal(err)
				}
				if err := WriteJSON(io.Discard, result.Series(), JSONOptions{MaxDataPoints: points}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*500*8640/b.Elapsed().Seconds()/1e6, "Mvalues/s")
		})
	}
	f("h.*.cpu", 0)
	f("h.*.cpu", 1000)
	f("sumSeries(h.*.cpu)", 1000)
	f("movingAverage(h.*.cpu,'1h')", 1000)
	f("movingMax(h.*.cpu,'10min')", 1000)
	f("summarize(h.*.cpu,'1h','max')", 1000)
	f("percentileOfSeries(h.*.cpu,95)", 1000)
}
