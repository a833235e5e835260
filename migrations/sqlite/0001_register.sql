-- The register, first form. Migrations only go forward: a later one adds, and never rewrites this file.

CREATE TABLE center (
    id         INTEGER PRIMARY KEY,
    code       TEXT NOT NULL UNIQUE CHECK (length(code) = 12 AND code NOT GLOB '*[^0-9]*'),
    name       TEXT NOT NULL CHECK (length(name) > 0),
    name_en    TEXT,
    lon        REAL NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat        REAL NOT NULL CHECK (lat BETWEEN -90 AND 90),
    address    TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE facility (
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE CHECK (length(external_id) > 0),
    name        TEXT NOT NULL CHECK (length(name) > 0),
    name_en     TEXT,
    category    TEXT NOT NULL CHECK (category IN ('community_governance', 'life_services', 'culture_sports',
                    'health_care', 'elderly_care', 'lifelong_education', 'employment')),
    lon         REAL NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat         REAL NOT NULL CHECK (lat BETWEEN -90 AND 90),
    address     TEXT,
    center_code TEXT CHECK (center_code IS NULL OR length(center_code) = 12),
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;

-- People by H3 cell and group. All cells of a dataset have one resolution; the importer sees to it.
CREATE TABLE population (
    cell         INTEGER NOT NULL,
    demand_group TEXT NOT NULL DEFAULT 'all',
    people       REAL NOT NULL CHECK (people >= 0),
    PRIMARY KEY (cell, demand_group)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_log (
    id     INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    kind   TEXT NOT NULL,
    source TEXT NOT NULL,
    report TEXT NOT NULL CHECK (json_valid(report))
) STRICT;

-- One row: the version of the register, raised in the transaction of every change.
CREATE TABLE register_version (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;

INSERT INTO register_version (id, version) VALUES (1, 0);
