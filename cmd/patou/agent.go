package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"patou/internal/agent"
	"patou/internal/cli"
	"patou/internal/config"
)

// agentStopTime bounds the end of the agent.
const agentStopTime = 4 * time.Second

// What the agent asks of Go's runtime: it must be small on a machine whose work
// is another's. Two processors are plenty, and each costs memory.
const (
	agentProcessors = 2
	agentGC         = 50       // percent of live memory between collections
	agentMemory     = 64 << 20 // where collections become urgent
)

// agentFlags are those of patou agent. None has a default value: only what was
// said wins over the file.
type agentFlags struct {
	file, server, token, tokenFile, ca, data, name, root string
	labels                                               []string
}

func (f *agentFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.file, "config", "", "the agent's configuration file (YAML)")
	flags.StringVar(&f.server, "server", "", "address of the server, as in https://patou.example.org (or PATOU_SERVER)")
	flags.StringVar(&f.token, "token", "", "token with the scope write (or PATOU_TOKEN); others on this machine can see it here")
	flags.StringVar(&f.tokenFile, "token-file", "", "file that holds the token")
	flags.StringVar(&f.ca, "ca", "", "file of certificates (PEM) to trust beside the system's")
	flags.StringVar(&f.data, "data", "", "directory for what waits to be sent (default ./patou-agent-data)")
	flags.StringVar(&f.name, "name", "", "this host's name (default: the system's)")
	flags.StringArrayVar(&f.labels, "label", nil, "what this host is for, as in role=web; may be given again")
	flags.StringVar(&f.root, "root", "", "where the host's files are seen, from within a container (default /)")
}

// read makes the configuration of file, environment and flags; flags win.
func (f *agentFlags) read() (config.Agent, error) {
	c := config.DefaultAgent()
	if f.file != "" {
		src, err := readFile(f.file)
		if err != nil {
			return c, err
		}
		if c, err = config.ReadAgent(c, f.file, src); err != nil {
			return c, &cli.Exit{Code: cli.CodeUsage, Err: err}
		}
	}
	set(&c.Server, os.Getenv("PATOU_SERVER"))
	set(&c.Server, f.server)
	set(&c.TokenFile, f.tokenFile)
	set(&c.CA, f.ca)
	set(&c.Data, f.data)
	set(&c.Name, f.name)
	set(&c.Root, f.root)
	for _, l := range f.labels {
		if c.Labels == nil {
			c.Labels = config.Labels{}
		}
		if err := c.Labels.Set(l); err != nil {
			return c, &cli.Exit{Code: cli.CodeUsage, Err: fmt.Errorf("--label: %w", err)}
		}
	}
	return c, nil
}

// set gives a value that was said.
func set[T ~string](to *T, said string) {
	if said != "" {
		*to = T(said)
	}
}

// secret is the token of flag or environment; a file named by flag wins over the
// environment.
func (f *agentFlags) secret() string {
	if f.token != "" || f.tokenFile != "" {
		return f.token
	}
	return os.Getenv("PATOU_TOKEN")
}

// agentCommand watches this host for a server elsewhere.
func agentCommand() *cobra.Command {
	var flags agentFlags
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "watch this host and send what is seen to a server",
		Long:  "Watches this host: its vitals, processes, journal and files. What a server does not take yet is kept on disk.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.read()
			if err != nil {
				return err
			}
			return runAgent(cmd, agent.Remote{Config: c, Token: flags.secret(), Version: version(), Stderr: cmd.ErrOrStderr()})
		},
	}
	flags.register(cmd)
	return cmd
}

func runAgent(cmd *cobra.Command, r agent.Remote) error {
	runtime.GOMAXPROCS(min(runtime.GOMAXPROCS(0), agentProcessors))
	debug.SetGCPercent(agentGC)
	debug.SetMemoryLimit(agentMemory)
	a, err := r.Open(cmd.Context())
	if errors.Is(err, agent.ErrUsage) {
		return &cli.Exit{Code: cli.CodeUsage, Err: err}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "patou agent: watching %s, sending to %s\n", a.Name(), r.Config.Server)
	var failed error
	select {
	case <-cmd.Context().Done():
	case failed = <-a.Failed():
	}
	ctx, cancel := context.WithTimeout(context.Background(), agentStopTime)
	defer cancel()
	return errors.Join(failed, a.Stop(ctx))
}
