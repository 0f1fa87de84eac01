CREATE TABLE hosts (
	id   TEXT PRIMARY KEY,
	node TEXT NOT NULL,               -- its series are under host.<node>.
	data BLOB NOT NULL                -- JSON of the keeper of the herd
) STRICT, WITHOUT ROWID;

-- What a host was from a time on, until its next row.
CREATE TABLE host_moments (
	host   TEXT NOT NULL,
	time   INTEGER NOT NULL,          -- ns since 1970 UTC
	state  TEXT NOT NULL,
	health TEXT NOT NULL,
	grp    TEXT NOT NULL,             -- its group; the word itself is SQL's
	why    TEXT NOT NULL,
	PRIMARY KEY (host, time)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_moments_time ON host_moments (time);

-- Groups that people chose, instead of those found.
CREATE TABLE host_groups (
	host TEXT PRIMARY KEY,
	name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which components spoke from which hosts.
CREATE TABLE places (
	component TEXT NOT NULL,
	host      TEXT NOT NULL,          -- its name, as entries carry it
	last      INTEGER NOT NULL,       -- ns since 1970 UTC
	PRIMARY KEY (component, host)
) STRICT, WITHOUT ROWID;
