package state

import (
	"context"
	"database/sql"

	"patou/internal/event"
	"patou/internal/host"
)

// HerdChanges is what changed since the last time that the herd was kept.
type HerdChanges struct {
	Hosts     []host.Kept
	Forgotten []string // IDs of hosts
	Moments   []host.Moment
	Places    []host.Place
	// Groups are those that people chose, by the host's ID; "" for no more.
	Groups map[string]string
	Events []event.Keyed
}

// Herd is all that is kept of the herd but its past.
type Herd struct {
	Hosts  []host.Kept
	Places []host.Place
	Groups map[string]string
}

// SaveHerd keeps changes, all of them or none.
func (s *Store) SaveHerd(ctx context.Context, c HerdChanges) error {
	return told(s.update(ctx, func(tx *sql.Tx) error {
		for _, k := range c.Hosts {
			if err := run(ctx, tx, `INSERT INTO hosts (id, node, data) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET node = excluded.node, data = excluded.data`, k.ID, k.Node, k.Data); err != nil {
				return err
			}
		}
		for _, m := range c.Moments {
			if err := run(ctx, tx, `INSERT OR REPLACE INTO host_moments (host, time, state, health, grp, why) VALUES (?, ?, ?, ?, ?, ?)`, m.Host, m.Time, m.State, m.Health, m.Group, m.Why); err != nil {
				return err
			}
		}
		for _, p := range c.Places {
			if err := run(ctx, tx, `INSERT INTO places (component, host, last) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)`, p.Component, p.Host, p.Last); err != nil {
				return err
			}
		}
		for _, e := range c.Events {
			if _, err := addEvent(ctx, tx, e.Event, e.Key); err != nil {
				return err
			}
		}
		return saveChosen(ctx, tx, c)
	}), "keeping the herd")
}

// saveChosen keeps what people said: groups, and which hosts to forget.
func saveChosen(ctx context.Context, tx *sql.Tx, c HerdChanges) error {
	for id, name := range c.Groups {
		query, args := `INSERT OR REPLACE INTO host_groups (host, name) VALUES (?, ?)`, []any{id, name}
		if name == "" {
			query, args = `DELETE FROM host_groups WHERE host = ?`, args[:1]
		}
		if err := run(ctx, tx, query, args...); err != nil {
			return err
		}
	}
	for _, id := range c.Forgotten {
		for _, query := range []string{`DELETE FROM hosts WHERE id = ?`, `DELETE FROM host_moments WHERE host = ?`, `DELETE FROM host_groups WHERE host = ?`} {
			if err := run(ctx, tx, query, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func run(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// LoadHerd is what was kept.
func (s *Store) LoadHerd(ctx context.Context) (Herd, error) {
	h := Herd{Groups: map[string]string{}}
	err := each(ctx, s.read, `SELECT id, node, data FROM hosts ORDER BY id`, nil, func(r *sql.Rows) error {
		var k host.Kept
		err := r.Scan(&k.ID, &k.Node, &k.Data)
		h.Hosts = append(h.Hosts, k)
		return err
	})
	if err == nil {
		err = each(ctx, s.read, `SELECT component, host, last FROM places ORDER BY component, host`, nil, func(r *sql.Rows) error {
			var p host.Place
			err := r.Scan(&p.Component, &p.Host, &p.Last)
			h.Places = append(h.Places, p)
			return err
		})
	}
	if err == nil {
		err = each(ctx, s.read, `SELECT host, name FROM host_groups`, nil, func(r *sql.Rows) error {
			var id, name string
			err := r.Scan(&id, &name)
			h.Groups[id] = name
			return err
		})
	}
	return h, told(err, "reading the herd")
}

// Moments are the changes of hosts in a range of time, half-open, in ns, in
// order of time, each host's led by what it was when the range began.
func (s *Store) Moments(ctx context.Context, from, until int64) ([]host.Moment, error) {
	const columns = `host, state, health, grp, why`
	var out []host.Moment
	err := each(ctx, s.read, `SELECT max(time), `+columns+` FROM host_moments WHERE time < ? GROUP BY host
		UNION ALL SELECT time, `+columns+` FROM host_moments WHERE time >= ? AND time < ? ORDER BY 1, 2`,
		[]any{from, from, until}, func(r *sql.Rows) error {
			var m host.Moment
			err := r.Scan(&m.Time, &m.Host, &m.State, &m.Health, &m.Group, &m.Why)
			out = append(out, m)
			return err
		})
	return out, told(err, "reading what hosts were")
}

// MomentsOf are the last changes of one host, newest first.
func (s *Store) MomentsOf(ctx context.Context, id string, limit int) ([]host.Moment, error) {
	var out []host.Moment
	err := each(ctx, s.read, `SELECT time, host, state, health, grp, why FROM host_moments WHERE host = ? ORDER BY time DESC LIMIT ?`,
		[]any{id, limit}, func(r *sql.Rows) error {
			var m host.Moment
			err := r.Scan(&m.Time, &m.Host, &m.State, &m.Health, &m.Group, &m.Why)
			out = append(out, m)
			return err
		})
	return out, told(err, "reading what a host was")
}

// DropMoments forgets the changes before a time, in ns, but for each host's last.
func (s *Store) DropMoments(ctx context.Context, before int64) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM host_moments WHERE time < ? AND time < (SELECT max(time) FROM host_moments AS m WHERE m.host = host_moments.host AND m.time < ?)`, before, before)
	return told(err, "forgetting what hosts were")
}

// each runs a query and hands over its rows.
func each(ctx context.Context, db *sql.DB, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
