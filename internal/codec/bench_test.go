package codec

import (
	"math/rand/v2"
	"testing"
)

// percentages are as a host's agent sends: a walk in steps of a hundredth.
func percentages(n int) []float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	v, now := make([]float64, n), int64(5000)
	for i := range v {
		now = min(max(now+rng.Int64N(401)-200, 0), 10000)
		v[i] = float64(now) / 100
	}
	return v
}

func BenchmarkAppendFloats(b *testing.B) {
	v := percentages(720)
	var dst []byte
	for b.Loop() {
		dst = AppendFloats(dst[:0], v)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/720, "ns/value")
	b.ReportMetric(float64(len(dst))/720, "B/value")
}

func BenchmarkFloats(b *testing.B) {
	src := AppendFloats(nil, percentages(720))
	dst := make([]float64, 720)
	for b.Loop() {
		if _, err := Floats(dst, src); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/720, "ns/value")
}
