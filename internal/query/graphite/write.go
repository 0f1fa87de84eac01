package graphite

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// JSONOptions are the parameters of /render that shape its JSON.
type JSONOptions struct {
	// MaxDataPoints is the most values of a series, 0 for all there are.
	MaxDataPoints int
	// NoNullPoints leaves out points without a value, and series without any.
	NoNullPoints bool
}

// WriteJSON writes series as /render?format=json does:
// [{"target":…,"tags":{…},"datapoints":[[value|null,seconds],…]},…]. NaN and
// infinities are null. When no series has a point the answer is [].
func WriteJSON(w io.Writer, list []*Series, o JSONOptions) error {
	b := bufio.NewWriterSize(w, 64<<10)
	b.WriteByte('[')
	wrote := false
	for _, d := range draw(withPoints(list), o.MaxDataPoints) {
		if o.NoNullPoints && count(d.values) == 0 {
			continue
		}
		if wrote {
			b.WriteString(", ")
		}
		wrote = true
		if err := d.writeJSON(b, o.NoNullPoints); err != nil {
			return err
		}
	}
	b.WriteString("]")
	return b.Flush()
}

// withPoints is nothing when none of the series has a point.
func withPoints(list []*Series) []*Series {
	if slices.ContainsFunc(list, func(s *Series) bool { return len(s.Values) > 0 }) {
		return list
	}
	return nil
}

// writeJSON writes straight into the buffer's own space: a page may ask for
// millions of points.
func (d *drawn) writeJSON(b *bufio.Writer, noNull bool) error {
	b.WriteString(`{"target": `)
	if err := writeValue(b, d.Name); err != nil {
		return err
	}
	b.WriteString(`, "tags": `)
	if err := writeValue(b, d.Tags); err != nil {
		return err
	}
	b.WriteString(`, "datapoints": [`)
	comma := false
	for i, v := range d.values {
		if math.IsInf(v, 0) {
			v = missing()
		}
		if noNull && math.IsNaN(v) {
			continue
		}
		point := b.AvailableBuffer()
		if comma {
			point = append(point, ", "...)
		}
		comma = true
		point = appendValue(append(point, '['), v)
		point = append(point, ", "...)
		point = strconv.AppendInt(point, d.first+int64(i)*d.step, 10)
		b.Write(append(point, ']'))
	}
	b.WriteString("]}")
	return nil
}

// writeValue writes names and tags, whose letters may need escaping.
func writeValue(b *bufio.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = b.Write(text)
	return err
}

// appendValue writes a number so that reading it gives the same again. Most
// values have few decimals, for which there is a short way: when v is exactly
// what n/10000 rounds to, then writing n with a point is exact too.
func appendValue(dst []byte, v float64) []byte {
	const decimals = 10_000
	if math.IsNaN(v) {
		return append(dst, "null"...)
	}
	scaled := math.Round(v * decimals)
	if math.Abs(scaled) >= 1<<53 || scaled/decimals != v || v == 0 {
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
	n := int64(scaled)
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendInt(dst, n/decimals, 10)
	return appendFraction(dst, n%decimals)
}

// appendFraction writes four decimals without the zeros at their end, but at
// least one, as Graphite writes floats.
func appendFraction(dst []byte, n int64) []byte {
	dst = append(dst, '.', byte('0'+n/1000), byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
	for dst[len(dst)-1] == '0' && dst[len(dst)-2] != '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// WriteCSV writes series as /render?format=csv does: name, time in the zone
// and value, which is empty where there is none.
func WriteCSV(w io.Writer, list []*Series, zone *time.Location) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	for _, s := range list {
		for i, v := range s.Values {
			value := ""
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				value = pyFloat(v)
			}
			at := time.Unix(s.Start+int64(i)*s.Step, 0).In(zone).Format("2006-01-02 15:04:05")
			if err := c.Write([]string{s.Name, at, value}); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

// WriteRaw writes series as /render?format=raw does: a line each of
// name,start,end,step|value,value,None.
func WriteRaw(w io.Writer, list []*Series) error {
	b := bufio.NewWriter(w)
	for _, s := range list {
		b.WriteString(s.Name)
		for _, n := range []int64{s.Start, s.Stop, s.Step} {
			b.WriteByte(',')
			b.WriteString(strconv.FormatInt(n, 10))
		}
		for i, v := range s.Values {
			b.WriteByte("|,"[min(i, 1)])
			if math.IsNaN(v) {
				b.WriteString("None")
			} else {
				b.WriteString(pyFloat(v))
			}
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}
