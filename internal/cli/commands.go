package cli

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// formats are what -o takes.
func formats() []string { return []string{"table", "json", "ndjson", "csv", "raw"} }

// settings are the flags that all client commands share.
type settings struct {
	server, token, output string
}

// Commands returns the client commands.
func Commands() []*cobra.Command {
	return []*cobra.Command{logsCommand(), renderCommand(), whyCommand(), tapCommand()}
}

// register takes the server's address from the environment as the flag's
// default, so that --help shows where the question would go. A token is not:
// help must not print secrets.
func (s *settings) register(cmd *cobra.Command) {
	server := os.Getenv("PATOU_SERVER")
	if server == "" {
		server = "http://127.0.0.1:8420"
	}
	cmd.Flags().StringVar(&s.server, "server", server, "address of the server (PATOU_SERVER)")
	cmd.Flags().StringVar(&s.token, "token", "", "token, if the server wants one (better: PATOU_TOKEN)")
	cmd.Flags().StringVarP(&s.output, "output", "o", "", "form of the answer: "+strings.Join(formats(), ", ")+" (default: table for a terminal, raw for a pipe)")
}

// client checks the flags and returns what to ask with.
func (s *settings) client(cmd *cobra.Command) (*Client, error) {
	// A pipe gets plain lines without being asked, so that scripts never see
	// colours or alignment.
	if s.output == "" {
		s.output = "raw"
		if isTerminal(cmd.OutOrStdout()) {
			s.output = "table"
		}
	}
	if !slices.Contains(formats(), s.output) {
		return nil, &Exit{CodeUsage, fmt.Errorf("--output %q is not known: want one of %s", s.output, strings.Join(formats(), ", "))}
	}
	if !strings.Contains(s.server, "://") {
		s.server = "http://" + s.server
	}
	if s.token == "" {
		s.token = os.Getenv("PATOU_TOKEN")
	}
	return &Client{Server: s.server, Token: s.token, HTTP: &http.Client{}}, nil
}
