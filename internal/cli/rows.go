package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// entryRow is an entry as the API writes it.
type entryRow struct {
	Time      time.Time         `json:"time"`
	Component string            `json:"component"`
	Host      string            `json:"host"`
	Level     string            `json:"level"`
	Message   string            `json:"message"`
	Fields    map[string]string `json:"fields"`
	ID        string            `json:"id"`
}

// rowPrinter prints entries, or the rows of an aggregation, in one form.
type rowPrinter struct {
	out  io.Writer
	form string
	// rows counts what was printed: none at all is the answer no.
	rows int
	// streaming is set where each row must be seen as it comes.
	streaming bool
	table     *tabwriter.Writer
	csv       *csv.Writer
	// columns are those of the first row.
	columns []string
}

// newRowPrinter takes a form of formats, which settings has checked.
func newRowPrinter(out io.Writer, form string) *rowPrinter { return &rowPrinter{out: out, form: form} }

// print prints one JSON object.
func (p *rowPrinter) print(object []byte) error {
	p.rows++
	switch p.form {
	case "ndjson":
		_, err := fmt.Fprintf(p.out, "%s\n", object)
		return err
	case "json":
		return p.printJSON(object)
	}
	if bytes.Contains(object, []byte(`"message":`)) && bytes.Contains(object, []byte(`"id":`)) {
		return p.printEntry(object)
	}
	return p.printRow(object)
}

// printJSON makes one array of the stream; close ends it.
func (p *rowPrinter) printJSON(object []byte) error {
	before := ",\n"
	if p.rows == 1 {
		before = "[\n"
	}
	_, err := fmt.Fprintf(p.out, "%s%s", before, object)
	return err
}

// printEntry prints one entry on one line. Only the table is coloured and in
// local time; what programs read is RFC 3339 in UTC.
func (p *rowPrinter) printEntry(object []byte) error {
	var e entryRow
	if err := json.Unmarshal(object, &e); err != nil {
		return fmt.Errorf("an entry of the answer: %w", err)
	}
	switch p.form {
	case "raw":
		_, err := fmt.Fprintf(p.out, "%s %s %s %s %s\n", e.Time.Format(time.RFC3339Nano), e.Level, e.Component, orDash(e.Host), clean(e.Message))
		return err
	case "csv":
		return p.writeCSV([]string{"time", "level", "component", "host", "message", "id"},
			[]string{e.Time.Format(time.RFC3339Nano), e.Level, e.Component, e.Host, e.Message, e.ID})
	}
	_, err := fmt.Fprintf(p.out, "\x1b[2m%s\x1b[0m %s%-6s\x1b[0m \x1b[36m%s\x1b[0m %s %s%s\n", e.Time.Local().Format("15:04:05.000"),
		levelColour(e.Level), e.Level, e.Component, orDash(e.Host), clean(e.Message), fieldText(object))
	return err
}

// fieldText writes the fields in their order on the wire, dimmed.
func fieldText(object []byte) string {
	var raw struct{ Fields json.RawMessage }
	if json.Unmarshal(object, &raw) != nil || len(raw.Fields) == 0 {
		return ""
	}
	var b strings.Builder
	keys, values := ordered(raw.Fields)
	for i, key := range keys {
		fmt.Fprintf(&b, " \x1b[2m%s=\x1b[0m%s", clean(key), clean(values[i]))
	}
	return b.String()
}

// printRow prints one row of an aggregation.
func (p *rowPrinter) printRow(object []byte) error {
	keys, values := ordered(object)
	switch p.form {
	case "csv":
		return p.writeCSV(keys, values)
	case "raw":
		_, err := fmt.Fprintln(p.out, clean(strings.Join(values, "\t")))
		return err
	}
	if p.table == nil {
		p.table = tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(p.table, strings.Join(keys, "\t"))
	}
	for i := range values {
		values[i] = clean(values[i])
		switch keys[i] {
		case "time", "first", "last":
			values[i] = localTime(values[i])
		case "example":
			values[i] = shorten(values[i])
		}
	}
	_, err := fmt.Fprintln(p.table, strings.Join(values, "\t"))
	return err
}

// maxExampleWidth is how much of an example a table shows.
const maxExampleWidth = 80

// shorten keeps a table's lines from wrapping where what is cut off is but an
// example.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > maxExampleWidth {
		return string(runes[:maxExampleWidth-1]) + "…"
	}
	return s
}

// localTime writes a time as people at a terminal read it, without the zeros of
// a whole second.
func localTime(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.Local().Format("2006-01-02 15:04:05.999")
}

// writeCSV takes the head from the first row: all rows of an answer have the
// same columns. Who follows a stream wants each row at once.
func (p *rowPrinter) writeCSV(columns, values []string) error {
	if p.csv == nil {
		p.csv, p.columns = csv.NewWriter(p.out), columns
		if err := p.csv.Write(columns); err != nil {
			return err
		}
	}
	if err := p.csv.Write(values); err != nil {
		return err
	}
	if p.streaming {
		p.csv.Flush()
	}
	return nil
}

// close writes what was held back for alignment.
func (p *rowPrinter) close() error {
	switch {
	case p.form == "json" && p.rows == 0:
		_, err := fmt.Fprintln(p.out, "[]")
		return err
	case p.form == "json":
		_, err := fmt.Fprintln(p.out, "\n]")
		return err
	case p.table != nil:
		return p.table.Flush()
	case p.csv != nil:
		p.csv.Flush()
		return p.csv.Error()
	}
	return nil
}

// ordered reads the keys and values of an object in the order written.
func ordered(object []byte) (keys, values []string) {
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return keys, values
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return keys, values
		}
		keys = append(keys, fmt.Sprint(key))
		values = append(values, text(value))
	}
	return keys, values
}

// text is a value as a cell shows it: null is empty, what has parts is JSON.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any, []any:
		b, _ := json.Marshal(v)
		return string(b)
	}
	return fmt.Sprint(v)
}

// clean keeps a message from steering the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, strings.ReplaceAll(s, "\n", " ⏎ "))
}

// levelColour colours what asks for attention and dims what does not. The word
// is there as well, so that no meaning is in the colour alone.
func levelColour(level string) string {
	switch level {
	case "emergency", "alert", "critical", "error":
		return "\x1b[31m"
	case "warn":
		return "\x1b[33m"
	case "debug", "trace":
		return "\x1b[2m"
	}
	return ""
}

// orDash keeps the columns of a plain line countable where a value is missing.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
