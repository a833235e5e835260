-- Scenarios: named sets of changes that are laid over the city without touching it. What they name (facilities, services) is
-- not held by foreign keys: a scenario may outlive what it is about, and says so when it is asked for.
CREATE TABLE scenario (
    id          INTEGER PRIMARY KEY,
    version     INTEGER NOT NULL CHECK (version > 0),
    key         TEXT NOT NULL UNIQUE CHECK (length(key) > 0),
    name        TEXT NOT NULL CHECK (length(name) > 0),
    name_en     TEXT,
    description TEXT,
    changes     TEXT NOT NULL CHECK (json_valid(changes)),
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
