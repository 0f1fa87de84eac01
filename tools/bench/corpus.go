package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// corpus makes log entries: real lines, where their directory is given, with
// their digits drawn anew, over 40 components and 12 hosts in order of time.
type corpus struct {
	rand       *rand.Rand
	lines      [][]string // by system
	components []string
	system     []int // of each component
	weights    []int
	total      int
	at         time.Time
	step       time.Duration
	// raw is the bytes of messages made, with a newline each.
	raw int64
}

const components, hosts = 40, 12

func newCorpus(dirs string, from time.Time, step time.Duration) (*corpus, error) {
	c := &corpus{rand: rand.New(rand.NewPCG(42, 42)), at: from, step: step}
	for dir := range strings.SplitSeq(dirs, ",") {
		if err := c.read(dir); err != nil {
			return nil, err
		}
	}
	if len(c.lines) == 0 {
		c.lines = [][]string{{
			`203.0.113.17 - - [20/Nov/2026:14:05:06 +0000] "GET /alder/monorepo/info/refs HTTP/1.1" 200 5316 "-" "git/2.39.5" 0.035`,
			`pack-objects: memory limit 256 MiB reached, spilling to disk repo=alder/monorepo pid=19217 ms=2874`,
			`received SIGTERM, finishing 37 requests version=4.18.2`,
		}}
	}
	for i := range components {
		c.components = append(c.components, fmt.Sprintf("area%d.service%02d", i%5, i))
		c.system = append(c.system, i%len(c.lines))
		c.weights = append(c.weights, 1+120/(i+1)) // a few talk much, most little
		c.total += c.weights[i]
	}
	return c, nil
}

// read takes the lines of every *.log below dir, one system a file.
func (c *corpus) read(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var lines []string
		s := bufio.NewScanner(bytes.NewReader(text))
		for s.Scan() {
			if line := strings.TrimSpace(s.Text()); line != "" {
				lines = append(lines, strings.ToValidUTF8(line, "?"))
			}
		}
		if len(lines) > 0 {
			c.lines = append(c.lines, lines)
		}
	}
	return nil
}

// appendNDJSON appends n entries as POST /api/logs takes them.
func (c *corpus) appendNDJSON(dst []byte, n int) []byte {
	for range n {
		i := c.pick()
		c.at = c.at.Add(c.step/2 + time.Duration(c.rand.Int64N(int64(c.step))))
		message := c.mutate(c.lines[c.system[i]])
		c.raw += int64(len(message)) + 1
		dst = append(dst, `{"time":`...)
		dst = strconv.AppendInt(dst, c.at.UnixNano(), 10)
		dst = append(dst, `,"component":"`...)
		dst = append(dst, c.components[i]...)
		dst = append(dst, `","host":"web`...)
		dst = strconv.AppendInt(dst, int64(c.rand.IntN(hosts)), 10)
		dst = append(dst, `","level":"`...)
		dst = append(dst, [...]string{"info", "info", "info", "info", "info", "info", "warn", "error"}[c.rand.IntN(8)]...)
		dst = append(dst, `","message":`...)
		dst = appendJSON(dst, message)
		dst = append(dst, "}\n"...)
	}
	return dst
}

func (c *corpus) pick() int {
	n := c.rand.IntN(c.total)
	for i, w := range c.weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

// mutate draws the last three digits of each number of a line anew, so that
// lines do not repeat.
func (c *corpus) mutate(lines []string) []byte {
	line := []byte(lines[c.rand.IntN(len(lines))])
	run := 0
	for i := len(line) - 1; i >= 0; i-- {
		if line[i] < '0' || line[i] > '9' {
			run = 0
			continue
		}
		if run++; run <= 3 {
			line[i] = byte('0' + c.rand.IntN(10))
		}
	}
	return line
}

func appendJSON(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, b := range text {
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, b)
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// series makes Graphite lines as hosts and services send them: all series at
// one time, then all at the next.
type series struct {
	rand   *rand.Rand
	names  []string
	values []float64
}

func newSeries(n int) *series {
	s := &series{rand: rand.New(rand.NewPCG(7, 7)), values: make([]float64, n)}
	measures := []string{"cpu.0.user", "cpu.0.system", "cpu.1.user", "memory.used", "memory.cached", "load.shortterm",
		"disk.vda.read_bytes", "disk.vda.write_bytes", "net.eth0.rx_bytes", "net.eth0.tx_bytes"}
	for i := range n {
		if i%5 == 4 {
			s.names = append(s.names, fmt.Sprintf("webapp.backend%d.svc%d.op%d.time_ms", i%7, i/70%20, i))
		} else {
			s.names = append(s.names, fmt.Sprintf("dc1.web.host%04d.%s.n%d", i/40, measures[i%10], i%40/10))
		}
		s.values[i] = float64(s.rand.IntN(10000)) / 100
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
	switch k := i % 100; {
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
