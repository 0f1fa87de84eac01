package state

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// migrations are the steps of the schema, in order of name. A step that was
// released is never edited: a later one corrects it.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the steps that a database lacks. SQLite's user_version counts
// those it has and is written in the same transaction as each step.
func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var have int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if have > len(steps) {
		return fmt.Errorf("its schema has version %d and this program knows %d: it was used by a newer patou, start that one", have, len(steps))
	}
	for ; have < len(steps); have++ {
		if err := step(ctx, db, steps[have], have); err != nil {
			return fmt.Errorf("migrating with %s: %w", steps[have], err)
		}
	}
	return nil
}

// step applies one step unless another process was faster.
func step(ctx context.Context, db *sql.DB, name string, from int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	return transact(ctx, db, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil || have > from {
			return err
		}
		_, err := tx.ExecContext(ctx, string(text)+fmt.Sprintf("\nPRAGMA user_version = %d;", from+1))
		return err
	})
}
