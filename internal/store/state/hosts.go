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

// SaveHerd keeps changes, all of them or none. What is forgotten goes first: a
// host may have come back since.
func (s *Store) SaveHerd(ctx context.Context, c HerdChanges) error {
	return told(s.update(ctx, func(tx *sql.Tx) error {
		w := &writer{ctx: ctx, tx: tx}
		for _, id := range c.Forgotten {
			for _, query := range []string{`DELETE FROM hosts WHERE id = ?`, `DELETE FROM host_moments WHERE host = ?`, `DELETE FROM host_groups WHERE host = ?`} {
				w.run(query, id)
			}
		}
		for _, k := range c.Hosts {
			w.run(`INSERT INTO hosts (id, node, data) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET node = excluded.node, data = excluded.data`, k.ID, k.Node, k.Data)
		}
		for _, m := range c.Moments {
			w.run(`INSERT OR REPLACE INTO host_moments (host, time, state, health, grp, why) VALUES (?, ?, ?, ?, ?, ?)`, m.Host, m.Time, m.State, m.Health, m.Group, m.Why)
		}
		for _, p := range c.Places {
			w.run(`INSERT INTO places (component, host, last) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)`, p.Component, p.Host, p.Last)
		}
		w.groups(c.Groups)
		for _, e := range c.Events {
			if w.err == nil {
				_, w.err = addEvent(ctx, tx, e.Event, e.Key)
			}
		}
		return w.err
	}), "keeping the herd")
}

// writer runs the statements of one transaction until one fails.
type writer struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (w *writer) run(query string, args ...any) {
	if w.err == nil {
		_, w.err = w.tx.ExecContext(w.ctx, query, args...)
	}
}

func (w *writer) groups(chosen map[string]string) {
	for id, name := range chosen {
		if name == "" {
			w.run(`DELETE FROM host_groups WHERE host = ?`, id)
			continue
		}
		w.run(`INSERT OR REPLACE INTO host_groups (host, name) VALUES (?, ?)`, id, name)
	}
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
