package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// graphHeight is the height of a graph in the terminal, in lines of four dots.
const graphHeight = 8

// renderCommand speaks Graphite's own API, so that it shows what Grafana would
// get.
func renderCommand() *cobra.Command {
	var s settings
	var from, until string
	cmd := &cobra.Command{
		Use:   "render TARGET...",
		Short: "draw or print Graphite targets",
		Example: `  patou render 'logs.edge.nginx.request_time.p99' --from -1h
  patou render 'aliasByNode(host.*.cpu.user, 1)' --from -15m -o csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client(cmd)
			if err != nil {
				return err
			}
			return c.render(cmd.Context(), url.Values{"target": args, "from": {from}, "until": {until}}, s.output, cmd.OutOrStdout())
		},
	}
	s.register(cmd)
	cmd.Flags().StringVar(&from, "from", "-1h", "begin of the time")
	cmd.Flags().StringVar(&until, "until", "now", "end of the time")
	return cmd
}

// drawn is one series of the answer: pairs of a value, or null for none, and
// seconds since 1970.
type drawn struct {
	Target     string        `json:"target"`
	Datapoints [][2]*float64 `json:"datapoints"`
}

// render asks for as many points as the graph has columns, two a character:
// the server consolidates better than a terminal can. CSV and JSON are passed
// on as they come.
func (c *Client) render(ctx context.Context, query url.Values, output string, out io.Writer) error {
	width := columns()
	query.Set("format", "json")
	if output == "csv" {
		query.Set("format", "csv")
	}
	if output == "table" {
		query.Set("maxDataPoints", strconv.Itoa(2*(width-10)))
	}
	body, err := c.get(ctx, "/render", query)
	if err != nil {
		return err
	}
	defer body.Close()
	if output == "csv" || output == "json" {
		_, err := io.Copy(out, body)
		return err
	}
	var series []drawn
	if err := json.NewDecoder(body).Decode(&series); err != nil {
		return &Exit{CodeUnreachable, fmt.Errorf("the answer cannot be read: %w", err)}
	}
	if len(series) == 0 {
		return &Exit{CodeNo, fmt.Errorf("nothing to draw: no series matches %s in this time", strings.Join(query["target"], ", "))}
	}
	for i := range series {
		if output == "table" {
			series[i].draw(out)
		} else {
			series[i].print(out)
		}
	}
	return nil
}

// print writes a line a value, for pipes.
func (d *drawn) print(out io.Writer) {
	for _, p := range d.Datapoints {
		value := ""
		if p[0] != nil {
			value = strconv.FormatFloat(*p[0], 'g', -1, 64)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", d.Target, strconv.FormatFloat(*p[1], 'f', 0, 64), value)
	}
}

// draw writes a graph of braille dots: two values a column, four steps a line.
func (d *drawn) draw(out io.Writer) {
	low, high, last := d.bounds()
	fmt.Fprintf(out, "%s  last %s  min %s  max %s\n", clean(d.Target), short(last), short(low), short(high))
	// The axis begins at zero, or below it where there are lower values, so
	// that heights can be compared between graphs.
	bottom := math.Min(0, low)
	span := high - bottom
	if !(span > 0) {
		span = 1
	}
	rows := make([][]rune, graphHeight)
	for i := range rows {
		rows[i] = []rune(strings.Repeat("\u2800", (len(d.Datapoints)+1)/2))
	}
	for i, p := range d.Datapoints {
		if p[0] == nil {
			continue
		}
		// Filled down to the axis, so that a narrow spike is seen.
		for level := int(math.Round((*p[0] - bottom) / span * (graphHeight*4 - 1))); level >= 0; level-- {
			rows[graphHeight-1-level/4][i/2] |= dot(i%2, level%4)
		}
	}
	for i, row := range rows {
		label := ""
		switch i {
		case 0:
			label = short(bottom + span)
		case graphHeight - 1:
			label = short(bottom)
		}
		fmt.Fprintf(out, "%8s %s\n", label, string(row))
	}
	if n := len(d.Datapoints); n > 0 {
		fmt.Fprintf(out, "%8s %s … %s\n\n", "", clock(*d.Datapoints[0][1]), clock(*d.Datapoints[n-1][1]))
	}
}

// dot is the braille dot of a column, 0 or 1, and a height, 0 to 3 from below.
func dot(column, height int) rune {
	bits := [2][4]rune{{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}}
	return bits[column][height]
}

// bounds are NaN where no point has a value. The comparisons are negated
// because NaN compares false with everything.
func (d *drawn) bounds() (low, high, last float64) {
	low, high, last = math.NaN(), math.NaN(), math.NaN()
	for _, p := range d.Datapoints {
		if p[0] == nil {
			continue
		}
		last = *p[0]
		if !(low <= last) {
			low = last
		}
		if !(high >= last) {
			high = last
		}
	}
	return low, high, last
}

// short writes a number with at most three significant digits.
func short(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', 3, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// clock writes local time: the graph is for who sits at the terminal.
func clock(epoch float64) string { return time.Unix(int64(epoch), 0).Local().Format("15:04:05") }

// columns is the terminal's width, as the shell tells it.
func columns() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 && n <= 400 {
		return n
	}
	return 100
}
