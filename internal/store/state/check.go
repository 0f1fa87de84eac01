package state

import (
	"context"
	"fmt"

	"patou/internal/fsx"
)

// Check reads the whole database in a file and names what is damaged. It needs
// no server to stand still; it changes nothing but SQLite's own recovery.
func Check(ctx context.Context, path string) []fsx.Damage {
	db, err := connect(path, "rw", 1)
	if err != nil {
		return []fsx.Damage{{File: path, Offset: -1, What: "cannot be opened: " + err.Error()}}
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `PRAGMA integrity_check(20)`)
	if err != nil {
		return []fsx.Damage{{File: path, Offset: -1, What: "cannot be read: " + err.Error()}}
	}
	defer rows.Close()
	var out []fsx.Damage
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return append(out, fsx.Damage{File: path, Offset: -1, What: fmt.Sprintf("cannot be read: %v", err)})
		}
		if what != "ok" {
			out = append(out, fsx.Damage{File: path, Offset: -1, What: what})
		}
	}
	if err := rows.Err(); err != nil {
		out = append(out, fsx.Damage{File: path, Offset: -1, What: "cannot be read on: " + err.Error()})
	}
	return out
}
