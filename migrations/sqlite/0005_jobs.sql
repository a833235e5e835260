-- Analyses that run for a while: what was asked, and the answer, for a day.
CREATE TABLE job (
    id            TEXT PRIMARY KEY CHECK (length(id) > 0),
    state         TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    request       TEXT NOT NULL CHECK (json_valid(request)),
    actor         TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    started_at    TEXT,
    finished_at   TEXT,
    -- The process that works on it says so now and then; when it falls silent, the job has failed.
    alive_at      TEXT NOT NULL,
    world_version TEXT,
    result        TEXT CHECK (result IS NULL OR json_valid(result)),
    error         TEXT
) STRICT;
CREATE INDEX job_by_creation ON job (created_at);
