package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"patou/internal/app"
	"patou/internal/cli"
	"patou/internal/config"
	"patou/internal/demo"
)

// stopTime bounds the end of the server: drain, flush, exit.
const stopTime = 10 * time.Second

// flagKeys are the flags that set a key of the configuration.
func flagKeys() map[string]string {
	return map[string]string{"data": "data", "http": "listen.http", "graphite": "listen.graphite", "syslog": "listen.syslog"}
}

// serverFlags are what serve and demo share.
type serverFlags struct {
	file   string
	values map[string]*string
}

// register gives no flag a default value: only what was said may win over the
// file. The defaults shown are those of config.
func (f *serverFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "config", "", "configuration file (YAML)")
	f.values = map[string]*string{
		"data":     cmd.Flags().String("data", "", "directory for all that is stored (default ./patou-data)"),
		"http":     cmd.Flags().String("http", "", `address of page and API, or "off" (default 127.0.0.1:8420)`),
		"graphite": cmd.Flags().String("graphite", "", `address for Graphite plaintext, TCP and UDP, or "off" (default 127.0.0.1:2003)`),
		"syslog":   cmd.Flags().String("syslog", "", `address for syslog, UDP and TCP, or "off" (default 127.0.0.1:5514)`),
	}
}

// read makes the configuration of file and flags; flags win.
func (f *serverFlags) read(cmd *cobra.Command) (config.Sourced, error) {
	c, err := readConfig(f.file)
	if err != nil {
		return c, err
	}
	for name, value := range f.values {
		if !cmd.Flags().Changed(name) {
			continue
		}
		if err := c.Set(flagKeys()[name], *value, "--"+name); err != nil {
			return c, &cli.Exit{Code: cli.CodeUsage, Err: err}
		}
	}
	if err := c.Validate(); err != nil {
		return c, &cli.Exit{Code: cli.CodeUsage, Err: err}
	}
	return c, nil
}

// readConfig starts from what this machine suggests and lets the file win.
// Without a file the defaults are the configuration.
func readConfig(file string) (config.Sourced, error) {
	c := config.FromDefault(app.MachineMemory())
	if file == "" {
		return c, nil
	}
	src, err := readFile(file)
	if err != nil {
		return c, err
	}
	if c, err = config.Read(c, file, src); err != nil {
		return c, &cli.Exit{Code: cli.CodeUsage, Err: err}
	}
	return c, nil
}

// readFile fails as bad usage: the name of the file came from the command
// line.
func readFile(file string) ([]byte, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, &cli.Exit{Code: cli.CodeUsage, Err: fmt.Errorf("reading the configuration: %w", err)}
	}
	return src, nil
}

// serveCommand reads the configuration again, flags and all, on each reload,
// so that a flag goes on winning over the file.
func serveCommand() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server",
		Long:  "Runs the server. With nothing configured it watches this host and listens on loopback.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.read(cmd)
			if err != nil {
				return err
			}
			reread := func() (config.Sourced, error) { return flags.read(cmd) }
			return serve(cmd.Context(), app.Options{Config: c, Version: version(), Stderr: cmd.ErrOrStderr()}, cmd.OutOrStdout(), reread, nil)
		},
	}
	flags.register(cmd)
	return cmd
}

// serve runs a server until ctx ends or a part of it fails. beside, when not
// nil, runs next to it.
func serve(ctx context.Context, o app.Options, stdout io.Writer, reread func() (config.Sourced, error), beside func(context.Context, *app.App) error) error {
	// From the start: a SIGHUP that nobody waits for would end the process.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	debug.SetMemoryLimit(int64(o.Config.Memory))
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		return a.Stop(ctx)
	}
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, stop())
	}
	fmt.Fprintln(stdout, readyLine(a))
	if beside != nil {
		a.Go("demo", func(ctx context.Context) error { return beside(ctx, a) })
	}
	failed := wait(ctx, a, hup, reread)
	return errors.Join(failed, stop())
}

// wait returns when ctx ends, or with the first failure; hup reloads.
func wait(ctx context.Context, a *app.App, hup <-chan os.Signal, reread func() (config.Sourced, error)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-a.Failed():
			return err
		case <-hup:
			c, err := reread()
			a.Reload(ctx, c, err)
		}
	}
}

// readyLine names each listener with the port it got. Tests, the demo and
// scripts that asked for port 0 wait for this line.
func readyLine(a *app.App) string {
	var b strings.Builder
	b.WriteString("patou: ready")
	for _, l := range a.Listeners() {
		fmt.Fprintf(&b, " %s=%s", l.Name, l.Addr)
	}
	return b.String()
}

// demoCommand takes the flags of serve: the demo is a server like any other,
// beside which a system runs.
func demoCommand() *cobra.Command {
	var flags serverFlags
	var seed uint64
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "run a server with a small live system to watch",
		Long:  "Runs a server, and a small system for it to watch: HTTP services that call each other, users, and deploys\nthat now and then make one component slow for two minutes. The hosts that they are said to run on are made up. An hour of\nhistory comes first.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.read(cmd)
			if err != nil {
				return err
			}
			return runDemo(cmd, c, seed)
		},
	}
	flags.register(cmd)
	cmd.Flags().Uint64Var(&seed, "seed", 1, "makes two demos alike")
	return cmd
}

// runDemo keeps its data only where --data says where; else the directory goes
// when the demo ends. Busy ports are no failure here: others are picked.
func runDemo(cmd *cobra.Command, c config.Sourced, seed uint64) error {
	if !cmd.Flags().Changed("data") {
		dir, err := os.MkdirTemp("", "patou-demo-*")
		if err != nil {
			return fmt.Errorf("directory for the demo: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }() // what is left the system clears
		c.Data = config.Path(dir)
	}
	o := app.Options{
		Config: c, Version: version(), Stderr: cmd.ErrOrStderr(), Demo: true, PickPorts: true,
		Notes: []string{"The hour before the start was made from the model of the demo's services; their requests since are real. All hosts but this one are made up."},
	}
	reread := func() (config.Sourced, error) { return c, nil }
	return serve(cmd.Context(), o, cmd.OutOrStdout(), reread, func(ctx context.Context, a *app.App) error {
		to := demo.Addresses{HTTP: a.Addr("http"), Graphite: a.Addr("graphite"), Syslog: a.Addr("syslog")}
		return demo.Run(ctx, demo.Options{To: to, Seed: seed}, func() {
			fmt.Fprintf(cmd.OutOrStdout(), "patou: open http://%s/ and drag over the spike\n", a.Addr("http"))
		})
	})
}
