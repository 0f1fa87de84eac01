CREATE TABLE events (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,            -- ns since 1970 UTC
	what TEXT NOT NULL,
	data TEXT NOT NULL,
	tags TEXT NOT NULL,               -- a JSON list, in the sender's order
	key  TEXT UNIQUE                  -- the sender's idempotency key, NULL for none
) STRICT;
CREATE INDEX events_time ON events (time);

-- The tags again, one a row, to find events by them.
CREATE TABLE event_tags (
	tag   TEXT NOT NULL,
	event INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
	PRIMARY KEY (tag, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_tags_event ON event_tags (event);

CREATE TABLE tokens (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	name    TEXT NOT NULL UNIQUE,
	hash    BLOB NOT NULL UNIQUE,     -- SHA-256 of the secret
	scopes  TEXT NOT NULL,            -- separated by spaces
	created INTEGER NOT NULL,         -- ns since 1970 UTC
	used    INTEGER                   -- ns since 1970 UTC, NULL for never
) STRICT;

CREATE TABLE settings (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
