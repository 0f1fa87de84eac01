package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"patou/internal/app"
	"patou/internal/cli"
	"patou/internal/config"
	"patou/internal/token"
)

// defaultData is where serve keeps its data when nothing says otherwise.
const defaultData = "./patou-data"

// fsckCommand is made for scripts as well: its exit code tells sound from
// damaged, and both from a directory that could not be looked at.
func fsckCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "fsck",
		Short: "check every file of a data directory",
		Long:  "Reads every block of every file and names what is not sound. Changes nothing. Exits with 1 when there is damage.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := app.Fsck(cmd.Context(), data)
			if errors.Is(err, fs.ErrNotExist) {
				return &cli.Exit{Code: cli.CodeUsage, Err: fmt.Errorf("%w: name the directory with --data", err)}
			}
			if err != nil {
				return err
			}
			for _, d := range report.Damage {
				fmt.Fprintln(cmd.OutOrStdout(), d)
			}
			if n := report.Harmful(); n > 0 {
				return &cli.Exit{Code: cli.CodeNo, Err: fmt.Errorf("%d places in %s are damaged; what is sound is served all the same", n, data)}
			}
			if len(report.Damage) > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%s has lost nothing\n", data)
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is sound\n", data)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData, "the data directory")
	return cmd
}

// tokenCommand works on the data directory and not over HTTP: who may write
// the files needs no token, so that the first token can be made at all.
func tokenCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{Use: "token", Short: "make, list and revoke tokens for the HTTP API"}
	cmd.PersistentFlags().StringVar(&data, "data", defaultData, "the data directory; the server may be running")
	cmd.AddCommand(tokenCreateCommand(&data), tokenListCommand(&data), tokenRevokeCommand(&data))
	return cmd
}

// tokenCreateCommand prints the secret alone on its line, ready for $(...). It
// is kept nowhere: who loses it makes another.
func tokenCreateCommand(data *string) *cobra.Command {
	var scopes []string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "make a token; its secret is printed once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var parsed []token.Scope
			for _, s := range scopes {
				scope, err := token.ParseScope(s)
				if err != nil {
					return &cli.Exit{Code: cli.CodeUsage, Err: err}
				}
				parsed = append(parsed, scope)
			}
			secret, err := app.CreateToken(cmd.Context(), *data, args[0], parsed)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), secret)
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"read"}, "what it may do: write, read, admin; several with commas")
	return cmd
}

// tokenListCommand shows when each was last used, which is what one asks
// before revoking it.
func tokenListCommand(data *string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "list tokens, without their secrets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tokens, err := app.Tokens(cmd.Context(), *data)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "name\tscopes\tcreated\tlast used")
			for _, t := range tokens {
				used := "never"
				if !t.Used.IsZero() {
					used = t.Used.Format(time.RFC3339)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Name, join(t.Scopes), t.Created.Format(time.RFC3339), used)
			}
			return w.Flush()
		},
	}
}

// join writes scopes as --scope reads them.
func join(scopes []token.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ",")
}

// tokenRevokeCommand takes effect on a running server, which asks the state
// for each request.
func tokenRevokeCommand(data *string) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "end a token at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.RevokeToken(cmd.Context(), *data, args[0])
		},
	}
}

// configCommand answers what a server would make of a file without starting
// one.
func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "check and show the configuration"}
	var file string
	cmd.PersistentFlags().StringVar(&file, "config", "", "configuration file (YAML)")
	check := &cobra.Command{
		Use:   "check",
		Short: "say what is wrong with a configuration",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return &cli.Exit{Code: cli.CodeUsage, Err: errors.New("name the file: patou config check --config patou.yaml")}
			}
			src, err := readFile(file)
			if err != nil {
				return err
			}
			// A wrong configuration is the answer no, and not bad usage.
			c, err := config.Read(config.FromDefault(app.MachineMemory()), file, src)
			if err != nil {
				return &cli.Exit{Code: cli.CodeNo, Err: err}
			}
			if err := app.CheckConfig(cmd.Context(), &c); err != nil {
				return &cli.Exit{Code: cli.CodeNo, Err: fmt.Errorf("%s: %w", file, err)}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is right\n", file)
			return nil
		},
	}
	show := &cobra.Command{
		Use:   "show",
		Short: "print every key with its value and where it comes from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			return c.Show(cmd.OutOrStdout())
		},
	}
	cmd.AddCommand(check, show)
	return cmd
}

// versionCommand prints what a report of a fault should begin with.
func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintf(cmd.OutOrStdout(), "patou %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision != "" {
		return "0.1.0-" + revision + dirty
	}
	return "0.1.0"
}
