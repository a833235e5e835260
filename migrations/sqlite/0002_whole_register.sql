-- The register whole: what centers and facilities offer, when they are open, how they are used, who may change what.
-- Every row has a version that its changes raise; lists are JSON. Dates are ISO 8601, as exact as they are known; moments are RFC 3339 in UTC.

ALTER TABLE center ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE center ADD COLUMN kind TEXT NOT NULL DEFAULT 'community' CHECK (kind IN ('village', 'community', 'new_employment', 'other'));
ALTER TABLE center ADD COLUMN status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('planned', 'open', 'closed'));
ALTER TABLE center ADD COLUMN position_quality TEXT NOT NULL DEFAULT 'approximate'
    CHECK (position_quality IN ('surveyed', 'geocoded', 'approximate', 'synthetic'));
ALTER TABLE center ADD COLUMN phone TEXT;
ALTER TABLE center ADD COLUMN description TEXT;
ALTER TABLE center ADD COLUMN floor_area_m2 REAL CHECK (floor_area_m2 IS NULL OR floor_area_m2 >= 0);
ALTER TABLE center ADD COLUMN open_share REAL CHECK (open_share IS NULL OR open_share BETWEEN 0 AND 1);
ALTER TABLE center ADD COLUMN residents_served INTEGER CHECK (residents_served IS NULL OR residents_served >= 0);
ALTER TABLE center ADD COLUMN groups_served TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(groups_served));
ALTER TABLE center ADD COLUMN opened_on TEXT;
ALTER TABLE center ADD COLUMN renovated_on TEXT;
ALTER TABLE center ADD COLUMN closed_on TEXT;
ALTER TABLE center ADD COLUMN operating_model TEXT
    CHECK (operating_model IS NULL OR operating_model IN ('government', 'social_organisation', 'enterprise', 'mixed'));
ALTER TABLE center ADD COLUMN operating_note TEXT;
ALTER TABLE center ADD COLUMN partners TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(partners));
ALTER TABLE center ADD COLUMN funding TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(funding));
ALTER TABLE center ADD COLUMN step_free INTEGER CHECK (step_free IS NULL OR step_free IN (0, 1));
ALTER TABLE center ADD COLUMN night_entrance INTEGER CHECK (night_entrance IS NULL OR night_entrance IN (0, 1));
ALTER TABLE center ADD COLUMN access_note TEXT;
ALTER TABLE center ADD COLUMN opening_hours TEXT;

ALTER TABLE facility ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE facility ADD COLUMN kind TEXT;
ALTER TABLE facility ADD COLUMN status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('planned', 'open', 'closed'));
ALTER TABLE facility ADD COLUMN position_quality TEXT NOT NULL DEFAULT 'approximate'
    CHECK (position_quality IN ('surveyed', 'geocoded', 'approximate', 'synthetic'));
ALTER TABLE facility ADD COLUMN phone TEXT;
ALTER TABLE facility ADD COLUMN description TEXT;
ALTER TABLE facility ADD COLUMN division TEXT CHECK (division IS NULL OR length(division) = 12);
ALTER TABLE facility ADD COLUMN floor TEXT;
ALTER TABLE facility ADD COLUMN capacity REAL CHECK (capacity IS NULL OR capacity >= 0);
ALTER TABLE facility ADD COLUMN capacity_unit TEXT;
ALTER TABLE facility ADD COLUMN floor_area_m2 REAL CHECK (floor_area_m2 IS NULL OR floor_area_m2 >= 0);
ALTER TABLE facility ADD COLUMN grounds_area_m2 REAL CHECK (grounds_area_m2 IS NULL OR grounds_area_m2 >= 0);
ALTER TABLE facility ADD COLUMN audiences TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(audiences));
ALTER TABLE facility ADD COLUMN step_free INTEGER CHECK (step_free IS NULL OR step_free IN (0, 1));
ALTER TABLE facility ADD COLUMN access_note TEXT;
ALTER TABLE facility ADD COLUMN opened_on TEXT;
ALTER TABLE facility ADD COLUMN closed_on TEXT;
ALTER TABLE facility ADD COLUMN opening_hours TEXT;

CREATE TABLE service (
    id          INTEGER PRIMARY KEY,
    version     INTEGER NOT NULL CHECK (version > 0),
    key         TEXT NOT NULL UNIQUE CHECK (length(key) > 0),
    name        TEXT NOT NULL CHECK (length(name) > 0),
    name_en     TEXT,
    category    TEXT NOT NULL CHECK (category IN ('community_governance', 'life_services', 'culture_sports',
                    'health_care', 'elderly_care', 'lifelong_education', 'employment')),
    audiences   TEXT NOT NULL CHECK (json_valid(audiences)),
    fee         TEXT CHECK (fee IS NULL OR fee IN ('free', 'low_cost', 'market')),
    appointment INTEGER CHECK (appointment IS NULL OR appointment IN (0, 1)),
    description TEXT,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;

CREATE TABLE offer (
    id            INTEGER PRIMARY KEY,
    version       INTEGER NOT NULL CHECK (version > 0),
    service_id    INTEGER NOT NULL REFERENCES service (id),
    center_id     INTEGER REFERENCES center (id),
    facility_id   INTEGER REFERENCES facility (id),
    opening_hours TEXT,
    item_count    INTEGER CHECK (item_count IS NULL OR item_count >= 0),
    note          TEXT,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL,
    CHECK ((center_id IS NULL) <> (facility_id IS NULL))
) STRICT;

CREATE UNIQUE INDEX offer_by_center ON offer (center_id, service_id) WHERE center_id IS NOT NULL;
CREATE UNIQUE INDEX offer_by_facility ON offer (facility_id, service_id) WHERE facility_id IS NOT NULL;
CREATE INDEX offer_by_service ON offer (service_id);

CREATE TABLE event (
    id           INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL CHECK (version > 0),
    external_id  TEXT NOT NULL UNIQUE CHECK (length(external_id) > 0),
    name         TEXT NOT NULL CHECK (length(name) > 0),
    name_en      TEXT,
    description  TEXT,
    category     TEXT,
    center_id    INTEGER REFERENCES center (id),
    facility_id  INTEGER REFERENCES facility (id),
    starts       TEXT NOT NULL,
    duration_min INTEGER NOT NULL CHECK (duration_min > 0),
    rrule        TEXT,
    dates        TEXT NOT NULL CHECK (json_valid(dates)),
    except_days  TEXT NOT NULL CHECK (json_valid(except_days)),
    audiences    TEXT NOT NULL CHECK (json_valid(audiences)),
    services     TEXT NOT NULL CHECK (json_valid(services)),
    fee          TEXT CHECK (fee IS NULL OR fee IN ('free', 'low_cost', 'market')),
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    CHECK ((center_id IS NULL) <> (facility_id IS NULL))
) STRICT;

CREATE INDEX event_by_center ON event (center_id);
CREATE INDEX event_by_facility ON event (facility_id);

-- hour -1 stands for the whole day, so that the key is whole.
CREATE TABLE visit (
    center_id INTEGER NOT NULL REFERENCES center (id),
    day       TEXT NOT NULL CHECK (length(day) = 10),
    audience  TEXT NOT NULL,
    hour      INTEGER NOT NULL CHECK (hour BETWEEN -1 AND 23),
    count     INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (center_id, day, audience, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE suggestion (
    id          INTEGER PRIMARY KEY,
    version     INTEGER NOT NULL CHECK (version > 0),
    external_id TEXT NOT NULL UNIQUE CHECK (length(external_id) > 0),
    center_id   INTEGER REFERENCES center (id),
    lon         REAL CHECK (lon IS NULL OR lon BETWEEN -180 AND 180),
    lat         REAL CHECK (lat IS NULL OR lat BETWEEN -90 AND 90),
    place       TEXT,
    text        TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
    category    TEXT,
    contact     TEXT,
    status      TEXT NOT NULL CHECK (status IN ('received', 'accepted', 'in_progress', 'done', 'declined')),
    answer      TEXT,
    done_note   TEXT,
    received_at TEXT NOT NULL,
    answered_at TEXT,
    closed_at   TEXT,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    CHECK ((lon IS NULL) = (lat IS NULL)),
    CHECK (center_id IS NOT NULL OR lon IS NOT NULL)
) STRICT;

CREATE INDEX suggestion_by_center ON suggestion (center_id);

CREATE TABLE region (
    id         INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL CHECK (version > 0),
    code       TEXT NOT NULL UNIQUE CHECK (length(code) IN (2, 4, 6, 9, 12) AND code NOT GLOB '*[^0-9]*'),
    name       TEXT NOT NULL CHECK (length(name) > 0),
    name_en    TEXT,
    outline    TEXT CHECK (outline IS NULL OR json_valid(outline)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Tokens are shown once; only their SHA-256 is kept.
CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role       TEXT NOT NULL CHECK (role IN ('reader', 'contributor', 'editor', 'admin')),
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT;

-- Who changed what, and when: written in the transaction of the change itself.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete', 'import', 'restore')),
    kind      TEXT NOT NULL,
    object_id INTEGER,
    key       TEXT NOT NULL,
    before    TEXT CHECK (before IS NULL OR json_valid(before)),
    after     TEXT CHECK (after IS NULL OR json_valid(after))
) STRICT;

CREATE INDEX audit_by_object ON audit (kind, object_id);

-- What creates have been answered before, so that a repeated one does not create again.
CREATE TABLE idempotency (
    actor     TEXT NOT NULL,
    key       TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request   BLOB NOT NULL CHECK (length(request) = 32),
    kind      TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    at        TEXT NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
