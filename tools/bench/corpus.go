package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
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
	hosts      []string
	clients    []string
	made       int
	// raw is the bytes of messages made, with a newline each.
	raw int64
}

const components, hosts, clients = 40, 12, 5000

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
	for i := range hosts {
		c.hosts = append(c.hosts, fmt.Sprintf("web%d", i))
	}
	for range clients {
		c.clients = append(c.clients, fmt.Sprintf("%d.%d.%d.%d", 1+c.rand.IntN(223), c.rand.IntN(256), c.rand.IntN(256), c.rand.IntN(256)))
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

// line is one entry.
type line struct {
	at                     time.Time
	component, host, level string
	message                []byte // valid until the next line
}

// next makes an entry. Of some 160,000 one holds the rare word.
func (c *corpus) next() line {
	i := c.pick()
	c.at = c.at.Add(c.step/2 + time.Duration(c.rand.Int64N(int64(c.step))))
	l := line{
		at: c.at, component: c.components[i], host: c.hosts[c.rand.IntN(hosts)],
		level:   [...]string{"info", "info", "info", "info", "info", "info", "warn", "error"}[c.rand.IntN(8)],
		message: c.mutate(c.lines[c.system[i]]),
	}
	if c.made++; c.made%rareEvery == 0 {
		l.message = append(l.message, " "+rareWord...)
	}
	c.raw += int64(len(l.message)) + 1
	return l
}

const (
	rareWord  = "quux7f3a9c11zed"
	rareEvery = 161_290
)

// appendNDJSON appends an entry as POST /api/logs takes it.
func (l *line) appendNDJSON(dst []byte) []byte {
	dst = append(dst, `{"time":`...)
	dst = strconv.AppendInt(dst, l.at.UnixNano(), 10)
	for _, s := range [...][2]string{{"component", l.component}, {"host", l.host}, {"level", l.level}} {
		dst = append(dst, `,"`+s[0]+`":"`...)
		dst = append(append(dst, s[1]...), '"')
	}
	dst = append(dst, `,"message":`...)
	dst = appendJSON(dst, l.message)
	return append(dst, "}\n"...)
}

// appendSyslog appends an entry as rsyslog forwards it (RFC 5424, a line each).
func (l *line) appendSyslog(dst []byte) []byte {
	severity := map[string]int{"error": 3, "warn": 4, "info": 6}[l.level]
	dst = fmt.Appendf(dst, "<%d>1 ", 8*16+severity)
	dst = l.at.AppendFormat(dst, "2006-01-02T15:04:05.000000Z07:00")
	dst = fmt.Appendf(dst, " %s %s 4711 - - ", l.host, l.component)
	return append(append(dst, l.message...), '\n')
}

// appendPlain appends an entry as a line for people and their tools.
func (l *line) appendPlain(dst []byte) []byte {
	dst = l.at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	dst = append(dst, " "+l.component+" "+l.host+" "+l.level+" "...)
	return append(append(dst, l.message...), '\n')
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
// lines do not repeat, and the client of an access log from a few that come often
// and many that do not.
func (c *corpus) mutate(lines []string) []byte {
	text := lines[c.rand.IntN(len(lines))]
	client, rest := "", text
	if ip, after, ok := strings.Cut(text, " - "); ok && net.ParseIP(ip) != nil {
		client, rest = c.clients[int(float64(clients)*math.Pow(c.rand.Float64(), 4))], " - "+after
	}
	line := append([]byte(client), rest...)
	run := 0
	for i := len(line) - 1; i >= len(client); i-- {
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
