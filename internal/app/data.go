package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"patou/internal/agent/spool"
	"patou/internal/clock"
	"patou/internal/config"
	"patou/internal/fsx"
	"patou/internal/store/logs"
	"patou/internal/store/metrics"
	"patou/internal/store/state"
	"patou/internal/telemetry"
	"patou/internal/token"
	"patou/internal/wal"
)

// The layout of a data directory.
func lockFile(dir string) string   { return filepath.Join(dir, "lock") }
func stateFile(dir string) string  { return filepath.Join(dir, "state.db") }
func walDir(dir string) string     { return filepath.Join(dir, "wal") }
func metricsDir(dir string) string { return filepath.Join(dir, "metrics") }
func logsDir(dir string) string    { return filepath.Join(dir, "logs") }

// metricsOptions translates: the configuration knows no store, and the store
// no configuration.
func metricsOptions(c *config.Config, cl clock.Clock, t *telemetry.Set) metrics.Options {
	schema := make(metrics.Schema, len(c.Metrics.Retention))
	for i, a := range c.Metrics.Retention {
		schema[i] = metrics.Archive{Step: seconds(a.Step), Keep: seconds(a.Keep)}
	}
	return metrics.Options{
		Clock: cl, Telemetry: t, Size: int64(c.Metrics.Size),
		Schemas: func(name string) metrics.Schema {
			if len(name) > 5 && name[:5] == "host." {
				return metrics.DefaultSchema(name)
			}
			return schema
		},
	}
}

func logsOptions(c *config.Config, cl clock.Clock, t *telemetry.Set) logs.Options {
	return logs.Options{Clock: cl, Telemetry: t, Retention: time.Duration(c.Logs.Retention), Size: int64(c.Logs.Size)}
}

func seconds(d config.Duration) int64 { return int64(time.Duration(d) / time.Second) }

// Report is what Fsck found.
type Report struct{ Damage []fsx.Damage }

// Harmful is how many places lost something that was stored.
func (r Report) Harmful() int {
	n := 0
	for _, d := range r.Damage {
		if !d.Harmless {
			n++
		}
	}
	return n
}

// Fsck reads every file of a data directory and names what is not sound. It
// changes nothing; no server may run on the directory.
func Fsck(ctx context.Context, dir string) (Report, error) {
	fs := fsx.OS()
	if _, err := fs.Stat(dir); err != nil {
		return Report{}, fmt.Errorf("checking the data directory: %w", err)
	}
	lock, err := fs.Lock(lockFile(dir))
	if err != nil {
		return Report{}, err
	}
	defer lock.Close()
	var r Report
	r.Damage = checkFiles(fs, dir)
	if _, err := fs.Stat(stateFile(dir)); err == nil {
		r.Damage = append(r.Damage, state.Check(ctx, stateFile(dir))...)
	}
	return r, nil
}

// checkFiles checks the log and the stores' files.
func checkFiles(fs fsx.FS, dir string) []fsx.Damage {
	return slices.Concat(wal.Check(fs, walDir(dir)), metrics.Check(fs, metricsDir(dir)), logs.Check(fs, logsDir(dir)), spool.Check(fs, ownAgentDir(dir)))
}

// withState opens the state of a data directory, beside a server that may run.
func withState(ctx context.Context, dir string, use func(*state.Store) error) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("opening the data directory: %w: name it with --data", err)
	}
	s, err := state.Open(ctx, stateFile(dir), state.Options{})
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}

// CreateToken makes a token and returns its secret, which is not kept.
func CreateToken(ctx context.Context, dir, name string, scopes []token.Scope) (secret string, err error) {
	// The first token is made before the first start: the directory may be new.
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("making the data directory: %w", err)
	}
	err = withState(ctx, dir, func(s *state.Store) error {
		_, secret, err = s.CreateToken(ctx, name, scopes)
		return err
	})
	return secret, err
}

// Tokens are the tokens of a data directory.
func Tokens(ctx context.Context, dir string) (tokens []token.Token, err error) {
	err = withState(ctx, dir, func(s *state.Store) error {
		tokens, err = s.Tokens(ctx)
		return err
	})
	return tokens, err
}

// RevokeToken ends a token.
func RevokeToken(ctx context.Context, dir, name string) error {
	return withState(ctx, dir, func(s *state.Store) error { return s.RevokeToken(ctx, name) })
}

// CheckConfig says what a server would refuse beyond the file's form: listeners
// that are open to others without a lock.
func CheckConfig(ctx context.Context, c *config.Sourced) error {
	tokens := false
	if _, err := os.Stat(stateFile(string(c.Data))); err == nil {
		if err := withState(ctx, string(c.Data), func(s *state.Store) (err error) {
			tokens, err = s.HasTokens(ctx)
			return err
		}); err != nil {
			return err
		}
	}
	return config.CheckListen(&c.Config, tokens)
}

// hasTokens fails towards none, with which listeners stay closed to others.
func (a *App) hasTokens(ctx context.Context) bool {
	has, err := a.state.HasTokens(ctx)
	return err == nil && has
}
