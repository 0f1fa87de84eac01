// Package state keeps what is small and must not be lost: events, tokens and
// settings, in one SQLite database.
//
// Invariant: a call that returned without error survives a power cut, whole; the
// schema only moves forward, one transaction a migration. It fails with the
// sentinels of event and token and with ErrUnset where a caller may want to tell,
// else with what was attempted and SQLite's own words. FORMAT.md describes the
// file.
package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"patou/internal/clock"
)

// ErrUnset is returned for a setting that was never set.
var ErrUnset = errors.New("it is not set")

// Options are what a Store needs. The zero Options are those of production.
type Options struct {
	// Clock gives the times of creation and use; nil for the machine's.
	Clock clock.Clock
	// Random is where secrets come from; nil for the machine's randomness.
	Random io.Reader
}

// Store is an open database. It is safe for use by several goroutines, and
// other processes may open the same file.
type Store struct {
	// write has one connection, so that writers wait in Go and not in
	// SQLite's busy loop; read has a few, which see the last commit.
	write, read *sql.DB
	clock       clock.Clock
	random      io.Reader
}

// readers is how many queries run at once; each connection has a page cache.
const readers = 4

// Open opens the database in a file, makes it where there is none, and brings
// its schema up to date.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{clock: o.Clock, random: o.Random}
	if s.clock == nil {
		s.clock = clock.Real{}
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	var err error
	if s.write, err = connect(path, "rwc", 1); err == nil {
		err = migrate(ctx, s.write)
	}
	if err == nil {
		s.read, err = connect(path, "rw", readers)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state in %q: %w", path, err), s.Close())
	}
	return s, nil
}

// connect opens a pool. WAL lets readers and the writer go on side by side;
// FULL makes each commit durable; the busy timeout, in ms, is for other
// processes such as `patou token`.
func connect(path, mode string, connections int) (*sql.DB, error) {
	q := url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "cache_size(-2000)"},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Close waits for running calls and closes the file.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// update runs one transaction of the writer.
func (s *Store) update(ctx context.Context, f func(tx *sql.Tx) error) error {
	return transact(ctx, s.write, f)
}

func transact(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Setting is the value that was last set for a key, or ErrUnset.
func (s *Store) Setting(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = ?`, key).Scan(&value)
	return value, told(or(err, ErrUnset), "reading the setting %q", key)
}

// SetSetting sets the value of a key; nil forgets it.
func (s *Store) SetSetting(ctx context.Context, key string, value []byte) error {
	query, args := `INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, []any{key, value}
	if value == nil {
		query, args = `DELETE FROM settings WHERE key = ?`, args[:1]
	}
	_, err := s.write.ExecContext(ctx, query, args...)
	return told(err, "setting %q", key)
}

// or makes SQL's "no rows" a sentinel of ours.
func or(err, none error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return none
	}
	return err
}

// told adds what was attempted to an error.
func told(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
