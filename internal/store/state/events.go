package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"patou/internal/event"
)

// AddEvent keeps an event and gives its id. An event with the key of an earlier
// one, "" for none, is that one: its id is given and nothing is added.
func (s *Store) AddEvent(ctx context.Context, e event.Event, key string) (int64, error) {
	var id int64
	err := s.update(ctx, func(tx *sql.Tx) (err error) {
		id, err = addEvent(ctx, tx, e, key)
		return err
	})
	return id, told(err, "adding the event %q", e.What)
}

// addEvent adds an event unless there is one with its key.
func addEvent(ctx context.Context, tx *sql.Tx, e event.Event, key string) (id int64, err error) {
	err = sql.ErrNoRows
	if key != "" {
		err = tx.QueryRowContext(ctx, `SELECT id FROM events WHERE key = ?`, key).Scan(&id)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	return insertEvent(ctx, tx, e, key)
}

func insertEvent(ctx context.Context, tx *sql.Tx, e event.Event, key string) (int64, error) {
	tags, err := json.Marshal(e.Tags)
	if err != nil {
		return 0, err
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO events (time, what, data, tags, key) VALUES (?, ?, ?, ?, ?)`,
		e.Time, e.What, e.Data, string(tags), sql.NullString{String: key, Valid: key != ""})
	if err != nil {
		return 0, err
	}
	id, err := r.LastInsertId()
	if err != nil {
		return 0, err
	}
	for _, tag := range e.Tags {
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO event_tags (tag, event) VALUES (?, ?)`, tag, id); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// Event is the event with an id, or event.ErrUnknown.
func (s *Store) Event(ctx context.Context, id int64) (event.Event, error) {
	e, err := scanEvent(s.read.QueryRowContext(ctx, selectEvent+` WHERE id = ?`, id))
	return e, told(or(err, event.ErrUnknown), "reading the event %d", id)
}

const selectEvent = `SELECT id, time, what, data, tags FROM events`

func scanEvent(row interface{ Scan(...any) error }) (e event.Event, err error) {
	var tags string
	if err := row.Scan(&e.ID, &e.Time, &e.What, &e.Data, &tags); err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(tags), &e.Tags)
}

// Events are those that a query asks for, in order of time and then of id. Where
// there are more than its limit, the newest are given.
func (s *Store) Events(ctx context.Context, q event.Query) ([]event.Event, error) {
	query, args := eventsQuery(q)
	out, err := s.events(ctx, query, args)
	slices.Reverse(out)
	return out, told(err, "looking for events")
}

func (s *Store) events(ctx context.Context, query string, args []any) ([]event.Event, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []event.Event
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// eventsQuery is the query's SQL. How often a distinct tag occurs decides
// between any and all.
func eventsQuery(q event.Query) (string, []any) {
	args := []any{q.From, q.Until}
	query := selectEvent + ` WHERE time >= ? AND time < ?`
	if tags := distinct(q.Tags); len(tags) > 0 {
		query += ` AND id IN (SELECT event FROM event_tags WHERE tag IN (?` + strings.Repeat(`, ?`, len(tags)-1) + `) GROUP BY event HAVING count(*) >= ?)`
		for _, t := range tags {
			args = append(args, t)
		}
		need := len(tags)
		if q.Any {
			need = 1
		}
		args = append(args, need)
	}
	limit := event.MaxResult
	if q.Limit > 0 {
		limit = min(q.Limit, limit)
	}
	return query + ` ORDER BY time DESC, id DESC LIMIT ?`, append(args, limit)
}

// maxQueryTags bounds a query; an event has at most event.MaxTags.
const maxQueryTags = event.MaxTags + 1

func distinct(tags []string) []string {
	out := slices.Compact(slices.Sorted(slices.Values(tags)))
	return out[:min(len(out), maxQueryTags)]
}
