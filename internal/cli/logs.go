package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// maxLine bounds one line of an answer: an entry is far smaller.
const maxLine = 32 << 20

// logsCommand joins its arguments with spaces: a query of plain words needs no
// quotes in the shell.
func logsCommand() *cobra.Command {
	var s settings
	var from, until, order string
	var limit int
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs [QUERY]",
		Short: "search, follow and count log entries",
		Example: `  patou logs 'component:webapp level:>=warn' --from -15m
  patou logs 'component:edge.nginx status:>=500 | count by path every 1m' --from -1h
  patou logs --follow 'component:webapp.backend.git'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client(cmd)
			if err != nil {
				return err
			}
			query := url.Values{"q": {strings.Join(args, " ")}}
			if follow {
				return c.followLogs(cmd.Context(), query, s.output, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			query.Set("from", from)
			query.Set("until", until)
			query.Set("limit", strconv.Itoa(limit))
			query.Set("order", order)
			return c.searchLogs(cmd.Context(), query, s.output, cmd.OutOrStdout())
		},
	}
	s.register(cmd)
	cmd.Flags().StringVar(&from, "from", "-1h", "begin of the time: -1h, 14:05_20261120, RFC 3339")
	cmd.Flags().StringVar(&until, "until", "now", "end of the time")
	cmd.Flags().IntVarP(&limit, "limit", "n", 100, "at most this many entries or rows")
	cmd.Flags().StringVar(&order, "order", "desc", "desc: newest first, asc: oldest first")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "print entries as they arrive")
	return cmd
}

// searchLogs prints the answer to one query; no entry at all is the answer no.
func (c *Client) searchLogs(ctx context.Context, query url.Values, output string, out io.Writer) error {
	body, err := c.get(ctx, "/api/logs", query)
	if err != nil {
		return err
	}
	defer body.Close()
	p := newRowPrinter(out, output)
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := p.print(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return &Exit{CodeUnreachable, fmt.Errorf("the answer broke off: %w", err)}
	}
	if err := p.close(); err != nil {
		return err
	}
	if p.rows == 0 {
		return &Exit{CodeNo, errors.New("no entry matches in this time")}
	}
	return nil
}

// followLogs prints entries as the server sends them, until ctx ends.
func (c *Client) followLogs(ctx context.Context, query url.Values, output string, out, notes io.Writer) error {
	body, err := c.get(ctx, "/api/logs/tail", query)
	if err != nil {
		return err
	}
	defer body.Close()
	p := newRowPrinter(out, output)
	p.streaming = true
	err = readEvents(body, func(kind string, data []byte) error {
		if kind == "dropped" {
			// Notes go to standard error: a pipe gets entries alone.
			var d struct{ Count int64 }
			_ = json.Unmarshal(data, &d)
			fmt.Fprintf(notes, "patou: %d entries were left out: they came faster than they could be shown\n", d.Count)
			return nil
		}
		return p.print(data)
	})
	// Ending a stream by an interrupt is how it is meant to end.
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// readEvents reads a stream of server-sent events.
func readEvents(body io.Reader, handle func(kind string, data []byte) error) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	kind := "message"
	for lines.Scan() {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "event:"); ok {
			kind = strings.TrimSpace(name)
		} else if data, ok := strings.CutPrefix(line, "data:"); ok {
			if err := handle(kind, []byte(strings.TrimSpace(data))); err != nil {
				return err
			}
		} else if line == "" {
			kind = "message"
		}
	}
	if err := lines.Err(); err != nil {
		return &Exit{CodeUnreachable, fmt.Errorf("the stream broke off: %w", err)}
	}
	return nil
}
