// Command patou watches over a herd of machines. This package holds flags,
// signals and exit codes, and nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"patou/internal/cli"
)

// main leaves everything to run, because what run defers must happen before
// the process ends.
func main() {
	os.Exit(run(os.Args[1:]))
}

// run returns the exit code. An interrupt ends the context and not the
// process: whatever runs stops in its own order.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "patou: "+err.Error())
	var exit *cli.Exit
	if errors.As(err, &exit) {
		return exit.Code
	}
	return 1
}

// rootCommand leaves usage and errors to run, so that a failure is one line on
// standard error and never a page of flags.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "patou",
		Short:         "watches over a herd of machines: metrics, logs, events, in one place",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &cli.Exit{Code: cli.CodeUsage, Err: fmt.Errorf("%w: `%s --help` lists the flags", err, cmd.CommandPath())}
	})
	root.AddCommand(serveCommand(), agentCommand(), demoCommand(), fsckCommand(), tokenCommand(), configCommand(), versionCommand())
	root.AddCommand(cli.Commands()...)
	refuseBadArguments(root)
	return root
}

// refuseBadArguments gives wrong arguments and unknown commands the exit code of
// bad usage.
func refuseBadArguments(cmd *cobra.Command) {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args, cmd.RunE = knownCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &cli.Exit{Code: cli.CodeUsage, Err: err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		refuseBadArguments(sub)
	}
}

// knownCommand is asked when no command of a group has the name that was given.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	remedy := fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		remedy = fmt.Sprintf("did you mean %q?", near[0])
	}
	return fmt.Errorf("there is no `%s %s`: %s", cmd.CommandPath(), args[0], remedy)
}
