package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// series makes Graphite lines as hosts and services send them: all series at
// one time, then all at the next.
type series struct {
	rand   *rand.Rand
	first  int
	names  []string
	values []float64
}

// newSeries makes the series with the numbers from first up to end.
func newSeries(first, end int) *series {
	s := &series{rand: rand.New(rand.NewPCG(7, uint64(first))), first: first, values: make([]float64, end-first)}
	measures := []string{"cpu.0.user", "cpu.0.system", "cpu.1.user", "memory.used", "memory.cached", "load.shortterm",
		"disk.vda.read_bytes", "disk.vda.write_bytes", "net.eth0.rx_bytes", "net.eth0.tx_bytes"}
	for i := first; i < end; i++ {
		if i%5 == 4 {
			s.names = append(s.names, fmt.Sprintf("webapp.backend%d.svc%d.op%d.time_ms", i%7, i/70%20, i))
		} else {
			s.names = append(s.names, fmt.Sprintf("dc1.web.host%04d.%s.n%d", i/40, measures[i%10], i%40/10))
		}
		s.values[i-first] = float64(s.rand.IntN(10000)) / 100
	}
	return s
}

// appendLines appends a line a series for one time.
func (s *series) appendLines(dst []byte, at int64) []byte {
	for i, name := range s.names {
		dst = append(dst, name...)
		dst = append(dst, ' ')
		dst = strconv.AppendFloat(dst, s.next(i), 'f', -1, 64)
		dst = append(dst, ' ')
		dst = strconv.AppendInt(dst, at, 10)
		dst = append(dst, '\n')
	}
	return dst
}

// next moves a value by its kind: of a hundred series 35 are gauges with two
// decimals, 10 sizes in bytes, 20 counters, 13 constants, 12 mostly zero, 10
// small integers.
func (s *series) next(i int) float64 {
	v := &s.values[i]
	switch k := (s.first + i) % 100; {
	case k < 35:
		*v = max(0, float64(int(*v*100)+s.rand.IntN(401)-200)/100)
	case k < 45:
		*v = float64(int(*v)/4096*4096 + 4096*s.rand.IntN(64))
	case k < 65:
		*v = float64(int(*v) + s.rand.IntN(5000))
	case k < 78:
		// constant
	case k < 90:
		if *v = 0; s.rand.IntN(20) == 0 {
			*v = float64(s.rand.IntN(100))
		}
	default:
		*v = float64(s.rand.IntN(16))
	}
	return *v
}
