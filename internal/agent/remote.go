package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"patou/internal/agent/ship"
	"patou/internal/clock"
	"patou/internal/config"
	"patou/internal/fsx"
	"patou/internal/mask"
	"patou/internal/telemetry"
)

// Remote is an agent as its operator configures it: over HTTP, in a process of
// its own.
type Remote struct {
	Config config.Agent
	// Token is the secret that the server asks for; "" reads Config.TokenFile.
	Token   string
	Version string
	// Stderr receives the agent's log.
	Stderr io.Writer
	// Clock is the host's; nil is this machine's.
	Clock clock.Clock
}

// ErrUsage is wrapped by errors that only another command line or file helps
// against.
var ErrUsage = errors.New("")

// usage makes an error one of usage, without another word.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w%w", fmt.Errorf(format, args...), ErrUsage)
}

// Open starts a remote agent. It holds the data directory until it is stopped.
func (r Remote) Open(ctx context.Context) (*Agent, error) {
	transport, err := r.transport()
	if err != nil {
		return nil, err
	}
	files, dir := fsx.OS(), string(r.Config.Data)
	if err := files.MkdirAll(dir); err != nil {
		return nil, usage("making the agent's directory %q: %w: name another with --data", dir, err)
	}
	lock, err := files.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	o, err := r.options(files, transport)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	a, err := New(ctx, o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	a.last = func() error {
		transport.Close()
		return lock.Close()
	}
	return a, nil
}

// transport makes the way to the server, and refuses what cannot be one.
func (r Remote) transport() (*ship.HTTP, error) {
	c := &r.Config
	if c.Server == "" {
		return nil, usage("no server is named: write --server https://patou.example.org, or set PATOU_SERVER")
	}
	token := r.Token
	if token == "" && c.TokenFile != "" {
		text, err := os.ReadFile(string(c.TokenFile))
		if err != nil {
			return nil, usage("reading the token: %w", err)
		}
		if token = strings.TrimSpace(string(text)); token == "" {
			return nil, usage("the file %s holds no token: `patou token create NAME --scope write` on the server prints one", c.TokenFile)
		}
	}
	if strings.ContainsAny(token, " \t\r\n") {
		return nil, usage("the token is more than one word")
	}
	var ca []byte
	if c.CA != "" {
		text, err := os.ReadFile(string(c.CA))
		if err != nil {
			return nil, usage("reading the certificates to trust: %w", err)
		}
		ca = text
	}
	h, err := ship.NewHTTP(ship.HTTPOptions{Server: c.Server, Token: token, CA: ca, Agent: "patou-agent/" + r.Version})
	if err != nil {
		return nil, usage("%w", err)
	}
	return h, nil
}

func (r Remote) options(files fsx.FS, transport Transport) (Options, error) {
	c := &r.Config
	rules := make([]mask.Rule, len(c.Mask))
	for i, m := range c.Mask {
		rules[i] = mask.Rule{Pattern: string(m.Pattern), Replace: m.Replace}
	}
	at := r.Clock
	if at == nil {
		at = clock.Real{}
	}
	masker, err := mask.New(mask.Options{Secrets: bool(c.MaskSecrets), Rules: rules})
	if err != nil {
		return Options{}, usage("mask: %w", err)
	}
	return Options{
		FS: files, Dir: filepath.Join(string(c.Data), "spool"), Spool: int64(c.Spool), Transport: transport,
		Root: c.Root, Name: c.Name, Version: r.Version, Labels: maps.Clone(c.Labels), Budget: float64(c.CPU),
		Watch: Watch{Vitals: bool(c.Vitals), Journal: bool(c.Journal), Tail: TailRules(c.Tail)},
		Clock: at, Telemetry: &telemetry.Set{},
		Log:  slog.New(slog.NewTextHandler(r.Stderr, nil)),
		Mask: masker.Entry,
	}, nil
}
