package why

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unit is what a series' values are in, as far as its name tells, and what
// writes one of them.
func unit(name string) func(float64) string {
	node := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	low := strings.ToLower(name)
	switch {
	case strings.Contains(low, "request_time") && node != "count":
		return seconds
	case strings.HasSuffix(node, "_ms") || node == "ms" || node == "rtt" || node == "await":
		return func(v float64) string { return number(v) + " ms" }
	case strings.Contains(node, "percent") || strings.Contains(low, ".saturation.") || strings.Contains(low, ".pressure.") ||
		strings.HasPrefix(low, "host.") && strings.Contains(low, ".cpu."):
		return func(v float64) string { return number(v) + " %" }
	case strings.Contains(node, "bytes"):
		return bytes
	}
	return number
}

// number writes a value with three digits that count.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e12 || a > 0 && a < 1e-4:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 1000:
		return spaced(int64(math.Round(v)))
	}
	return strconv.FormatFloat(roundTo(v, 3), 'f', -1, 64)
}

// spaced parts thousands by spaces, so that they can be read in any country.
func spaced(v int64) string {
	s := strconv.FormatInt(v, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// roundTo keeps so many digits that count.
func roundTo(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func seconds(v float64) string {
	if math.Abs(v) < 1 {
		return number(v*1000) + " ms"
	}
	return number(v) + " s"
}

func bytes(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if math.Abs(v) >= u.size {
			return number(v/u.size) + " " + u.name
		}
	}
	return number(v) + " bytes"
}

// span writes a length of time in at most two units.
func span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()+0.5))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24+0.5))
}

// chanceText says a chance as odds, with the precision that it has.
func chanceText(p float64) string {
	if p >= 0.5 {
		return "as likely as not"
	}
	n := 1 / max(p, 1e-6)
	step := math.Pow(10, math.Floor(math.Log10(n)))
	odds := math.Round(n/step) * step
	if p <= 1e-6 {
		return "less than 1 in " + spaced(1_000_000)
	}
	return "1 in " + spaced(int64(odds))
}

// times writes a ratio: "9 times", "a third".
func times(before, after float64) string {
	if before <= 0 || after <= 0 {
		return ""
	}
	switch r := after / before; {
	case r >= 1.95:
		return number(roundTo(r, 2)) + " times as much"
	case r <= 0.55:
		return "1/" + number(roundTo(1/r, 2)) + " of it"
	}
	return ""
}

// of writes how many of a thing there are.
func of(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return spaced(int64(n)) + " " + many
}

func stamp(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// clockTime is a time of day as sentences have it.
func (q *question) clockTime(ns int64) string {
	t := time.Unix(0, ns).UTC()
	if q.Now.Sub(t).Abs() > 20*time.Hour {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("15:04:05")
}
