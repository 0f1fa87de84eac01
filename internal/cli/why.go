package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// whyCommand asks what changed in a window.
func whyCommand() *cobra.Command {
	var s settings
	var component, host, from, until, baseFrom, baseUntil, onset string
	var limit int
	cmd := &cobra.Command{
		Use:   "why [TARGET...]",
		Short: "rank what changed for a target, component or host in a window",
		Example: `  patou why 'logs.webapp.backend.git.request_time.p99' --from 14:05 --until 14:07
  patou why --component edge.nginx --from -10m -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client(cmd)
			if err != nil {
				return err
			}
			query := url.Values{"target": args, "limit": {strconv.Itoa(limit)}}
			for name, value := range map[string]string{
				"component": component, "host": host, "from": from, "until": until,
				"base_from": baseFrom, "base_until": baseUntil, "onset": onset,
			} {
				if value != "" {
					query.Set(name, value)
				}
			}
			return c.why(cmd.Context(), query, s.output, cmd.OutOrStdout())
		},
	}
	s.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&component, "component", "", "the component to explain")
	flags.StringVar(&host, "host", "", "the host to explain")
	flags.StringVar(&from, "from", "-10m", "begin of the window that stands out")
	flags.StringVar(&until, "until", "now", "end of the window")
	flags.StringVar(&baseFrom, "base-from", "", "begin of what it is compared with (default: some lengths of the window before it)")
	flags.StringVar(&baseUntil, "base-until", "", "end of what it is compared with")
	flags.StringVar(&onset, "onset", "", "when it began (default: found from the curve)")
	flags.IntVarP(&limit, "limit", "n", 5, "at most this many rows")
	return cmd
}

// reasons is the part of the answer that is shown.
type reasons struct {
	From, Until, Onset string
	OnsetHow           string `json:"onset_how"`
	Compared           struct {
		Series, Entries, Events int
		TookMS                  int64 `json:"took_ms"`
	}
	Rows     []reason
	RuledOut []string `json:"ruled_out"`
	Quiet    bool
	Note     string
	Suffers  []string
}

type reason struct {
	Rank       int
	Kind       string
	Sentence   string
	ChanceText string `json:"chance_text"`
	Spark      *struct{ Values []*float64 }
	Evidence   []struct{ Sentence string }
}

// why prints the reasons; that nothing stands out is the answer no.
func (c *Client) why(ctx context.Context, query url.Values, output string, out io.Writer) error {
	body, err := c.get(ctx, "/api/why", query)
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxLine))
	if err != nil {
		return &Exit{CodeUnreachable, fmt.Errorf("the answer broke off: %w", err)}
	}
	var a reasons
	if err := json.Unmarshal(text, &a); err != nil {
		return &Exit{CodeUnreachable, fmt.Errorf("the answer cannot be read: %w", err)}
	}
	switch output {
	case "json":
		fmt.Fprintf(out, "%s\n", strings.TrimSpace(string(text)))
	case "ndjson", "csv":
		return &Exit{CodeUsage, fmt.Errorf("--output %s: the answer is no list of equal rows: take table, json or raw", output)}
	case "raw":
		a.plain(out)
	default:
		a.table(out, columns())
	}
	if a.Quiet {
		note := a.Note
		if note == "" {
			note = "nothing stands out"
		}
		return &Exit{CodeNo, errors.New(note)}
	}
	return nil
}

// plain writes a line a row, for pipes.
func (a *reasons) plain(out io.Writer) {
	for _, r := range a.Rows {
		fmt.Fprintf(out, "%d\t%s\t%s\t%s\n", r.Rank, r.Kind, r.ChanceText, clean(r.Sentence))
	}
}

// table writes rows as people read them: the sentence, what it rests on, and
// how likely it is by chance beside the curve.
func (a *reasons) table(out io.Writer, width int) {
	if len(a.Rows) > 0 {
		fmt.Fprintf(out, "It began at %s. %s\n\n", onsetTime(a.Onset), clean(a.OnsetHow))
	}
	for _, r := range a.Rows {
		for i, line := range wrap(clean(r.Sentence), width-4) {
			mark := "   "
			if i == 0 {
				mark = fmt.Sprintf("%2d ", r.Rank)
			}
			fmt.Fprintf(out, "%s%s\n", mark, line)
		}
		chance := "by chance " + r.ChanceText
		if r.Spark != nil {
			chance = blocks(r.Spark.Values, min(40, width-40)) + "  " + chance
		}
		fmt.Fprintf(out, "   %s\n", chance)
		for _, e := range r.Evidence {
			for i, line := range wrap(clean(e.Sentence), width-8) {
				fmt.Fprintf(out, "   %s %s\n", []string{"·", " "}[min(i, 1)], line)
			}
		}
	}
	for _, tail := range []struct {
		word  string
		names []string
	}{{"Suffers", a.Suffers}, {"Ruled out", a.RuledOut}} {
		if len(tail.names) > 0 {
			fmt.Fprintf(out, "\n%s: %s\n", tail.word, strings.Join(tail.names, ", "))
		}
	}
	if a.Note != "" && !a.Quiet {
		fmt.Fprintf(out, "\n%s\n", clean(a.Note))
	}
	if len(a.Rows) > 0 {
		fmt.Fprintf(out, "\nCompared %d series, %d entries and %d events in %d ms.\n", a.Compared.Series, a.Compared.Entries, a.Compared.Events, a.Compared.TookMS)
	}
}

// onsetTime writes a time for who sits at the terminal.
func onsetTime(stamp string) string {
	t, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return stamp
	}
	return t.Local().Format("15:04:05")
}

// wrap breaks a sentence into lines of at most so many characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > max(width, 20) {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// blocks draws values as eighths of a character; a place without one is blank.
func blocks(values []*float64, width int) string {
	if len(values) == 0 {
		return ""
	}
	per := (len(values)-1)/max(width, 1) + 1
	var means []float64
	low, high := 0.0, math.Inf(-1)
	for i := 0; i < len(values); i += per {
		sum, n := 0.0, 0
		for _, v := range values[i:min(i+per, len(values))] {
			if v != nil {
				sum, n = sum+*v, n+1
			}
		}
		mean := sum / float64(n) // NaN of none
		if n > 0 {
			low, high = min(low, mean), max(high, mean)
		}
		means = append(means, mean)
	}
	var b strings.Builder
	for _, v := range means {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case high <= low:
			b.WriteRune('▁')
		default:
			b.WriteRune('▁' + rune(math.Round((v-low)/(high-low)*7)))
		}
	}
	return b.String()
}
