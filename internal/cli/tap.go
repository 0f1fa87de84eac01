package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"
)

// tapCommand follows by default, as tail -f does; with --rejected it first
// shows what the server has kept, because the line that one looks for was
// refused minutes ago.
func tapCommand() *cobra.Command {
	var s settings
	var rejected, follow bool
	var match string
	cmd := &cobra.Command{
		Use:   "tap",
		Short: "watch what arrives, as it arrives",
		Long:  "Shows what the receivers take, line by line: is my data arriving, and in the right format?\nWith --rejected: the last lines that were refused, each with its reason.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client(cmd)
			if err != nil {
				return err
			}
			query := url.Values{}
			if match != "" {
				query.Set("match", match)
			}
			if rejected {
				query.Set("rejected", "1")
			}
			if follow || !rejected {
				query.Set("follow", "1")
			}
			return c.tap(cmd.Context(), query, s.output, cmd.OutOrStdout())
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&rejected, "rejected", false, "only what was refused, beginning with what is kept")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "with --rejected: go on with what comes")
	cmd.Flags().StringVar(&match, "match", "", "only lines that contain this text")
	return cmd
}

// tap prints the stream until the user has seen enough: ending it is no
// failure.
func (c *Client) tap(ctx context.Context, query url.Values, output string, out io.Writer) error {
	body, err := c.get(ctx, "/api/tap", query)
	if err != nil {
		return err
	}
	defer body.Close()
	err = readEvents(body, func(_ string, data []byte) error { return printArrival(out, output, data) })
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// printArrival shows the raw line before what became of it. Raw lines come
// from anyone who can reach a port, so they are cleaned for the terminal.
func printArrival(out io.Writer, output string, data []byte) error {
	if output == "json" || output == "ndjson" {
		_, err := fmt.Fprintf(out, "%s\n", data)
		return err
	}
	var a struct{ Time, Protocol, Source, Raw, Reason, Kept string }
	if err := json.Unmarshal(data, &a); err != nil {
		return fmt.Errorf("an arrival of the stream: %w", err)
	}
	note := a.Kept
	if a.Reason != "" {
		note = "refused: " + a.Reason
	}
	_, err := fmt.Fprintf(out, "%s %s %s %s\n    %s\n", a.Time, a.Protocol, orDash(a.Source), clean(a.Raw), clean(note))
	return err
}
