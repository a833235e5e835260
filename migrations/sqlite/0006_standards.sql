-- Planning standards that users have added, beside the shipped ones and those of the configuration.
CREATE TABLE standard (
    id           INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL CHECK (version > 0),
    key          TEXT NOT NULL UNIQUE CHECK (length(key) > 0),
    name         TEXT NOT NULL CHECK (length(name) > 0),
    name_en      TEXT NOT NULL,
    source       TEXT NOT NULL,
    note         TEXT,
    requirements TEXT NOT NULL CHECK (json_valid(requirements)),
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL
) STRICT;
